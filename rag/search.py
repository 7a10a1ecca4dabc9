"""Finding passages: by vectors and by words, over exactly what the asker may read.

`rag.candidates` scores passages in the database, `rag.fusion` ranks their pages, and here each page
becomes a hit: its best passage, with where else the same is said. Raw scores are kept beside the
fused one; they tell whether the material says anything at all (`rag.confidence`).
"""

import logging
from dataclasses import dataclass, replace

from django.core.exceptions import EmptyResultSet

from accounts.models import User
from core.db import in_thread
from core.metrics import SEARCHES
from core.words import content_words, language
from documents.asking import reading_as
from documents.lexical import query_terms
from llm.errors import LLMError
from llm.models import EmbeddingModel
from llm.queries import current_embedding_model
from llm.services import Caller
from rag import kept, reranking
from rag.cache import query_vector
from rag.candidates import Readable, Wanted, measured, scored
from rag.confidence import DOUBTFUL, likelihood
from rag.fusion import Ranking, fuse
from rag.hits import Elsewhere, Hit, hits_of
from rag.reranker_models import Reranker
from rag.scopes import EVERYTHING, Scope, collections_in, documents_in

__all__ = [
    "EVERYTHING",
    "Elsewhere",
    "Findings",
    "Hit",
    "Ranking",
    "Scope",
    "Wanted",
    "look_up",
    "search",
]

MAX_TOP_K = 20
# Pages looked at for each that is asked for: some repeat others.
SPARE = 2
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Findings:
    """`likelihood` is how likely the material holds an answer at all, 0 to 1."""

    hits: list[Hit]
    likelihood: float = 0.0
    # The query could not be embedded: found by words alone.
    words_only: bool = False
    # The question is in another language than what was found: then few words can be shared, and
    # the likelihood, which was fitted within one language, says little.
    across_languages: bool = False
    # Ordered again by a model (rag.reranking).
    reranked: bool = False

    @property
    def is_doubtful(self) -> bool:
        """Rather not in the material."""
        return self.likelihood < DOUBTFUL and not self.across_languages


NOTHING = Findings([])


async def search(
    user: User,
    query: str,
    *,
    top_k: int = 5,
    threshold: float | None = None,
    scope: Scope = EVERYTHING,
    ranking: Ranking = Ranking.FUSED,
    model: EmbeddingModel | None = None,
    reranker: Reranker | None = None,
) -> list[Hit]:
    """The best passages for `query`, one a page, best first; `threshold` is a least cosine."""
    found = await look_up(
        user,
        query,
        top_k=top_k,
        threshold=threshold,
        scope=scope,
        ranking=ranking,
        model=model,
        reranker=reranker,
    )
    return found.hits


async def look_up(
    user: User,
    query: str,
    *,
    top_k: int = 5,
    threshold: float | None = None,
    scope: Scope = EVERYTHING,
    ranking: Ranking = Ranking.FUSED,
    model: EmbeddingModel | None = None,
    reranker: Reranker | None = None,
) -> Findings:
    """As `search`, with what is known of the search as a whole.

    When the query cannot be embedded, words alone are looked for; when a reranker fails, the order
    is that of the search. An evaluation names the embedding model it measures, and the reranker or
    none, and gets an LLMError instead.
    """
    query = " ".join(query.split())[:2000]
    if not query:
        return NOTHING
    by, judge = (model, reranker) if model else await in_thread(_in_use)
    wanted = await _wanted(user, query, by, strictly=model is not None)
    top_k = min(top_k, MAX_TOP_K)
    judge = judge if ranking is Ranking.FUSED else None
    found = await in_thread(
        find,
        user,
        wanted,
        top_k=max(top_k, judge.pool) if judge else top_k,
        threshold=threshold,
        scope=scope,
        ranking=ranking,
        # Vectors of a model that is not in use yet may still be coming.
        keeping=model is None,
    )
    if judge is None:
        return found
    order = reranking.reranked_or_not if model is None else reranking.reranked
    hits, done = await order(judge, user, query, found.hits)
    return replace(found, hits=hits[:top_k], reranked=done)


def _in_use() -> tuple[EmbeddingModel, Reranker | None]:
    return current_embedding_model(), reranking.current()


async def _wanted(user: User, query: str, by: EmbeddingModel, strictly: bool) -> Wanted:
    try:
        vector = await query_vector(by, query, Caller(user.pk, kind="embedding"))
    except LLMError as error:
        if strictly:
            raise
        log.warning("a query is looked up by words alone: %s", error.code)
        vector = None
    words = len(set(content_words(query)))
    return Wanted(query_terms(query), vector, by.pk, words, language(query))


@SEARCHES.time()
def find(
    user: User,
    wanted: Wanted,
    *,
    top_k: int,
    threshold: float | None = None,
    scope: Scope = EVERYTHING,
    ranking: Ranking = Ranking.FUSED,
    keeping: bool = True,
) -> Findings:
    """The database half of `look_up`, in one transaction.

    `keeping`: what somebody found a moment ago will do (rag.kept).
    """
    try:
        readable = _readable(user, scope)
    except EmptyResultSet:  # an empty list of ids: nothing is in scope
        return NOTHING
    words_only = wanted.vector is None
    with reading_as(user):
        # What a threshold leaves is not the beginning of what is kept.
        ranks = _ranks(readable, wanted, ranking, threshold, keeping and threshold is None)
        hits = hits_of(user, ranks.ranked[: top_k * SPARE], top_k)
    met = {hit.language for hit in hits if hit.language}
    across = bool(wanted.language and met) and wanted.language not in met
    return Findings(hits, ranks.likelihood, words_only, across)


def _ranks(
    readable: Readable, wanted: Wanted, ranking: Ranking, threshold: float | None, keeping: bool
) -> kept.Ranks:
    """From what is kept where somebody found the same in the same documents as they are now."""
    scope = measured(readable)
    name = kept.name_of(scope, wanted, ranking) if keeping else None
    before = kept.get(name) if name else None
    if before is not None:
        return before
    found, words_only = scored(scope, wanted), wanted.vector is None
    ranked = fuse(found.candidates, found.mean_cosine, ranking)
    if threshold is not None and not words_only:
        ranked = [each for each in ranked if each.best.cosine >= threshold]
    ranks = kept.Ranks(ranked[: MAX_TOP_K * SPARE], likelihood(found, words_only))
    if name:
        kept.put(name, ranks)
    return ranks


def _readable(user: User, scope: Scope) -> Readable:
    """The access rule is part of the ranking."""
    whole = collections_in(user, scope).order_by().values("id").query.sql_with_params()
    if scope.documents is None and not scope.language:
        return Readable(whole)
    return Readable(whole, documents_in(user, scope).values("id").query.sql_with_params())
