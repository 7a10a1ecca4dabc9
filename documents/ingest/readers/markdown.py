"""Markdown is plain text with headings; pages are cut as for text, headings are found later."""

import re
from collections.abc import Iterator
from dataclasses import replace

from documents.ingest.frames import Info, PageText
from documents.ingest.readers import text

KIND = "markdown"
MEDIA_TYPE = "text/markdown"
EXTENSION = ".md"
NAMES = (".md", ".markdown", ".mdown", ".mkd", ".qmd", ".rmd")
# A row of names, a row of dashes, and the rows that follow.
TABLE = re.compile(r"^([^\n]*\|[^\n]*)\n[ \t]*\|?[ \t]*:?-+[-:| \t]*(?:\n[^\n]*\|[^\n]*)*", re.M)


def sniff(head: bytes, name: str) -> bool:
    """Bytes cannot tell Markdown from text: the bytes must be text, the name says which."""
    return name.lower().endswith(NAMES) and text.is_text(head)


def read(path: str, second: bool = False) -> Iterator[Info | PageText]:
    for frame in text.read(path):
        yield _with_tables(frame) if isinstance(frame, PageText) else frame


def _with_tables(page: PageText) -> PageText:
    """A table is kept whole, or says its columns again where it is cut."""
    blocks = tuple(
        (match.start(), match.end(), " | ".join(match.group(1).strip(" |").split("|"))[:200])
        for match in TABLE.finditer(page.text)
    )
    return replace(page, blocks=blocks)
