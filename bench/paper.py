"""A PDF of plain text for measurements, so that they need no file from anywhere."""

import random
import re
import textwrap
from pydoc_data.topics import topics

WORDS = (
    "light leaf water enzyme energy carbon membrane gradient proton electron cycle sugar root "
    "stem signal hormone growth season forest rain soil nitrogen oxygen sample method result "
    "theory measure student teacher question answer island manuscript palm script reader page"
).split()
LINES = 40  # of a page
WORDS_A_LINE = 12


def make_pdf(pages: int) -> bytes:
    """A valid PDF 1.4 whose text differs from page to page; about 480 words a page."""
    return _document([_content(page) for page in range(pages)])


def _document(contents: list[bytes]) -> bytes:
    """A PDF of these pages."""
    pages = len(contents)
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * page} 0 R" for page in range(pages))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for page, content in enumerate(contents):
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


def make_book(pages: int) -> bytes:
    """As `make_pdf`, but like a book: about 2,000 characters a page in paragraphs under headings,
    real words as often as in prose, so that they make as many tokens; no sentence twice."""
    chance = random.Random(pages)
    words = re.findall(r"\b[a-z]+\b", " ".join(topics.values()))
    return _document([_prose(chance, words, page) for page in range(pages)])


def _prose(chance: random.Random, words: list[str], page: int) -> bytes:
    lines = [f"{page // 12 + 1}.{page % 12 + 1} {' '.join(chance.sample(WORDS, 3)).title()}"]
    room = 2000
    while room > 0:
        paragraph = ""
        for _ in range(chance.randint(3, 6)):
            sentence = " ".join(chance.choices(words, k=chance.randint(8, 22)))
            paragraph += sentence.capitalize() + ". "
        lines += textwrap.wrap(paragraph, 90)
        room -= len(paragraph)
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    return f"BT /F1 10 Tf 50 790 Td 18 TL {shown} ET".encode()
