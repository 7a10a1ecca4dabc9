"""Which part of a web page is its text: not the menus, the banners and what nobody sees."""

import re
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

# Never text, wherever it stands.
UNSEEN = frozenset(
    "head nav button select input textarea datalist option audio video dialog map frameset "
    "annotation rt rp".split()
)
FRAMES = ("navigation", "banner", "contentinfo", "search", "complementary", "dialog", "menu")
# Words by which pages name the boxes around their text.
AROUND = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|cookies?|footer|masthead|"
    r"advert\w*|ads?|banner|share|social|related|comments?|pagination|skip|toc|popup|newsletter|"
    r"mw-editsection|navbox|noprint)(?:$|[\s_-])",
    re.IGNORECASE,
)
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.I)
# The main part has to hold a fair share of the words, or it is not believed.
LEAST_SHARE = 0.25
MOST_COLUMNS = 200


def is_unseen(element: Element) -> bool:
    """Scripts, forms and hidden elements: a model must not read what no visitor sees."""
    if element.tag in UNSEEN or "hidden" in element.attrib:
        return True
    if element.get("aria-hidden") == "true" and element.tag not in ("math", "span"):
        return True
    return bool(HIDDEN.search(element.get("style", "")))


def main(root: Element) -> Element:
    """The element with the main text, frames around it taken out."""
    whole = _length(root)
    found = [element for element in root.iter() if _is_main(element)]
    articles = list(root.iter("article"))
    for candidates in (found, articles if len(articles) == 1 else []):
        best = max(candidates, key=_length, default=None)
        if best is not None and _length(best) >= LEAST_SHARE * whole:
            return best
    _take_out_frames(root, whole)
    return root


def _is_main(element: Element) -> bool:
    return element.tag == "main" or element.get("role") == "main"


def _take_out_frames(root: Element, whole: int) -> None:
    """Remove what is called a frame, unless most of the page's words stand in it."""
    stack = [root]
    while stack:
        parent = stack.pop()
        for child in list(parent):
            if _is_frame(child) and 2 * _length(child) < whole:
                _remove(parent, child)
            else:
                stack.append(child)


def _is_frame(element: Element) -> bool:
    if element.tag in ("footer", "aside") or element.get("role") in FRAMES:
        return True
    if element.tag == "header":
        return element.find(".//h1") is None
    if element.tag not in ("div", "section", "ul", "ol", "table", "span"):
        return False
    return bool(AROUND.search(element.get("class", "")) or AROUND.search(element.get("id", "")))


def _remove(parent: Element, child: Element) -> None:
    """Without the words that follow it: ElementTree would take them along."""
    place = list(parent).index(child)
    if child.tail:
        if place:
            parent[place - 1].tail = (parent[place - 1].tail or "") + child.tail
        else:
            parent.text = (parent.text or "") + child.tail
    parent.remove(child)


def _length(element: Element) -> int:
    return sum(len(words.strip()) for words in element.itertext())


def is_data(table: Element) -> bool:
    """Whether a table holds data: one that lays out a page has blocks or tables in its cells."""
    if table.get("role") in ("presentation", "none"):
        return False
    layout = ("table", "div", "h1", "h2", "h3", "form")
    inside = sum(1 for element in table.iter() if element.tag in layout) - 1
    cells = sum(1 for element in table.iter() if element.tag in ("td", "th"))
    headed = any(True for _cell in table.iter("th"))
    return headed or inside * 2 < cells


def cells(table: Element, text_of: Callable[[Element], str]) -> list[list[str]]:
    """Rows of texts; a cell over several rows says its text in each."""
    rows: list[list[str]] = []
    below: dict[int, tuple[int, str]] = {}
    for row in _rows(table):
        line: list[str] = []
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            _carry(line, below)
            text = text_of(cell)
            wide = min(_number(cell.get("colspan")), MOST_COLUMNS)
            tall = min(_number(cell.get("rowspan")), 1000)
            if tall > 1:
                below[len(line)] = (tall - 1, text)
            line += [text] + [""] * (wide - 1)
            if len(line) >= MOST_COLUMNS:
                break
        _carry(line, below)
        rows.append(line)
    return rows


def _carry(line: list[str], below: dict[int, tuple[int, str]]) -> None:
    """Cells from the rows above that reach down to this place."""
    carried: dict[int, tuple[int, str]] = {}
    while len(line) in below:
        left, text = below.pop(len(line))
        if left > 1:
            carried[len(line)] = (left - 1, text)
        line.append(text)
    below.update(carried)


def _rows(table: Element) -> Iterator[Element]:
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child if row.tag == "tr")


def _number(text: str | None) -> int:
    return max(1, int(text)) if text and text.isdecimal() and len(text) < 6 else 1
