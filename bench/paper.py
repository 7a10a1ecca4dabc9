"""A PDF of plain text for measurements, so that they need no file from anywhere."""

WORDS = (
    "light leaf water enzyme energy carbon membrane gradient proton electron cycle sugar root "
    "stem signal hormone growth season forest rain soil nitrogen oxygen sample method result "
    "theory measure student teacher question answer island manuscript palm script reader page"
).split()
LINES = 40  # of a page
WORDS_A_LINE = 12


def make_pdf(pages: int) -> bytes:
    """A valid PDF 1.4 whose text differs from page to page; about 480 words a page."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(pages))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for page in range(pages):
        content = _content(page)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            b"/Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * page)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    return _file(objects)


def _content(page: int) -> bytes:
    lines = [f"Chapter {page + 1}. The number of this page is {1000 + page}."]
    for line in range(LINES):
        start = page * 31 + line * 7
        words = [WORDS[(start + n * (page + 3)) % len(WORDS)] for n in range(WORDS_A_LINE)]
        lines.append(" ".join(words).capitalize() + ".")
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    return f"BT /F1 10 Tf 50 790 Td 18 TL {shown} ET".encode()


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    begin = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        begin,
    )
    return bytes(out)
