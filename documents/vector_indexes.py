"""One HNSW index for each embedding model: the column has no fixed dimension, the index has."""

from django.db import connection, transaction

from llm.models import EmbeddingModel

# pgvector's defaults; recall@10 is 0.99 at 100,000 chunks with ef_search 100.
M = 16
EF_CONSTRUCTION = 64
# HNSW over halfvec takes no more; longer vectors are searched exactly.
MOST_DIMENSIONS = 4000
# Below this everything is scored exactly, in less time than an index needs, and an index costs
# each new passage a millisecond. Well before searches would want it (rag.search.EXACT_LIMIT).
BUILD_AT = 12_000
BUILD_LOCK = 7_203_202


def name_of(model: EmbeddingModel) -> str:
    return f"documents_chunkvector_hnsw_{int(model.pk)}"


def exists(model: EmbeddingModel) -> bool:
    """Whether searches can use it: a build that was killed leaves an index that is not valid."""
    return _valid(model) is True


def is_due(model: EmbeddingModel) -> bool:
    """Whether there is enough to search for an index, and none yet."""
    if model.dimensions > MOST_DIMENSIONS or exists(model):
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from (select from documents_chunkvector "
            "where embedding_model_id = %s limit %s) found",
            [model.pk, BUILD_AT],
        )
        return bool(cursor.fetchone()[0] >= BUILD_AT)


def build_if_due(model: EmbeddingModel) -> None:
    """Build it in one go, unless another worker is at it already."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [BUILD_LOCK])
        if not cursor.fetchone()[0]:
            return
        try:
            if is_due(model):
                build(model)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [BUILD_LOCK])


def ensure(model: EmbeddingModel) -> None:
    """Create the index of a model if it is not there; cheap when it is. Writers wait for it.

    Queries must repeat the expression to use it:
    `vector::halfvec(384) <=> …` with `embedding_model_id = …`.
    """
    if model.dimensions > MOST_DIMENSIONS or exists(model):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # "if not exists" alone fails when two workers read their first documents at once.
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [name_of(model)])
        if _valid(model) is False:
            cursor.execute(f'drop index "{name_of(model)}"')
        cursor.execute(_statement(model, ""))


def build(model: EmbeddingModel) -> None:
    """As `ensure`, for a table full of other models' vectors: nobody's writing waits for it.

    For the one process that prepares a model: two of them at once would wait for each other.
    """
    if model.dimensions > MOST_DIMENSIONS or exists(model):
        return
    if connection.in_atomic_block:
        ensure(model)
        return
    drop(model)
    with connection.cursor() as cursor:
        cursor.execute(_statement(model, "concurrently"))


def drop(model: EmbeddingModel) -> None:
    """No search waits for it, unless it is called inside a transaction."""
    how = "" if connection.in_atomic_block else "concurrently"
    with connection.cursor() as cursor:
        cursor.execute(f'drop index {how} if exists "{name_of(model)}"')


def _valid(model: EmbeddingModel) -> bool | None:
    """None: there is no index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select indisvalid from pg_index where indexrelid = to_regclass(%s)", [name_of(model)]
        )
        row = cursor.fetchone()
    return None if row is None else bool(row[0])


def _statement(model: EmbeddingModel, how: str) -> str:
    return (
        f'create index {how} if not exists "{name_of(model)}" on documents_chunkvector '
        f"using hnsw ((vector::halfvec({int(model.dimensions)})) halfvec_cosine_ops) "
        f"with (m = {M}, ef_construction = {EF_CONSTRUCTION}) "
        f"where embedding_model_id = {int(model.pk)}"
    )
