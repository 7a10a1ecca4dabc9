"""The shapes of a slide in the order people read them, and the paragraphs in a shape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from documents.ingest.cleaning import raised
from documents.ingest.readers import formulas
from documents.ingest.readers.packages import attribute, child, local

# Shapes whose tops differ by less stand in one row (English Metric Units: 12700 a point).
ROW = 300_000
TITLES = ("title", "ctrTitle")
# What every slide repeats.
FRAMES = ("dt", "ftr", "sldNum", "hdr")
DEEPEST = 20
# ((top, left), number, shape)
Placed = tuple[tuple[int, int] | None, int, Element]


@dataclass(frozen=True)
class Shape:
    """`kind` is text, table, chart or diagram; `element` is what holds it."""

    kind: str
    element: Element
    is_title: bool = False
    # The relationship that points at the part of a chart or a diagram.
    relation: str = "id"


def shapes(tree: Element, depth: int = 0) -> Iterator[Shape]:
    """All shapes with words: from top to bottom and, in one row, from left to right."""
    placed = [(_place(element), number, element) for number, element in enumerate(tree)]
    for _position, _number, element in sorted(placed, key=_order(placed)):
        yield from _shape(element, depth)


def _order(placed: list[Placed]) -> Callable[[Placed], tuple[int, int, int]]:
    """A shape without a place of its own (the layout has it) stays behind the one before it."""
    last = (-1, 0)
    ranks: dict[int, tuple[int, int]] = {}
    for position, number, _element in placed:
        last = position if position is not None else last
        ranks[number] = last
    tops: list[int] = []
    for top in sorted({top for top, _left in ranks.values()}):
        if not tops or top - tops[-1] > ROW:
            tops.append(top)

    def key(entry: Placed) -> tuple[int, int, int]:
        top, left = ranks[entry[1]]
        row = max((number for number, start in enumerate(tops) if start <= top), default=0)
        return row, left, entry[1]

    return key


def _place(element: Element) -> tuple[int, int] | None:
    """(top, left) in the units of the group or slide around it."""
    for properties in ("spPr", "grpSpPr"):
        offset = child(element, properties, "xfrm", "off")
        if offset is not None:
            return _number(attribute(offset, "y")), _number(attribute(offset, "x"))
    offset = child(element, "xfrm", "off")
    if offset is not None:
        return _number(attribute(offset, "y")), _number(attribute(offset, "x"))
    return None


def _shape(element: Element, depth: int) -> Iterator[Shape]:
    name = local(element)
    if name == "sp":
        yield from _text_shape(element)
    elif name == "grpSp" and depth < DEEPEST:
        yield from shapes(element, depth + 1)
    elif name == "graphicFrame":
        data = child(element, "graphic", "graphicData")
        for inner in data if data is not None else ():
            if local(inner) == "tbl":
                yield Shape("table", inner)
            elif local(inner) == "chart":
                yield Shape("chart", inner)
            elif local(inner) == "relIds":
                yield Shape("diagram", inner, relation="dm")
    elif name == "AlternateContent":
        choice = child(element, "Choice")
        for inner in choice if choice is not None else ():
            yield from _shape(inner, depth)


def _text_shape(element: Element) -> Iterator[Shape]:
    place = child(element, "nvSpPr", "nvPr", "ph")
    kind = attribute(place, "type") if place is not None else None
    hidden = child(element, "nvSpPr", "cNvPr")
    is_hidden = hidden is not None and attribute(hidden, "hidden") in ("1", "true")
    if kind not in FRAMES and not is_hidden and child(element, "txBody") is not None:
        yield Shape("text", element, kind in TITLES)


def paragraphs(shape: Element) -> Iterator[tuple[int, str, str]]:
    """(depth, mark, text): marks where the paragraphs of a shape are a list."""
    body = child(shape, "txBody")
    found = [p for p in (body if body is not None else ()) if local(p) == "p"]
    said = [(p, text) for p in found if (text := words(p).strip())]
    place = child(shape, "nvSpPr", "nvPr", "ph")
    # Placeholders for text are lists unless a paragraph says that it has no bullet.
    usual = place is not None and attribute(place, "type") in (None, "body", "obj")
    count = 0
    for paragraph, text in said:
        properties = child(paragraph, "pPr")
        depth = _number(attribute(properties, "lvl")) if properties is not None else 0
        if child(properties, "buAutoNum") is not None:
            count += 1
            yield depth, f"{count}.", text
            continue
        count = 0
        plain = child(properties, "buNone") is not None or len(said) == 1
        listed = child(properties, "buChar") is not None or usual or depth > 0
        yield depth, "" if plain or not listed else "-", text


def words(element: Element) -> str:
    """The text of an element, line breaks as blanks, formulas in one line."""
    return " ".join("".join(_walk(element)).split())


def _walk(element: Element) -> Iterator[str]:
    for inner in element:
        name = local(inner)
        if name == "t" and not len(inner):
            yield inner.text or ""
        elif name in ("br", "tab"):
            yield " "
        elif name in formulas.NAMES:
            yield formulas.linear(name, inner, words)
        elif name == "r" and _is_raised(inner):
            yield raised("".join(_walk(inner)))
        elif name == "p":
            yield " "
            yield from _walk(inner)
        elif name == "AlternateContent":
            choice = child(inner, "Choice")
            yield from _walk(choice if choice is not None else inner)
        elif name not in ("rPr", "pPr", "endParaRPr"):
            yield from _walk(inner)


def _is_raised(run: Element) -> bool:
    properties = child(run, "rPr")
    return properties is not None and _number(attribute(properties, "baseline")) > 0


def _number(text: str | None) -> int:
    try:
        return max(-(10**9), min(10**9, int(text or "0")))
    except ValueError:
        return 0
