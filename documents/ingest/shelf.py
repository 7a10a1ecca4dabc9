"""Where the vectors of a document wait until all of it is there: a retry takes them from here."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from documents.ingest.copying import copy_blocks, vector_rows
from documents.models import Document, PendingVector
from llm.models import EmbeddingModel

if TYPE_CHECKING:
    from documents.ingest.embed import Vector

# Long enough for somebody to see a failed document and press retry.
KEPT = timedelta(days=2)
# Seconds between the epochs of Unix and PostgreSQL.
EPOCH = 946_684_800
COLUMNS = ("document_id", "embedding_model_id", "text_hash", "vector", "created_at")
LOAD = """
select text_hash, halfvec_send(vector) from documents_pendingvector
where document_id = %s and embedding_model_id = %s
"""


class Shelf:
    """The vectors of one document by one model."""

    def __init__(self, document_id: UUID, model: EmbeddingModel) -> None:
        self.document_id = document_id
        self.model = model

    def load(self) -> "dict[bytes, Vector]":
        """What was embedded before, by the digest of its text."""
        with connection.cursor() as cursor:
            cursor.execute(LOAD, [self.document_id, self.model.pk])
            return {bytes(digest): vector_of(sent) for digest, sent in cursor.fetchall()}

    def keep(self, digests: Sequence[bytes], rows: "Vector") -> None:
        import numpy  # noqa: PLC0415

        now = int((time.time() - EPOCH) * 1_000_000)
        hashes = numpy.frombuffer(b"".join(digests), numpy.uint8).reshape(len(digests), -1)
        model_id = numpy.array(self.model.pk, numpy.int16)
        blocks = vector_rows([self.document_id.bytes, model_id, hashes], rows, [now])
        try:
            with transaction.atomic():
                copy_blocks("documents_pendingvector", COLUMNS, blocks)
        except IntegrityError:
            # An old copy of this work has woken up late and put the same there.
            return


def vector_of(sent: bytes) -> "Vector":
    """A halfvec as the database sends it: two int16, then float16, all big-endian."""
    import numpy  # noqa: PLC0415

    return numpy.frombuffer(sent, ">f2", offset=4).astype(numpy.float16)


def clear(document_id: UUID) -> None:
    PendingVector.objects.filter(document_id=document_id).delete()


def sweep() -> None:
    """Remove what nobody has come back for, or can: a worker puts down what it has when it notices
    that its document is gone."""
    gone = ~Exists(Document.objects.filter(id=OuterRef("document_id")))
    PendingVector.objects.filter(Q(created_at__lt=Now() - KEPT) | gone).delete()
