"""Plain text. It has no pages, so it is cut into pages of about 3000 characters."""

import codecs
import re
from collections.abc import Iterator

from documents.ingest.cleaning import has_words, plain_lines
from documents.ingest.frames import Info, PageText, Unreadable

KIND = "text"
MEDIA_TYPE = "text/plain"
EXTENSION = ".txt"
# As many characters as a document may have, in an encoding of up to four bytes.
LARGEST = 120_000_000
PAGE = 3000
LONGEST_PAGE = 4000
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Text by its bytes, but meant for another program.
OTHER_NAMES = (
    ".eml",
    ".htm",
    ".html",
    ".ipynb",
    ".mht",
    ".mhtml",
    ".ps",
    ".rtf",
    ".svg",
    ".xhtml",
    ".xml",
)
MARKUP = re.compile(rb"\s*<[a-z!?]", re.IGNORECASE)
OTHERS = (b"<!doctype html", b"<html", b"<?xml", b"<svg", b"{\\rtf", b"%!ps", b"%pdf-", b"mime-")
LATIN = ("cp1250", "cp1252", "cp1254", "cp1257", "iso8859", "latin", "mac_", "cp4", "cp8")
CONTROLS = bytes(set(range(32)) - {8, 9, 10, 11, 12, 13, 27}) + b"\x7f"


def sniff(head: bytes, name: str) -> bool:
    """Text of its own kind: not the source of a web page, a mail or a notebook."""
    if name.lower().endswith(OTHER_NAMES) or (MARKUP.match(head) and b"</" in head):
        return False
    return is_text(head)


def is_text(head: bytes) -> bool:
    """No control characters, unless a byte order mark explains them, and no other known format."""
    if any(head.startswith(mark) for mark, _encoding in MARKS):
        return True
    if head.lstrip()[:64].lower().startswith(OTHERS) or b"<html" in head[:1024].lower():
        return False
    return head.translate(None, CONTROLS) == head


def read(path: str, second: bool = False) -> Iterator[Info | PageText]:
    yield from pages(load(path))


def pages(text: str) -> Iterator[Info | PageText]:
    cuts = list(_cuts(text))
    yield Info(len(cuts))
    for number, (start, end) in enumerate(cuts, start=1):
        yield PageText(number, text[start:end].strip("\n"))


def load(path: str) -> str:
    """The whole text, decoded and cleaned; raises Unreadable for what is no text after all."""
    with open(path, "rb") as file:
        raw = file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise Unreadable("too_complex", "more text than is read in one piece")
    text = plain_lines(decode(raw))
    if not text.strip():
        raise Unreadable("empty", "only white space")
    if not has_words(text[:1_000_000]):
        raise Unreadable("no_text", "no letter and no digit")
    return text


def decode(raw: bytes) -> str:
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(_guess(raw), errors="replace")


def _guess(raw: bytes) -> str:
    """An older encoding from a sample; one broken byte in UTF-8 is still UTF-8."""
    import charset_normalizer  # noqa: PLC0415

    sample = raw[:65_536]
    if _mostly_utf8(sample):
        return "utf-8"
    best = charset_normalizer.from_bytes(sample).best()
    encoding = best.encoding if best else "cp1252"
    # Western and Central European tables are told apart by guesswork; ours write the former.
    return "cp1252" if encoding.startswith(LATIN) else encoding


def _mostly_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(char > "\x7f" for char in text) > 3 * broken and broken * 100 < len(text)


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Spans of pages: cut at a form feed's place, else a paragraph, a line, a space, anywhere."""
    start, length = 0, len(text)
    while start < length:
        end = min(start + PAGE, length)
        if end < length:
            end = _boundary(text, end, min(start + LONGEST_PAGE, length))
        if text[start:end].strip():
            yield start, end
        start = end


def _boundary(text: str, low: int, high: int) -> int:
    for mark in ("\n\n", "\n", " "):
        found = text.find(mark, low, high)
        if found >= 0:
            return found + len(mark)
    return low
