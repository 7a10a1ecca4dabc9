"""One question looked for in several ways at once, found as one list.

Each search goes on by itself; the lists take turns, so that each thing a question names has its
share of the passages.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from itertools import zip_longest

from accounts.models import User
from core.comparisons import parts
from rag.duplicates import fold
from rag.search import EVERYTHING, Findings, Hit, Scope, look_up

log = logging.getLogger(__name__)
# Searches beside that of the question itself, and how many seconds they may take.
MOST_PARTS = 3
PATIENCE = 8.0
# Told of a search beside the question's: its query, and how many passages, None when it begins.
Told = Callable[[str, int | None], None]


def untold(_query: str, _count: int | None) -> None:
    """For callers that show no steps."""


async def look_up_parts(
    user: User,
    query: str,
    *,
    top_k: int = 5,
    threshold: float | None = None,
    scope: Scope = EVERYTHING,
    subqueries: Sequence[str] | None = None,
    told: Told = untold,
) -> Findings:
    """As `look_up`, also for each thing that a comparison names (or for each of `subqueries`)."""
    asked = parts(query) if subqueries is None else subqueries
    beside = [part for part in dict.fromkeys(asked) if part != query][:MOST_PARTS]

    async def one(part: str) -> Findings:
        return await look_up(user, part, top_k=top_k, threshold=threshold, scope=scope)

    if not beside:
        return await one(query)

    async def part(query: str) -> Findings:
        told(query, None)
        found = None
        try:
            async with asyncio.timeout(PATIENCE):
                found = await one(query)
        except TimeoutError:
            log.warning("a part of a question was not looked up in time")
        finally:
            told(query, len(found.hits) if found else 0)
        return found or Findings([])

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(query)), *(group.create_task(part(p)) for p in beside)]
    return merged([task.result() for task in tasks], top_k)


def merged(found: Sequence[Findings], top_k: int) -> Findings:
    """The lists in turns, what says the same once; of the rest what holds for the best of them."""
    turns = [hit for row in zip_longest(*(each.hits for each in found)) for hit in row if hit]
    once: list[Hit] = list({hit.chunk_id: hit for hit in turns}.values())
    leaders = [once[places[0]] for places in fold([hit.text for hit in once])]
    # Parts have fewer words than the question: a page that holds them all promises less.
    told = found[0] if found[0].hits else max(found, key=lambda each: each.likelihood)
    return Findings(
        leaders[:top_k],
        told.likelihood,
        any(each.words_only for each in found),
        told.across_languages,
        any(each.reranked for each in found),
    )
