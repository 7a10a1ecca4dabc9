"""The words of a Word paragraph: what is shown, without what was deleted or is hidden."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from documents.ingest.cleaning import raised
from documents.ingest.readers import formulas
from documents.ingest.readers.docx_styles import value
from documents.ingest.readers.packages import attribute, child, local

# What was deleted or moved away by a tracked change, instructions, and comments.
UNSEEN = {"del", "moveFrom", "delText", "delInstrText", "instrText", "annotationRef", "pPr", "rPr"}
UNSEEN |= {"sectPr", "rt", "Fallback", "ctrlPr"}
SIGNS = {"tab": "\t", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "", "ptab": "\t"}
OFF = ("0", "false", "off", "none")
# A break the author made, and one that Word met when it last laid the text out.
PAGE, RENDERED = "\x0c", "\x0b"


class Words:
    """Walks paragraphs; text boxes and notes met on the way are kept until they are asked for."""

    def __init__(self) -> None:
        self.boxes: list[Element] = []
        self.notes: list[tuple[str, str, str]] = []
        self._count = 0

    def of(self, element: Element) -> str:
        """The text with PAGE and RENDERED where pages end."""
        return "".join(self._walk(element))

    def _walk(self, element: Element) -> Iterator[str]:
        for inner in element:
            name = local(inner)
            sign = self._sign(name, inner)
            if sign is not None:
                yield sign
            elif name in formulas.NAMES:
                yield formulas.linear(name, inner, self.of)
            elif name == "AlternateContent":
                yield from self._walk(_alternative(inner))
            elif name == "r" and _is_raised(inner):
                yield raised("".join(self._walk(inner)))
            elif name not in UNSEEN and not (name == "r" and _is_hidden(inner)):
                yield from self._walk(inner)

    def _sign(self, name: str, element: Element) -> str | None:
        """What stands for an element that has no others inside; None for those that may."""
        match name:
            case "t":
                return element.text or ""
            case "br":
                return PAGE if attribute(element, "type") == "page" else "\n"
            case "lastRenderedPageBreak":
                return RENDERED
            case "footnoteReference" | "endnoteReference":
                return self._note(name, element)
            case "sym":
                return _symbol(element)
            case "txbxContent":
                self.boxes.append(element)
                return ""
        return SIGNS.get(name)

    def _note(self, name: str, element: Element) -> str:
        """A raised number of our own: the file's ids are no numbers anyone sees."""
        self._count += 1
        mark = raised(str(self._count))
        self.notes.append((mark, name.removesuffix("Reference"), attribute(element, "id") or ""))
        return mark


def _is_hidden(run: Element) -> bool:
    """Hidden text is left out: no reader of the page sees it, but a model would."""
    mark = child(run, "rPr", "vanish")
    return mark is not None and value(mark) not in OFF


def _is_raised(run: Element) -> bool:
    mark = child(run, "rPr", "vertAlign")
    return mark is not None and value(mark) == "superscript" and not _is_hidden(run)


def _alternative(element: Element) -> Element:
    """The first choice, which newer programs show; the fallback repeats it for older ones."""
    found = child(element, "Choice")
    return found if found is not None else (child(element, "Fallback") or Element("none"))


def _symbol(element: Element) -> str:
    """A sign from a symbol font: only those that are a character outside it too."""
    code = attribute(element, "char") or ""
    try:
        point = int(code, 16)
    except ValueError:
        return ""
    return chr(point) if 0x20 <= point < 0xD800 else ""


def is_bold(paragraph: Element) -> bool:
    """Whether every run with words in it is bold."""
    runs = [run for run in paragraph if local(run) == "r" and child(run, "t") is not None]
    marks = [child(run, "rPr", "b") for run in runs if (child(run, "t").text or "").strip()]  # type: ignore[union-attr]
    return bool(marks) and all(mark is not None and value(mark) not in OFF for mark in marks)
