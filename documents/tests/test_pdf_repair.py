"""PDFs that were cut on their way: what is whole of them is read, and the document says so."""

import zlib
from pathlib import Path

import pytest

from documents import reasons
from documents.ingest.frames import Info, PageText, Unreadable, decode, encode
from documents.ingest.readers import pdf, pdf_repair
from documents.models import Document
from documents.tests.pdfs import assemble, encrypted_pdf, make_pdf

PAGES = [f"Halaman {number} tentang fotosintesis." for number in range(1, 6)]
WHOLE = make_pdf(PAGES)


def _read(path: Path, data: bytes) -> tuple[Info, list[str]]:
    path.write_bytes(data)
    frames = list(pdf.read(str(path)))
    infos = [frame for frame in frames if isinstance(frame, Info)]
    assert len(infos) == 1
    return infos[0], [frame.text for frame in frames if isinstance(frame, PageText)]


def test_without_its_end_every_page_is_there(tmp_path: Path) -> None:
    info, pages = _read(tmp_path / "x", WHOLE[: WHOLE.rfind(b"xref\n0")])
    assert (info.repaired, info.page_count, pages) == (True, 5, PAGES)
    assert decode(encode(info)) == info
    assert not _read(tmp_path / "x", WHOLE)[0].repaired


def test_cut_in_the_middle_the_first_pages_are_there(tmp_path: Path) -> None:
    info, pages = _read(tmp_path / "x", WHOLE[: WHOLE.index(b"Halaman 4")])
    assert (info.repaired, pages) == (True, PAGES[:3])


def test_pages_packed_in_an_object_stream(tmp_path: Path) -> None:
    """As LaTeX and Word write them: catalogue and table of objects come last, and are lost."""
    page = "<< /Type /Page /MediaBox [0 0 595 842] /Contents %d 0 R /Resources 3 0 R >>"
    packed = [page % 6, page % 7]
    starts = (0, len(packed[0]) + 1)
    head = f"8 {starts[0]} 9 {starts[1]} "
    stream = zlib.compress((head + "\n".join(packed)).encode()).decode("latin-1")
    objects = ["null", "null", "<< /Font << /F1 5 0 R >> >>", "null"]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number in (1, 2):
        said = f"BT /F1 11 Tf 72 700 Td (Halaman {number} dari dua.) Tj ET"
        objects.append(f"<< /Length {len(said)} >>\nstream\n{said}\nendstream")
    data = assemble(objects)
    data = data[: data.rfind(b"xref\n0")] + (
        f"10 0 obj\n<< /Type /ObjStm /N 2 /First {len(head)} /Filter /FlateDecode "
        f"/Length {len(stream)} >>\nstream\n{stream}\nendstream\nendobj\n11 0 obj\n<< /Type /XR"
    ).encode("latin-1")
    assert _read(tmp_path / "x", data)[1] == ["Halaman 1 dari dua.", "Halaman 2 dari dua."]


def test_pages_stand_as_the_tree_lists_them(tmp_path: Path) -> None:
    kids = b"[5 0 R 7 0 R 9 0 R 11 0 R 13 0 R]"
    turned = b"[13 0 R 11 0 R 9 0 R 7 0 R 5 0 R]"
    kids = WHOLE[WHOLE.index(b"/Kids ") + 6 : WHOLE.index(b" /Count")]
    turned = b"[" + b" ".join(b"%s 0 R" % n for n in reversed(kids[1:-1].split(b" 0 R")) if n)
    data = WHOLE.replace(kids, turned.replace(b"  ", b" ") + b"]")
    assert _read(tmp_path / "x", data[: data.rfind(b"xref\n0")])[1] == PAGES[::-1]


@pytest.mark.parametrize(
    "data",
    [
        WHOLE[:300],
        b"%PDF-1.4\n" + b"1 0 obj\n<< /Type /Page >>\n" * 50,
        b"%PDF-1.7\n1 0 obj\n<< /Type /ObjStm /N 9 /First 90 >>\nstream\n1 0 2",
        b"%PDF-1.4\n1 0 obj\n<< /Type /Pages /Kids [1 0 R] >>\nendobj\n2 0 obj <</Type/Catalog",
        encrypted_pdf("x")[:-400],
    ],
)
def test_what_has_no_page_left_is_damaged(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        _read(tmp_path / "x", data)
    assert refused.value.code in {"damaged", "encrypted"}


def test_numbers_that_lie_take_no_time(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"%PDF-1.4\n" + b"7 0 obj " * 200_000 + b"<< /Type /Page /Kids [7 0 R] >>")
    pdf_repair.rebuilt(str(path))


def test_the_document_says_so() -> None:
    assert "damaged" in reasons.remarks(Document(kind="pdf", page_count=3, is_repaired=True))
    assert reasons.remarks(Document(kind="pdf", page_count=3)) == ""
