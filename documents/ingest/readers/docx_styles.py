"""What a Word file says beside its text: which styles are headings, how lists are numbered."""

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from documents.ingest.readers.packages import Package, attribute, child, local

# Built-in style names, where a program wrote them in the language of its user.
HEADING = re.compile(
    r"(?:heading|head|judul|tajuk|überschrift|titre|título|titulo|titolo|kop|rubrik|overskrift|"
    r"otsikko|nagłówek|nadpis|заголовок|标题|標題|見出し|제목)\s*([1-9])"
)
TITLES = ("title", "judul", "titel", "titre", "título", "titolo", "标题", "表題")
DEEPEST = 9
ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"))
ROMAN += ((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass
class Style:
    parent: str = ""
    level: int | None = None
    list_id: str = ""
    list_level: int | None = None


class Styles:
    """Heading levels by style: 0 for the title, 1 to 9 for headings, None for other text."""

    def __init__(self, package: Package, main: str) -> None:
        self._styles: dict[str, Style] = {}
        self.default = ""
        self.language = ""
        for part in package.related(main, "/styles")[:1]:
            for element in package.tree(part) or ():
                self._learn(element)

    def _learn(self, element: Element) -> None:
        if local(element) == "docDefaults":
            language = child(element, "rPrDefault", "rPr", "lang")
            self.language = (attribute(language, "val") or "") if language is not None else ""
        if local(element) != "style" or attribute(element, "type") not in (None, "paragraph"):
            return
        name = (value(child(element, "name")) or "").lower()
        parent = value(child(element, "basedOn")) or ""
        style = Style(parent, _named_level(name) if name else None)
        properties = child(element, "pPr")
        outline = _number(value(child(properties, "outlineLvl")))
        if outline is not None:
            style.level = outline + 1 if outline < DEEPEST else None
        style.list_id = value(child(properties, "numPr", "numId")) or ""
        style.list_level = _number(value(child(properties, "numPr", "ilvl")))
        id_ = attribute(element, "styleId") or ""
        self._styles[id_] = style
        if attribute(element, "default") in ("1", "true", "on"):
            self.default = id_

    def level(self, style_id: str) -> int | None:
        for style in self._line(style_id):
            if style.level is not None:
                return style.level
        # A file without style definitions still names them.
        return None if style_id in self._styles else _named_level(style_id.lower())

    def numbering(self, style_id: str) -> tuple[str, int]:
        """(list id or "", level) that a style brings along."""
        list_id, level = "", None
        for style in self._line(style_id):
            list_id = list_id or style.list_id
            level = style.list_level if level is None else level
        return list_id, level or 0

    def _line(self, style_id: str) -> list[Style]:
        """A style and those it is based on."""
        line: list[Style] = []
        while (style := self._styles.get(style_id)) is not None and style not in line:
            line.append(style)
            style_id = style.parent
        return line


@dataclass
class Level:
    format: str = "decimal"
    text: str = ""
    start: int = 1


@dataclass
class Numbered:
    levels: dict[int, Level] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """Counts along: `mark` gives what Word would print before a paragraph."""

    def __init__(self, package: Package, main: str) -> None:
        self._abstract: dict[str, Numbered] = {}
        self._lists: dict[str, str] = {}
        self._starts: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        for part in package.related(main, "/numbering")[:1]:
            for element in package.tree(part) or ():
                self._learn(element)

    def _learn(self, element: Element) -> None:
        if local(element) == "abstractNum":
            numbered = Numbered()
            for level in element:
                if local(level) == "lvl":
                    depth = _number(attribute(level, "ilvl")) or 0
                    numbered.levels[depth] = _level(level)
            self._abstract[attribute(element, "abstractNumId") or ""] = numbered
        if local(element) == "num":
            id_ = attribute(element, "numId") or ""
            self._lists[id_] = value(child(element, "abstractNumId")) or ""
            for override in element:
                start = _number(value(child(override, "startOverride")))
                depth = _number(attribute(override, "ilvl"))
                if start is not None and depth is not None:
                    self._starts.setdefault(id_, {})[depth] = start

    def mark(self, list_id: str, depth: int) -> str | None:
        """The mark of the next item, "-" for bullets; None when there is no such list."""
        numbered = self._abstract.get(self._lists.get(list_id, ""))
        if numbered is None or list_id == "0":
            return None
        if list_id not in self._begun:
            # Lists may share their counting; a new one goes on unless it says where it starts.
            self._begun.add(list_id)
            for level, start in self._starts.get(list_id, {}).items():
                numbered.counts[level] = start - 1
        level = numbered.levels.get(depth, Level())
        numbered.counts[depth] = numbered.counts.get(depth, level.start - 1) + 1
        for deeper in [n for n in numbered.counts if n > depth]:
            del numbered.counts[deeper]
        if level.format == "bullet":
            return "-"
        return "" if level.format == "none" else _written(numbered, level.text or f"%{depth + 1}.")


def _level(element: Element) -> Level:
    start = _number(value(child(element, "start")))
    text = value(child(element, "lvlText")) or ""
    return Level(value(child(element, "numFmt")) or "decimal", text, 1 if start is None else start)


def _written(numbered: Numbered, text: str) -> str:
    def number(match: re.Match[str]) -> str:
        depth = int(match.group(1)) - 1
        level = numbered.levels.get(depth, Level())
        return count_as(numbered.counts.get(depth, level.start), level.format)

    return re.sub(r"%([1-9])", number, text).strip()


def count_as(number: int, format_: str) -> str:
    """A number as Word writes it; formats of other scripts become plain digits."""
    if format_ in ("lowerLetter", "upperLetter") and 0 < number < 10_000:
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter.upper() if format_ == "upperLetter" else letter
    if format_ in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        roman = ""
        for worth, sign in ROMAN:
            roman += sign * (number // worth)
            number %= worth
        return roman.upper() if format_ == "upperRoman" else roman
    return f"{number:02d}" if format_ == "decimalZero" else str(number)


def value(element: Element | None) -> str | None:
    """w:val, the attribute nearly everything in a Word file is said by."""
    return attribute(element, "val") if element is not None else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else None


def _named_level(name: str) -> int | None:
    if match := HEADING.fullmatch(name):
        return int(match.group(1))
    return 0 if name in TITLES else None
