"""What the extraction child says to its parent: one JSON object a line, nothing else.

JSON and not pickle: the child has read a stranger's file and is not to be trusted.
"""

import base64
import json
from dataclasses import dataclass


class Unreadable(Exception):
    """This file cannot be read: `code` is one of documents.reasons, `detail` is for the log."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Info:
    """What is known before the first page; page_count is exact."""

    page_count: int
    title: str = ""
    author: str = ""


@dataclass(frozen=True)
class PageText:
    """A page as it will be shown and cited; sizes in points, boxes as in models.Page."""

    number: int
    text: str
    width: float = 0.0
    height: float = 0.0
    boxes: bytes = b""


@dataclass(frozen=True)
class End:
    """The last frame: whatever ends without it was cut off."""


Frame = Info | PageText | End


def encode(frame: Frame | Unreadable) -> bytes:
    match frame:
        case Info():
            body: dict[str, object] = {
                "pages": frame.page_count,
                "title": frame.title,
                "author": frame.author,
            }
        case PageText():
            boxes = base64.b64encode(frame.boxes).decode()
            size = [frame.width, frame.height]
            body = {"page": frame.number, "text": frame.text, "size": size, "boxes": boxes}
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
        return Info(int(body["pages"]), str(body["title"]), str(body["author"]))
    if "page" in body:
        width, height = body["size"]
        boxes = base64.b64decode(body["boxes"])
        return PageText(int(body["page"]), str(body["text"]), float(width), float(height), boxes)
    if body.get("end"):
        return End()
    raise ValueError("not a frame")
