"""Pictures that go along with a question."""

import base64
from collections.abc import Sequence
from pathlib import Path

from terminal.safe import line
from terminal.trouble import USAGE, Trouble
from terminal.words import say

Attachment = dict[str, str]


def attached(names: Sequence[str]) -> list[Attachment]:
    """As `POST chat` takes them. Raises Trouble for what is no picture."""
    return [_one(Path(name)) for name in names]


def _one(path: Path) -> Attachment:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Trouble(say("There is no file %s.") % line(path), USAGE) from error
    if not _is_picture(content):
        sentence = say("%s is no PNG, JPEG, WebP or GIF. Bring documents with: lontar upload")
        raise Trouble(sentence % line(path), USAGE)
    return {"filename": path.name, "data": base64.b64encode(content).decode()}


def _is_picture(content: bytes) -> bool:
    """The server looks closer; a document would be kept and read there."""
    if content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8")):
        return True
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"
