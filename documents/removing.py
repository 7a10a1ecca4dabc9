"""A document and all that was read from it, gone."""

from django.db import transaction

from documents import storage
from documents.doorbell import announce
from documents.models import ChunkVector, Document, Page, Posting


def remove(document: Document) -> None:
    """Remove a locked document, inside the caller's transaction; the file goes after the commit."""
    # Row by row through the ORM a long document would take seconds; chunks go with the document,
    # because other rooms may point at them.
    for model in (ChunkVector, Posting, Page):
        rows = model.objects.filter(document=document)
        rows._raw_delete(rows.db)
    filename, owner_id, document_id = document.filename, document.owner_id, document.id
    document.delete()
    transaction.on_commit(lambda: storage.remove(filename))
    transaction.on_commit(lambda: announce(owner_id, document_id))
