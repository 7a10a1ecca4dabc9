"""Headings, paragraphs, list items and tables, put together to pages with their structure.

Readers of formats that know their structure (DOCX, PPTX, HTML) write into a Pages; it cuts pages
where it is told to, or where one has become long.
"""

from collections.abc import Iterator, Sequence

from documents.ingest.cleaning import has_words, plain_lines
from documents.ingest.frames import MOST_CHARACTERS, MOST_PAGES, PageText, Unreadable
from documents.ingest.headings import LONGEST, joined

# A page of a format without pages: about as long as a printed one.
PAGE = 3000
LONGEST_HEADER = 200


class Pages:
    """Collects blocks; `pages()` gives what was collected. Raises Unreadable when it is too much.

    `cut` is False where the file itself tells its pages.
    """

    def __init__(self, cut: bool = True) -> None:
        self.cut = cut
        self._done: list[PageText] = []
        self._path: dict[int, str] = {}
        self._characters = 0
        self._open()

    def heading(self, level: int, text: str) -> None:
        """A heading closes those of its level and below; 0 is the title of the whole."""
        text = " ".join(plain_lines(text).split())
        if not has_words(text):
            return
        if self.cut and self._length > PAGE:
            self.next_page()
        self._path = {n: name for n, name in self._path.items() if n < level}
        self._path[level] = text[:LONGEST]
        if self._length:
            self._headings.append((self._length + 2, joined(self._path)))
        else:
            self._headings[0] = (0, joined(self._path))
        self._add(text)

    def paragraph(self, text: str) -> None:
        text = "\n".join(filter(None, map(_line, plain_lines(text).split("\n"))))
        if text:
            self._fit(text)
            self._add(text)

    def code(self, text: str) -> None:
        """Text whose blanks mean something."""
        text = plain_lines(text).strip("\n").rstrip()
        if text.strip():
            self._fit(text)
            self._add(text)

    def item(self, depth: int, mark: str, text: str) -> None:
        """An item of a list; `mark` is what stands before it ("-", "2.", "b)")."""
        text = " ".join(plain_lines(text).split())
        if not text:
            return
        line = f"{'  ' * min(depth, 8)}{mark} {text}".rstrip()
        self._fit(line)
        self._add(line, gap="\n" if self._in_list else "\n\n")
        self._in_list = True

    def table(self, rows: Sequence[Sequence[str]], header: bool = True) -> None:
        """Rows of cells; the first names the columns where `header` says so."""
        cells = [[" ".join(plain_lines(cell).split()) for cell in row] for row in rows]
        cells = _without_empty(cells)
        if not cells:
            return
        if len(cells[0]) == 1:
            for (cell,) in cells:
                self.paragraph(cell)
            return
        lines = [f"| {' | '.join(row)} |" for row in cells]
        names = " | ".join(filter(None, cells[0])) if header and len(lines) > 1 else ""
        while lines:
            self._table_page(lines, names[:LONGEST_HEADER])

    def _table_page(self, lines: list[str], names: str) -> None:
        """As many rows as a page takes; a table that fits is not torn."""
        if self.cut and self._length and self._length + sum(map(len, lines)) > PAGE:
            self.next_page()
        count, length = 0, 0
        while count < len(lines) and (not count or not self.cut or length <= PAGE):
            length += len(lines[count]) + 1
            count += 1
        text = "\n".join(lines[:count])
        del lines[:count]
        self._add(text)
        self._blocks.append((self._length - len(text), self._length, names))

    def next_page(self) -> None:
        """Empty pages count too: what follows keeps its number."""
        number = len(self._done) + 1
        if number > MOST_PAGES:
            raise Unreadable("too_complex", "too many pages")
        text = "".join(self._parts)
        page = PageText(number, text, headings=tuple(self._headings), blocks=tuple(self._blocks))
        self._done.append(page)
        self._open()

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands on the page that is being filled."""
        return not self._parts

    def pages(self) -> Iterator[PageText]:
        """All pages; to be asked once, at the end."""
        if self._parts or not self._done:
            self.next_page()
        yield from self._done

    def count(self) -> int:
        return len(self._done) + (1 if self._parts or not self._done else 0)

    def _open(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._headings: list[tuple[int, str]] = [(0, joined(self._path))]
        self._blocks: list[tuple[int, int, str]] = []
        self._in_list = False

    def _fit(self, text: str) -> None:
        if self.cut and self._length and self._length + len(text) > PAGE:
            self.next_page()

    def _add(self, text: str, gap: str = "\n\n") -> None:
        self._characters += len(text) + 2
        if self._characters > MOST_CHARACTERS:
            raise Unreadable("too_complex", "too many characters")
        if self._parts:
            self._parts.append(gap)
            self._length += len(gap)
        self._parts.append(text)
        self._length += len(text)
        self._in_list = False


def _line(line: str) -> str:
    return " ".join(line.split())


def _without_empty(rows: list[list[str]]) -> list[list[str]]:
    """Rows of one width, without those and without the columns in which nothing stands."""
    rows = [row for row in rows if any(row)]
    width = max(map(len, rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    used = [n for n in range(width) if any(row[n] for row in rows)]
    return [[row[n] for n in used] for row in rows]
