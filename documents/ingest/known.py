"""Vectors that need not be made again: of an earlier try, or of the same words elsewhere.

Only of documents the uploader may read. A vector of a text one has is no secret, but getting it
faster, or without a bill, would tell that somebody else has that text: see docs/adr.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import connection

from documents.ingest.shelf import Shelf, vector_of
from documents.models import Document
from llm.models import EmbeddingModel

if TYPE_CHECKING:
    from documents.ingest.embed import Vector

FIND = """
select distinct on (chunk.passage_digest) chunk.passage_digest, halfvec_send(vector.vector)
from documents_chunk chunk
join documents_chunkvector vector
  on vector.chunk_id = chunk.id and vector.embedding_model_id = %s
where chunk.passage_digest = any (%s) and chunk.document_id in ({readable})
"""


class Known:
    """What is known to begin with for one document and one model."""

    def __init__(self, document: Document, model: EmbeddingModel) -> None:
        self._document = document
        self._model = model
        self._shelf = Shelf(document.id, model)
        self._tried = self._shelf.load()

    def find(self, digests: Sequence[bytes]) -> "dict[bytes, Vector]":
        found = {digest: self._tried[digest] for digest in digests if digest in self._tried}
        left = [digest for digest in digests if digest not in found]
        return found | self._elsewhere(left)

    def keep(self, digests: Sequence[bytes], rows: "Vector") -> None:
        self._shelf.keep(digests, rows)

    def _elsewhere(self, digests: Sequence[bytes]) -> "dict[bytes, Vector]":
        readable = Document.objects.visible_to(self._document.owner).order_by().values("id")
        sql, params = readable.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(FIND.format(readable=sql), [self._model.pk, list(digests), *params])
            return {bytes(digest): vector_of(sent) for digest, sent in cursor.fetchall()}
