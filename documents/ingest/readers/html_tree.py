"""HTML to a tree, as forgiving as browsers are about what was left open, and never deep."""

from html.parser import HTMLParser
from xml.etree.ElementTree import Element

from documents.ingest.frames import Unreadable

VOID = frozenset(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source "
    "track wbr".split()
)
# What a start tag ends by itself, up to the element that holds both (HTML 13.1.2.4).
PARAGRAPH_ENDS = frozenset(
    "address article aside blockquote center details dialog dir div dl fieldset figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr main menu nav ol p pre section table ul".split()
)
CLOSES = {
    "li": ({"li"}, {"ul", "ol", "menu"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "tr": ({"tr", "td", "th"}, {"table"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
    "option": ({"option"}, {"select"}),
}
SECTIONS = ({"tr", "td", "th", "thead", "tbody", "tfoot"}, {"table"})
# Deeper elements are put beside each other: nothing that is read is nested so deeply.
DEEPEST = 150
MOST_ELEMENTS = 3_000_000
SILENT = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "object", "canvas"})


def parse(text: str) -> Element:
    """The root of the tree; attributes keep their names in lower case."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    return builder.root


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("html")
        self._open = [self.root]
        self._count = 0
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silent:
            return
        if tag in ("html", "body"):
            for name, value in attrs:
                self.root.attrib.setdefault(name, value or "")
            return
        if tag in SILENT:
            self._silent = tag
            return
        self._make_room(tag)
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise Unreadable("too_complex", "too many elements")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].append(element)
        if tag not in VOID and len(self._open) < DEEPEST:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in SILENT:
            self.handle_starttag(tag, attrs)
            if tag not in VOID:
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            self._silent = "" if tag == self._silent else self._silent
            return
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return
            # A stray end tag in a cell does not end the table around it.
            if self._open[place].tag in ("td", "th") and tag not in SECTIONS[0] | {"table"}:
                return

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        parent = self._open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + data
        else:
            parent.text = (parent.text or "") + data

    def _make_room(self, tag: str) -> None:
        if tag in PARAGRAPH_ENDS:
            self._close({"p"}, {"td", "th", "li", "div", "table"})
        ends, holders = CLOSES.get(tag, (set(), set()))
        if tag in ("thead", "tbody", "tfoot"):
            ends, holders = SECTIONS
        if ends:
            self._close(ends, holders)

    def _close(self, ends: set[str], holders: set[str]) -> None:
        """End the outermost open element of `ends` that stands inside the nearest of `holders`."""
        found = 0
        for place in range(len(self._open) - 1, 0, -1):
            tag = self._open[place].tag
            if tag in ends:
                found = place
            elif tag in holders:
                break
        if found:
            del self._open[found:]
