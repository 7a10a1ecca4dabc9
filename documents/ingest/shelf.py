"""Where the vectors of a document wait until all of it is there: a retry takes them from here."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now
from pgvector import HalfVector

from documents.models import PendingVector
from llm.models import EmbeddingModel

if TYPE_CHECKING:
    from documents.ingest.embed import Vector

# Long enough for somebody to see a failed document and press retry.
KEPT = timedelta(days=2)

INSERT = """
insert into documents_pendingvector
  (document_id, embedding_model_id, text_hash, vector, created_at)
select d.id, %s, kept.text_hash, kept.vector::halfvec, now()
from documents_document d, unnest(%s::bytea[], %s::text[]) kept(text_hash, vector)
where d.id = %s
on conflict do nothing
"""


class Shelf:
    """The vectors of one document by one model."""

    def __init__(self, document_id: UUID, model: EmbeddingModel) -> None:
        self.document_id = document_id
        self.model = model

    def find(self, texts: Iterable[str]) -> "dict[str, Vector]":
        """Those of the texts that were embedded before."""
        import numpy  # noqa: PLC0415

        rows = PendingVector.objects.filter(
            document_id=self.document_id, embedding_model_id=self.model.pk
        ).values_list("text_hash", "vector")
        kept = {bytes(digest): vector for digest, vector in rows}
        if not kept:
            return {}
        found = {text: kept.get(_digest(text)) for text in texts}
        return {
            text: numpy.array(vector, numpy.float16)
            for text, vector in found.items()
            if vector is not None
        }

    def keep(self, texts: Sequence[str], rows: "Vector") -> None:
        digests = [_digest(text) for text in texts]
        vectors = [HalfVector(row).to_text() for row in rows]
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [self.model.pk, digests, vectors, self.document_id])


def clear(document_id: UUID) -> None:
    PendingVector.objects.filter(document_id=document_id).delete()


def sweep() -> None:
    """Remove what nobody has come back for."""
    PendingVector.objects.filter(created_at__lt=Now() - KEPT).delete()


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
