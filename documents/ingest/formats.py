"""The formats Lontar reads. A new one is a module in readers/ and a line here.

A reader module has KIND, MEDIA_TYPE, EXTENSION (written when a name has none),
`sniff(head, name) -> bool` for the first 4096 bytes, and `read(path, second) -> Iterator` giving
one Info and then every page in order; it raises Unreadable. Heavy libraries are imported inside
functions: the web process only sniffs.
"""

from types import ModuleType

from documents.ingest.readers import markdown, pdf, text

FORMATS: tuple[ModuleType, ...] = (pdf, markdown, text)
HEAD = 4096


def detect(head: bytes, name: str) -> ModuleType | None:
    """The reader for a file, by its first HEAD bytes; the name only breaks ties."""
    return next((reader for reader in FORMATS if reader.sniff(head, name)), None)


def by_kind(kind: str) -> ModuleType | None:
    return next((reader for reader in FORMATS if kind == reader.KIND), None)
