"""Small PDFs made in the test: real files, written byte by byte (ISO 32000-1, chapter 7)."""

WIDTH, HEIGHT = 595, 842
MARGIN, LEADING, SIZE = 72, 16, 11


def make_pdf(
    pages: list[str], *, title: str = "", rotate: int = 0, crop: tuple[int, ...] = ()
) -> bytes:
    """A PDF with one page for each text, a line for each of its lines; an empty text: no text.

    Helvetica in WinAnsi: characters outside Latin-1 become "?". The first line's baseline is
    MARGIN below the top, lines begin MARGIN from the left.
    """
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", FONT, f"<< /Title ({title}) >>"]
    kids = []
    for text in pages:
        content = _content(text)
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
        extra = f"/Rotate {rotate} " if rotate else ""
        extra += f"/CropBox [{' '.join(map(str, crop))}] " if crop else ""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] {extra}"
            f"/Contents {len(objects)} 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    return assemble(objects)


FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def _content(text: str) -> str:
    if not text:
        return ""
    lines = [f"({_escape(line)}) Tj T*" for line in text.split("\n")]
    start = f"BT /F1 {SIZE} Tf {LEADING} TL {MARGIN} {HEIGHT - MARGIN} Td"
    return "\n".join([start, *lines, "ET"])


def _escape(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def assemble(objects: list[str], trailer: str = "/Root 1 0 R /Info 4 0 R") -> bytes:
    """A file of numbered objects (the first is 1) with its cross-reference table."""
    out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1", "replace")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    size = len(objects) + 1
    return out + f"trailer\n<< /Size {size} {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()


def encrypted_pdf(password: str) -> bytes:
    """A page that opens with `password` only, or for everybody when it is empty."""
    import io

    import pypdf

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(make_pdf(["A secret sentence for you."])))
    writer.encrypt(password, "owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


Placed = tuple[float, float, float, str]


def placed_pdf(
    pages: list[list[Placed]],
    *,
    bold: set[str] = frozenset(),  # type: ignore[assignment]
    extra: str = "",
    catalog: str = "",
    more: list[str] | None = None,
) -> bytes:
    """Pages of (x, y from the top, size, text) in Helvetica; what is in `bold` in its bold.

    `extra` goes into each page's dictionary, `catalog` into the catalogue, `more` are objects
    from number 6 + 2 * pages on.
    """
    count = len(pages)
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(count))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        FONT,
        "<< /Producer (test) >>",
        FONT.replace("Helvetica", "Helvetica-Bold"),
    ]
    for number, texts in enumerate(pages):
        content = "\n".join(
            f"BT /F{2 if text in bold else 1} {size} Tf 1 0 0 1 {x} {HEIGHT - y} Tm "
            f"({_escape(text)}) Tj ET"
            for x, y, size, text in texts
        )
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] {extra} "
            f"/Contents {7 + 2 * number} 0 R /Resources << /Font << /F1 3 0 R /F2 5 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    return assemble([*objects, *(more or [])])
