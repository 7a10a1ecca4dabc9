"""Looking into retrieval: is it healthy, how is it set, what does it find for a query."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.models import User
from accounts.ninja import caller_auth
from core.comparisons import parts
from core.db import in_thread
from core.errors import NotFound
from core.follow_ups import stand_alone
from documents.models import Chunk, Collection, Document
from llm.models import EmbeddingModel
from llm.queries import current_embedding_model
from rag.cache import words_only
from rag.candidates import EXACT_LIMIT, NEAREST
from rag.reranking import current as current_reranker
from rag.reranking import trouble
from rag.search import MAX_TOP_K, Hit, Scope
from rag.several import look_up_parts

router = Router(auth=caller_auth, tags=["rag"])


class Found(Schema):
    chunk_id: int
    content: str
    document_id: str
    filename: str
    page: int
    page_unit: str
    page_label: str
    similarity_score: float
    chunk_index: int
    metadata: dict[str, Any]


class SearchOut(Schema):
    query: str
    # What was looked for: with what the query leaves out, and for each thing it compares.
    queries: list[str]
    results: list[Found]
    count: int
    top_k: int
    threshold: float | None
    # How likely the material holds an answer at all, 0 to 1.
    likelihood: float
    # The query could not be embedded: found by words alone.
    words_only: bool
    # Ordered again by the reranker in use.
    reranked: bool


class SearchIn(Schema):
    query: str = Field(min_length=1, max_length=2000)
    top_k: int = Field(5, ge=1, le=MAX_TOP_K)
    similarity_threshold: float | None = Field(None, ge=-1, le=1)
    # What was asked before, oldest first, for a query that cannot stand alone.
    history: list[str] = Field(default_factory=list, max_length=20)
    # What to search in, instead of all that is meant for the caller. Admins may name what they
    # only see: a student's collection, say.
    collections: list[UUID] = Field(default_factory=list, max_length=100)
    documents: list[UUID] = Field(default_factory=list, max_length=100)
    language: str = Field("", max_length=10)


@router.post("rag/search", response=SearchOut)
async def rag_search(request: HttpRequest, options: Query[SearchIn]) -> dict[str, Any]:
    """The passages the model would be given for this query: only what the caller may read."""
    user = request.user
    assert isinstance(user, User)
    query = stand_alone(options.query, [text[:2000] for text in options.history])
    scope = await in_thread(_scope, user, options)
    found = await look_up_parts(
        user, query, top_k=options.top_k, threshold=options.similarity_threshold, scope=scope
    )
    return {
        "query": options.query,
        "queries": [query, *parts(query)],
        "results": [_row(hit) for hit in found.hits],
        "count": len(found.hits),
        "likelihood": round(found.likelihood, 3),
        "words_only": found.words_only,
        "reranked": found.reranked,
        "top_k": options.top_k,
        "threshold": options.similarity_threshold,
    }


def _scope(user: User, options: SearchIn) -> Scope:
    """Raises NotFound alike for what is unknown and for what is not the caller's to see."""
    rows = (Collection.objects, options.collections), (Document.objects, options.documents)
    for manager, named in rows:
        if manager.visible_to(user).filter(id__in=named).count() < len(set(named)):
            raise NotFound
    return Scope(
        collections=options.collections or None,
        documents=options.documents or None,
        language=options.language or None,
    )


def _row(hit: Hit) -> dict[str, Any]:
    return {
        "chunk_id": hit.chunk_id,
        "content": hit.text,
        "document_id": str(hit.document_id),
        "filename": hit.filename,
        "page": hit.page,
        "page_unit": hit.page_unit,
        "page_label": hit.page_label,
        "similarity_score": round(hit.score, 4),
        "chunk_index": hit.ordinal,
        "metadata": {
            "title": hit.title,
            "source_url": hit.source_url,
            "fetched_at": hit.fetched_at,
            "heading": hit.heading,
            "start": hit.start,
            "end": hit.end,
            "lexical_score": round(hit.lexical, 4),
            "fused_score": round(hit.fused, 4),
            "also_in": [
                {"document_id": str(e.document_id), "filename": e.filename, "page": e.page}
                for e in hit.also_in
            ],
        },
    }


@router.get("rag/health", response=dict[str, Any])
async def rag_health(request: HttpRequest) -> dict[str, Any]:
    """Whether passages can be found: the embedder, pgvector, and what is indexed."""
    return await in_thread(_health)


def _health() -> dict[str, Any]:
    errors = []
    model = EmbeddingModel.objects.filter(is_current=True).first()
    by_words = model is None or words_only(model)
    judge = current_reranker()
    if model is None:
        errors.append(_("No embedding model is set as current."))
    elif by_words:
        errors.append(_("The embedding model did not answer: words alone are searched."))
    with connection.cursor() as cursor:
        cursor.execute("select extversion from pg_extension where extname = 'vector'")
        row = cursor.fetchone()
    if row is None:
        errors.append(_("The PostgreSQL extension “vector” is not installed."))
    processed = Document.objects.filter(status=Document.Status.PROCESSED).count()
    return {
        "status": "healthy" if not errors else "unhealthy",
        "embeddings": {"available": model is not None, "model": model.name if model else None},
        "pgvector": {
            "available": row is not None,
            "version": row[0] if row else None,
            "total_chunks": Chunk.objects.count(),
            "total_documents": Document.objects.count(),
            "processed_documents": processed,
        },
        # The embedder failed a moment ago: searches go by words alone.
        "words_only": by_words,
        # The error code of its last failure, within two minutes; then the order is the search's.
        "reranker": {"name": judge.name, "trouble": trouble(judge)} if judge else None,
        "errors": errors,
    }


@router.get("rag/config", response=dict[str, Any])
async def rag_config(request: HttpRequest) -> dict[str, Any]:
    """The settings of retrieval in force."""
    model = await in_thread(current_embedding_model)
    judge = await in_thread(current_reranker)
    return {
        "embedding_model": model.name,
        "embedding_dimensions": model.dimensions,
        "top_k": {"default": 5, "max": MAX_TOP_K},
        "similarity_threshold": None,
        "fusion": "cosine and BM25 by page, weighted by how far each tells pages apart",
        "exact_up_to_chunks": EXACT_LIMIT,
        "candidates": NEAREST,
        "reranker": judge.name if judge else None,
    }
