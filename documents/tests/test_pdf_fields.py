"""What is typed onto a page of a PDF is read where it stands; what nobody sees is not."""

from pathlib import Path

from documents.ingest.frames import PageText
from documents.ingest.readers import pdf
from documents.queries import rectangles
from documents.tests.pdfs import HEIGHT, placed_pdf


def typed(kind: str, text: str, flags: int, at: int, top: int) -> tuple[str, str]:
    """(the annotation, its appearance, which is the object after it)."""
    drawn = f"BT /F1 11 Tf 2 4 Td ({text}) Tj ET"
    y = HEIGHT - top
    shown = f"/AP << /N {at + 1} 0 R >>" if kind != "Text" else ""
    field = "/FT /Tx /T (name) " if kind == "Widget" else ""
    return (
        f"<< /Type /Annot /Subtype /{kind} {field}/Contents ({text}) /F {flags} "
        f"/Rect [200 {y - 4} 400 {y + 16}] {shown} >>",
        "<< /Type /XObject /Subtype /Form /BBox [0 0 200 20] "
        "/Resources << /Font << /F1 3 0 R >> >> "
        f"/Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
    )


def test_fields_and_free_text_are_words_of_the_page(tmp_path: Path) -> None:
    rows = [
        ("Widget", "Budi Santoso", 4, 100),
        ("FreeText", "Revisi kedua", 4, 160),
        ("Widget", "tersembunyi", 2, 220),
        ("Widget", "hanya di kertas", 4 + 32, 260),
        ("Text", "komentar", 4, 300),
    ]
    objects: list[str] = []
    for kind, text, flags, top in rows:
        objects += typed(kind, text, flags, 8 + len(objects), top)
    places = " ".join(f"{8 + 2 * number} 0 R" for number in range(len(rows)))
    path = tmp_path / "form.pdf"
    path.write_bytes(
        placed_pdf([[(72, 100, 11, "Nama:")]], extra=f"/Annots [{places}]", more=objects)
    )
    (page,) = [frame for frame in pdf.read(str(path)) if isinstance(frame, PageText)]
    assert page.text.split("\n") == ["Nama: Budi Santoso", "Revisi kedua"]
    begin = page.text.index("Budi")
    ((x0, y0, x1, y1),) = rectangles(page.boxes, begin, begin + len("Budi Santoso"))
    assert 0.33 < x0 < 0.36 and x1 < 0.5 and 0.1 < y0 < y1 < 0.13
