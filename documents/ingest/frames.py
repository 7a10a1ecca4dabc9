"""What the extraction child says to its parent: one JSON object a line, nothing else.

JSON and not pickle: the child has read a stranger's file and is not to be trusted.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any


class Unreadable(Exception):
    """This file cannot be read: `code` is one of documents.reasons, `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


# What readers and chunks make of a file: raised when that changes, and written on each document.
READING_VERSION = 6
# What one document may hold; a reader of streams stops there and says how far it came.
MOST_CHARACTERS = 30_000_000
MOST_PAGES = 20_000
LONGEST_LABEL = 20


@dataclass(frozen=True)
class Info:
    """What is known before the first page. A reader that only guessed sends a second one last.

    `unit` says what a page of this file is (models.Document.PageUnit), `read` how much of the file
    was read, from 0 to 1.
    """

    page_count: int
    title: str = ""
    author: str = ""
    language: str = ""
    unit: str = "page"
    read: float = 1.0
    # The day it was made, by its own account: ISO 8601, or empty.
    created: str = ""
    description: str = ""
    # Pages that are pictures and were read by text recognition, and rows of a table that lost a
    # part of a cell or some columns.
    recognised: int = 0
    rows_cut: int = 0
    # Put together from the parts of a damaged file: pages may be missing.
    repaired: bool = False


@dataclass(frozen=True)
class PageText:
    """A page as it will be shown and cited; sizes in points, boxes as in models.Page.

    What the file says of its structure: `headings` are (offset, heading path from there on),
    beginning at 0, and empty where nothing is known; `blocks` are (start, end, header) of tables
    and rows that are better not cut, with what names the columns; `body` is (start, end) of what
    is neither running head nor foot nor page number, None where all of it is text. `label` is what
    the file calls the page, such as "iv".
    """

    number: int
    text: str
    width: float = 0.0
    height: float = 0.0
    boxes: bytes = b""
    headings: tuple[tuple[int, str], ...] = ()
    blocks: tuple[tuple[int, int, str], ...] = ()
    body: tuple[int, int] | None = None
    label: str = ""


@dataclass(frozen=True)
class Member:
    """A piece of a file in an archive; `code` says why it is not given, `last` that it ends."""

    name: str
    data: bytes = b""
    last: bool = False
    code: str = ""


@dataclass(frozen=True)
class End:
    """The last frame: whatever ends without it was cut off."""


Frame = Info | PageText | Member | End


def encode(frame: Frame | Unreadable) -> bytes:
    match frame:
        case Info():
            body: dict[str, object] = {
                "pages": frame.page_count,
                "title": frame.title,
                "author": frame.author,
                "language": frame.language,
                "unit": frame.unit,
                "description": frame.description,
                "read": frame.read,
                "created": frame.created,
                "recognised": frame.recognised,
                "rows_cut": frame.rows_cut,
                "repaired": frame.repaired,
            }
        case PageText():
            boxes = base64.b64encode(frame.boxes).decode()
            size = [frame.width, frame.height]
            body = {"page": frame.number, "text": frame.text, "size": size, "boxes": boxes}
            if frame.headings or frame.blocks:
                body |= {"headings": frame.headings, "blocks": frame.blocks}
            if frame.body is not None:
                body["body"] = frame.body
            if frame.label:
                body["label"] = frame.label
        case Member():
            data = base64.b64encode(frame.data).decode()
            body = {"member": frame.name, "data": data, "last": frame.last, "code": frame.code}
        case Unreadable():
            body = {"error": frame.code, "detail": frame.detail}
        case End():
            body = {"end": True}
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> Frame:
    """Raises Unreadable when the frame says so, ValueError for what is no frame."""
    body = json.loads(line)
    if "error" in body:
        raise Unreadable(str(body["error"]), str(body.get("detail", ""))[:500])
    if "pages" in body:
        words = (str(body[name]) for name in ("title", "author", "language", "unit"))
        given = {name: str(body.get(name, "")) for name in ("created", "description")}
        counts = {name: _count(body.get(name, 0)) for name in ("recognised", "rows_cut")}
        about = {**given, **counts, "repaired": body.get("repaired") is True}
        return Info(int(body["pages"]), *words, read=float(body["read"]), **about)
    if "page" in body:
        return _page(body)
    if "member" in body:
        data = base64.b64decode(body["data"])
        return Member(str(body["member"]), data, bool(body["last"]), str(body["code"]))
    if body.get("end"):
        return End()
    raise ValueError("not a frame")


def _count(given: Any) -> int:
    """Within what the column holds."""
    return min(max(0, int(given)), 2**31 - 1)


def _page(body: dict[str, Any]) -> PageText:
    """Offsets come from the child too: those outside the text are not believed."""
    text = str(body["text"])
    width, height = body["size"]
    headings = tuple((int(place), str(path)) for place, path in body.get("headings", ()))
    blocks = tuple((int(a), int(b), str(header)) for a, b, header in body.get("blocks", ()))
    first, last = body.get("body") or (0, len(text))
    spans = [*((start, end) for start, end, _header in blocks), (int(first), int(last) or 1)]
    if any(not 0 <= place <= len(text) for place, _path in headings) or any(
        not 0 <= start < end <= max(len(text), 1) for start, end in spans
    ):
        raise ValueError("a place outside its page")
    boxes = base64.b64decode(body["boxes"])
    size = float(width), float(height)
    span = (int(first), int(last)) if body.get("body") else None
    label = str(body.get("label", ""))[:LONGEST_LABEL]
    return PageText(int(body["page"]), text, *size, boxes, headings, blocks, span, label)
