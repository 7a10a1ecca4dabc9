"""Web pages from disk: the main text with its headings, lists and tables."""

import io
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from documents.ingest.cleaning import has_words, plain, raised
from documents.ingest.frames import Info, PageText, Unreadable
from documents.ingest.readers import encodings, html_main, html_math, inline, text
from documents.ingest.readers.blocks import Pages
from documents.ingest.readers.html_tree import parse

KIND = "html"
MEDIA_TYPE = "text/html"
EXTENSION = ".html"
NAMES = (".html", ".htm", ".xhtml", ".xht")
LARGEST = 40_000_000
# As much as tells the encoding; a page is read in pieces.
HEAD = 1_000_000
PIECE = 256 * 1024
LONGEST_NAME = 300
START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body|title|"
    rb"meta|h[1-6]|div|p|table|article|section|main|center|font|ul|ol|dl|span|a)[\s>/]",
    re.IGNORECASE | re.DOTALL,
)
CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w:.-]{1,40})""", re.IGNORECASE)
XML_CHARSET = re.compile(rb"""^\s*<\?xml[^>]{0,100}encoding\s*=\s*["']([\w:.-]{1,40})""")
BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption "
    "figure footer form header hr html legend li main menu nav ol p pre section summary table "
    "tbody td tfoot th thead tr ul caption h1 h2 h3 h4 h5 h6".split()
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLANK = re.compile(r"[ \t\r\n\f]+")


def sniff(head: bytes, name: str) -> bool:
    """It begins as a page or a part of one does; the name decides for what could be text too."""
    wide = encodings.of(head)
    if wide.startswith(("utf-16", "utf-32")):
        head = head.decode(wide, errors="ignore").encode()
    if b"\0" in head:
        return False
    page, picture = text.HTML.search(head[:1024]), head[:200].lower().find(b"<svg")
    if page and (picture < 0 or page.start() < picture):
        return True
    if picture >= 0:
        return False
    named = name.lower().endswith(NAMES)
    return b"</" in head if not named and START.match(head) else named and b"<" in head


def read(path: str, second: bool = False) -> Iterator[Info | PageText]:
    with open(path, "rb") as file:
        head = file.read(HEAD)
        file.seek(0)
        text = io.TextIOWrapper(file, _encoding(head), errors="replace", newline="")
        yield from read_page("".join(_limited(inline.without(iter(lambda: text.read(PIECE), "")))))


def _limited(pieces: Iterator[str]) -> Iterator[str]:
    """Without its pictures, a page may be as long as is parsed in one piece."""
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > LARGEST:
            raise Unreadable("too_complex", "more HTML than is read in one piece")
        yield piece


def decode(raw: bytes, declared: str = "") -> str:
    """By the mark, else what the transport or the page declares, if that is true."""
    return raw.decode(_encoding(raw[:HEAD], declared), errors="replace")


def _encoding(head: bytes, declared: str = "") -> str:
    found = XML_CHARSET.search(head[:1024]) or CHARSET.search(head[:4096])
    label = declared or (found.group(1).decode("ascii") if found else "")
    return encodings.of(head, label)


def read_page(source: str) -> Iterator[Info | PageText]:
    """Info and pages of the source of a web page."""
    root = parse(source)
    title = _title(root)
    html_math.write_out(root)
    pages = Pages()
    _Flow(pages).walk(html_main.main(root))
    found = list(pages.pages())
    if not any(has_words(page.text) for page in found):
        raise Unreadable("no_text", "no words outside navigation and scripts")
    language = root.get("lang") or root.get("xml:lang") or ""
    author = _meta(root, "author")
    about = _meta(root, "description")
    yield Info(len(found), title, author, language, unit="part", description=about)
    yield from found


def _title(root: Element) -> str:
    element = root.find(".//title")
    words = "".join(element.itertext()) if element is not None else ""
    return plain(" ".join(words.split()))[:LONGEST_NAME]


def _meta(root: Element, name: str) -> str:
    for element in root.iter("meta"):
        if element.get("name", "").lower() == name:
            return plain(" ".join(element.get("content", "").split()))[:LONGEST_NAME]
    return ""


class _Flow:
    """Walks the tree in order; words outside any block gather until the next block begins."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self._line: list[str] = []
        self._depth = 0
        self._counts: list[int] = []
        self._mark: str | None = None

    def walk(self, element: Element) -> None:
        self._children(element)
        self._flush()

    def _children(self, element: Element) -> None:
        self._words(element.text)
        for child in element:
            if not html_main.is_unseen(child):
                self._element(child)
            self._words(child.tail)

    def _element(self, element: Element) -> None:
        tag = element.tag
        if tag in BLOCKS:
            self._flush()
        if tag in HEADINGS:
            self.pages.heading(HEADINGS[tag], _text(element))
        elif tag == "table" and html_main.is_data(element):
            self._table(element)
        elif tag == "pre":
            self.pages.code("".join(_raw(element)))
        elif tag in ("ul", "ol", "menu"):
            self._list(element)
        elif tag == "li":
            self._mark = self._next_mark(element)
            self._children(element)
        elif tag == "br":
            self._line.append("\n")
        elif tag == "sup":
            self._words(raised("".join(_raw(element))))
        else:
            self._children(element)
        if tag in BLOCKS:
            self._flush()

    def _list(self, element: Element) -> None:
        start = element.get("start", "1")
        count = int(start) - 1 if start.isdecimal() and len(start) < 7 else 0
        self._counts.append(count if element.tag == "ol" else -1)
        self._depth += 1
        self._children(element)
        self._flush()
        self._depth -= 1
        self._counts.pop()

    def _next_mark(self, element: Element) -> str:
        if not self._counts or self._counts[-1] < 0:
            return "-"
        value = element.get("value", "")
        if value.isdecimal() and len(value) < 7:
            self._counts[-1] = int(value) - 1
        self._counts[-1] += 1
        return f"{self._counts[-1]}."

    def _table(self, table: Element) -> None:
        caption = table.find("caption")
        if caption is not None:
            self.pages.paragraph(_text(caption))
        self.pages.table(html_main.cells(table, _text))

    def _words(self, words: str | None) -> None:
        if words:
            self._line.append(BLANK.sub(" ", words))

    def _flush(self) -> None:
        text, self._line = "".join(self._line), []
        if not text.strip():
            return
        if self._mark is None:
            self.pages.paragraph(text)
        else:
            self.pages.item(max(0, self._depth - 1), self._mark, text)
            self._mark = None


def _text(element: Element) -> str:
    return BLANK.sub(" ", "".join(_raw(element))).strip()


def _raw(element: Element) -> Iterator[str]:
    """All words inside, blanks between what stands in blocks of their own."""
    yield element.text or ""
    for child in element:
        if not html_main.is_unseen(child):
            apart = " " if child.tag in BLOCKS else "\n" if child.tag == "br" else ""
            yield apart
            yield from (raised("".join(_raw(child))),) if child.tag == "sup" else _raw(child)
            yield apart if apart == " " else ""
        yield child.tail or ""
