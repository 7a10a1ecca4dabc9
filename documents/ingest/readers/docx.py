"""Word files (DOCX, ECMA-376 part 1): headings, lists, tables, notes, and pages where they stand.

Headers and footers are left out, as are comments, deleted and hidden text. Pages are those Word
noted when it last laid the text out; a file without such notes is cut into parts.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from documents.ingest.cleaning import plain
from documents.ingest.frames import Info, PageText
from documents.ingest.readers import packages
from documents.ingest.readers.blocks import Pages
from documents.ingest.readers.docx_styles import Numbering, Styles, value
from documents.ingest.readers.docx_text import OFF, PAGE, RENDERED, Words, is_bold
from documents.ingest.readers.packages import Package, attribute, child, local

KIND = "docx"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXTENSION = ".docx"
FOLDER = "word/"
MAIN = "word/document.xml"
BREAKS = re.compile(f"([{PAGE}{RENDERED}])")
# A short line in bold that is no sentence is a heading of the lowest level.
BOLD_LEVEL, LONGEST_BOLD = 9, 100
LONGEST_NAME = 300


def read(path: str, second: bool = False) -> Iterator[Info | PageText]:
    with packages.opened(path) as package:
        main = package.main(MAIN)
        rendered = any(local(e) == "lastRenderedPageBreak" for e in _all(package, main))
        body = Body(package, main, Pages(cut=not rendered))
        body.read()
        about = packages.about(package)
        yield Info(
            body.pages.count(),
            plain(about.get("title", ""))[:LONGEST_NAME],
            plain(about.get("creator", ""))[:LONGEST_NAME],
            about.get("language", "") or body.styles.language,
            unit="page" if rendered else "part",
        )
        yield from body.pages.pages()


def _all(package: Package, part: str) -> Iterator[Element]:
    """Every element once, none of them kept."""
    stack: list[Element] = []
    for event, element in package.events(part):
        if event == "start":
            stack.append(element)
        else:
            yield stack.pop()
            element.clear()
            if stack:
                stack[-1].clear()


class Body:
    def __init__(self, package: Package, main: str, pages: Pages) -> None:
        self.package, self.main, self.pages = package, main, pages
        self.styles = Styles(package, main)
        self.numbering = Numbering(package, main)
        self._words = Words()
        self._noted: dict[str, dict[str, str]] = {}

    def read(self) -> None:
        """Block after block, each forgotten when it is done."""
        path: list[Element] = []
        for event, element in self.package.events(self.main):
            if event == "start":
                path.append(element)
                continue
            path.pop()
            if len(path) == 2 and local(path[-1]) == "body":
                self._block(element)
                path[-1].clear()

    def _block(self, element: Element) -> None:
        name = local(element)
        if name == "p":
            self._paragraph(element)
        elif name == "tbl":
            self._table(element)
        elif name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "txbxContent"):
            for inner in element:
                self._block(inner)
        elif name == "AlternateContent":
            for inner in child(element, "Choice") or ():
                self._block(inner)

    def _paragraph(self, element: Element) -> None:
        properties = child(element, "pPr")
        if _is_on(child(properties, "pageBreakBefore")) and not self.pages.is_empty:
            self.pages.next_page()
        text = self._words.of(element)
        notes, self._words.notes = self._words.notes, []
        boxes, self._words.boxes = self._words.boxes, []
        style = value(child(properties, "pStyle")) or self.styles.default
        mark, depth = self._mark(properties, style, text)
        level = self._level(properties, style)
        if level is None and not mark and self._is_bold_line(element, text):
            level = BOLD_LEVEL
        for part in BREAKS.split(text):
            if part == PAGE or (part == RENDERED and not self.pages.is_empty):
                self.pages.next_page()
            elif part not in ("", RENDERED):
                self._write(part, level, mark, depth)
                mark = mark and ""
        for sign, kind, id_ in notes:
            self.pages.paragraph(f"{sign} {self._note(kind, id_)}")
        for box in boxes:
            self._block(box)

    def _write(self, text: str, level: int | None, mark: str | None, depth: int) -> None:
        if level is not None:
            self.pages.heading(level, f"{mark or ''} {text}")
        elif mark:
            self.pages.item(depth, mark, text)
        else:
            self.pages.paragraph(text)

    def _mark(self, properties: Element | None, style: str, text: str) -> tuple[str | None, int]:
        """(mark, depth) of a list's item; an empty paragraph does not count."""
        list_id, depth = self.styles.numbering(style)
        own = child(properties, "numPr")
        if own is not None:
            list_id = value(child(own, "numId")) or list_id
            given = value(child(own, "ilvl")) or ""
            depth = int(given) if given.isdigit() and len(given) < 3 else depth
        if not list_id or not text.strip():
            return None, 0
        return self.numbering.mark(list_id, depth), depth

    def _level(self, properties: Element | None, style: str) -> int | None:
        given = value(child(properties, "outlineLvl")) or ""
        if given.isdigit():
            return int(given) + 1 if int(given[:3]) < 9 else None
        return self.styles.level(style)

    def _is_bold_line(self, element: Element, text: str) -> bool:
        line = text.strip()
        short = 3 < len(line) <= LONGEST_BOLD and "\n" not in line
        return short and line[-1] not in ".,;:!?" and is_bold(element)

    def _table(self, element: Element) -> None:
        """A table, torn only where a page ended between its rows."""
        rows: list[list[str]] = []
        above: list[str] = []
        for row in _rows(element):
            cells, breaks = self._cells(row, above)
            if breaks and not self.pages.cut:
                self._rows(rows)
                rows = rows[:1] if rows else []
                self.pages.next_page()
            rows.append(cells)
            above = cells
        self._rows(rows)

    def _rows(self, rows: list[list[str]]) -> None:
        self.pages.table(rows)
        notes, self._words.notes = self._words.notes, []
        for sign, kind, id_ in notes:
            self.pages.paragraph(f"{sign} {self._note(kind, id_)}")
        boxes, self._words.boxes = self._words.boxes, []
        for box in boxes:
            self._block(box)

    def _cells(self, row: Element, above: list[str]) -> tuple[list[str], bool]:
        """(texts, whether a page ended in them); merged cells say their text in each row."""
        cells: list[str] = []
        breaks = False
        for cell in _inside(row, "tc"):
            properties = child(cell, "tcPr")
            merged = child(properties, "vMerge")
            text = self._cell(cell)
            breaks = breaks or RENDERED in text
            if merged is not None and value(merged) != "restart" and len(cells) < len(above):
                text = above[len(cells)]
            cells.append(BREAKS.sub(" ", text).strip())
            span = value(child(properties, "gridSpan")) or "1"
            wide = min(int(span), 100) if span.isdigit() and len(span) < 5 else 1
            cells += [""] * (wide - 1)
        return cells, breaks

    def _cell(self, cell: Element) -> str:
        """Paragraphs of a cell, and of tables in it, in one line."""
        parts = []
        for inner in cell:
            if local(inner) == "tbl":
                inside = (self._cells(row, [])[0] for row in _rows(inner))
                parts += [", ".join(filter(None, cells)) for cells in inside]
            elif local(inner) == "p":
                parts.append(self._words.of(inner))
            elif local(inner) in ("sdt", "sdtContent", "customXml", "ins", "moveTo"):
                parts.append(self._cell(inner))
        return " ".join(filter(None, parts))

    def _note(self, kind: str, id_: str) -> str:
        """The text of a footnote or endnote."""
        if kind not in self._noted:
            self._noted[kind] = {}
            for part in self.package.related(self.main, f"/{kind}s")[:1]:
                for note in self.package.tree(part) or ():
                    words = Words()
                    text = " ".join(words.of(p) for p in note if local(p) == "p")
                    self._noted[kind][attribute(note, "id") or ""] = BREAKS.sub("", text)
        return self._noted[kind].get(id_, "").strip()


def _rows(table: Element) -> Iterator[Element]:
    for row in _inside(table, "tr"):
        if child(row, "trPr", "del") is None:
            yield row


def _inside(element: Element, name: str) -> Iterator[Element]:
    """Children of that name, also in content controls and tracked insertions."""
    for inner in element:
        if local(inner) == name:
            yield inner
        elif local(inner) in ("sdt", "sdtContent", "customXml", "ins"):
            yield from _inside(inner, name)


def _is_on(element: Element | None) -> bool:
    return element is not None and value(element) not in OFF
