"""PowerPoint files (PPTX, ECMA-376 part 1, 19): a page a slide, with its notes."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from documents.ingest.cleaning import plain
from documents.ingest.frames import MOST_PAGES, Info, PageText, Unreadable
from documents.ingest.readers import packages
from documents.ingest.readers.blocks import Pages
from documents.ingest.readers.packages import Package, attribute, child, local
from documents.ingest.readers.pptx_shapes import Shape, paragraphs, shapes, words

KIND = "pptx"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
EXTENSION = ".pptx"
FOLDER = "ppt/"
MAIN = "ppt/presentation.xml"
LONGEST_NAME = 300
# A series of a chart beyond this many values says nothing more in words.
MOST_VALUES = 60


def read(path: str, second: bool = False) -> Iterator[Info | PageText]:
    with packages.opened(path) as package:
        main = package.main(MAIN)
        slides = _slides(package, main)
        if not slides:
            raise Unreadable("no_text", "no slides")
        about = packages.about(package)
        yield Info(
            len(slides),
            plain(about.get("title", ""))[:LONGEST_NAME],
            plain(about.get("creator", ""))[:LONGEST_NAME],
            about.get("language", ""),
            unit="slide",
        )
        for number, part in enumerate(slides, start=1):
            yield _slide(package, part, number)


def _slides(package: Package, main: str) -> list[str]:
    """Parts of the slides in the order they are shown."""
    root = package.tree(main)
    if root is None:
        raise Unreadable("damaged", f"{main} is missing")
    parts = package.by_id(main)
    wanted = child(root, "sldIdLst")
    ids = [_relation(element, "id") for element in (wanted if wanted is not None else ())]
    found = [parts[id_] for id_ in ids if id_ in parts and package.has(parts[id_])]
    if len(found) > MOST_PAGES:
        raise Unreadable("too_complex", f"{len(found)} slides")
    if len(found) < len(ids) / 2:
        raise Unreadable("damaged", f"{len(ids) - len(found)} of {len(ids)} slides are missing")
    return found


def _relation(element: Element, name: str) -> str:
    """An attribute of the namespace of relationships: a slide's own `id` is something else."""
    wanted = (value for key, value in element.attrib.items() if key.endswith(f"}}{name}"))
    return next(wanted, "")


def _slide(package: Package, part: str, number: int) -> PageText:
    pages = Pages(cut=False)
    root = package.tree(part)
    tree = child(root, "cSld", "spTree")
    found = list(shapes(tree)) if tree is not None else []
    title = " ".join(words(shape.element) for shape in found if shape.is_title)
    pages.heading(1, title)
    for shape in found:
        if not shape.is_title:
            _shape(package, part, shape, pages)
    for text in _notes(package, part):
        pages.paragraph(text)
    (page,) = pages.pages()
    return PageText(number, page.text, headings=page.headings, blocks=page.blocks)


def _shape(package: Package, part: str, shape: Shape, pages: Pages) -> None:
    match shape.kind:
        case "text":
            for depth, mark, text in paragraphs(shape.element):
                if mark:
                    pages.item(depth, mark, text)
                else:
                    pages.paragraph(text)
        case "table":
            pages.table(_cells(shape.element))
        case "chart" | "diagram":
            target = package.by_id(part).get(_relation(shape.element, shape.relation), "")
            root = package.tree(target)
            if root is not None and shape.kind == "chart":
                pages.table(_chart(root))
            elif root is not None:
                for text in _texts(root):
                    pages.paragraph(text)


def _cells(table: Element) -> list[list[str]]:
    rows = (row for row in table if local(row) == "tr")
    return [[words(cell) for cell in row if local(cell) == "tc"] for row in rows]


def _texts(root: Element) -> list[str]:
    """The paragraphs of SmartArt, in the order of the data model."""
    found = (words(element) for element in root.iter() if local(element) == "t" and len(element))
    return [text for text in found if text]


def _chart(root: Element) -> list[list[str]]:
    """A chart as a table: categories down, series across, as they were last drawn."""
    series = [element for element in root.iter() if local(element) == "ser"]
    names = [" ".join(_cached(child(one, "tx"))) for one in series]
    categories = next((found for one in series if (found := _cached(child(one, "cat")))), [])
    values = [_cached(child(one, "val")) for one in series]
    rows = max([len(categories), *map(len, values)], default=0)
    head = child(root, "chart", "title")
    table = [[words(head) if head is not None else "", *names]]
    for place in range(min(rows, MOST_VALUES)):
        row = [column[place] if place < len(column) else "" for column in (categories, *values)]
        table.append(row)
    return table


def _cached(element: Element | None) -> list[str]:
    if element is None:
        return []
    points = (point for point in element.iter() if local(point) == "pt")
    return [
        (found.text or "").strip() for point in points if (found := child(point, "v")) is not None
    ]


def _notes(package: Package, part: str) -> Iterator[str]:
    """What the speaker wrote for himself under the slide."""
    for target in package.related(part, "/notesSlide")[:1]:
        tree = child(package.tree(target), "cSld", "spTree")
        for shape in tree if tree is not None else ():
            place = child(shape, "nvSpPr", "nvPr", "ph")
            if place is not None and attribute(place, "type") == "body":
                yield from (text for _depth, _mark, text in paragraphs(shape))
