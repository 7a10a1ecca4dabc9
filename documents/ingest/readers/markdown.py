"""Markdown is plain text with headings; pages are cut as for text, headings are found later."""

from collections.abc import Iterator

from documents.ingest.frames import Info, PageText
from documents.ingest.readers import text

KIND = "markdown"
MEDIA_TYPE = "text/markdown"
EXTENSION = ".md"
NAMES = (".md", ".markdown", ".mdown", ".mkd", ".qmd", ".rmd")


def sniff(head: bytes, name: str) -> bool:
    """Bytes cannot tell Markdown from text: the bytes must be text, the name says which."""
    return name.lower().endswith(NAMES) and text.is_text(head)


def read(path: str, second: bool = False) -> Iterator[Info | PageText]:
    yield from text.read(path)
