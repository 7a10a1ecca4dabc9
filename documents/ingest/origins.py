"""Where a document's pages come from, and what it is called once they are known."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from documents import storage
from documents.ingest.extract import extract
from documents.ingest.frames import Info, PageText, Unreadable
from documents.knowledge.models import KnowledgeEntry
from documents.models import QA, Document
from documents.names import clean_title


def frames(document: Document, *, second: bool) -> Generator[Info | PageText, None, None]:
    """Info, then every page: of a file by the confined child, of a question from its row.

    As `extract`: raises Unreadable or Crashed.
    """
    if document.kind != QA:
        yield from extract(path_of(document), document.kind, second=second)
        return
    entry = KnowledgeEntry.objects.filter(document=document).first()
    if entry is None:
        raise Unreadable("storage", "the question is not there")
    yield Info(1, title=entry.question, language=entry.language, unit="part")
    yield PageText(1, entry.text, headings=((0, entry.category),))


def path_of(document: Document) -> Path:
    """Where the reader finds the file. Raises Unreadable, and StorageFailed for another try."""
    try:
        return storage.local(document.filename)
    except FileNotFoundError as error:
        raise Unreadable("storage", "the original is not there") from error


def named(document: Document, info: Info) -> None:
    """A page of the web is called what its title says: the header of its passages says it too."""
    if document.source_url and document.kind == "html" and info.title:
        document.original_filename = clean_title(info.title)


def columns(document: Document, info: Info) -> dict[str, Any]:
    """What the row says beyond what was read from any file."""
    fields: dict[str, Any] = {}
    if document.source_url:
        fields["original_filename"] = document.original_filename
        fields["description"] = info.description[:1000]
    if document.kind == QA and info.language:
        fields["language"] = info.language
    return fields
