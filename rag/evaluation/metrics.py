"""Measures of a ranking, and how sure they are. Pure functions over plain values.

A *unit* is what a question's evidence is counted in: a page, a passage, a span of text. A ranked
entry delivers a set of units. nDCG: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of
IR techniques" (2002), gain 2^grade - 1; intervals: the percentile bootstrap over questions.
"""

import math
import random
import statistics
from collections.abc import Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

KS = (1, 3, 5, 10)
DEPTH = 10
RESAMPLES = 1000


@dataclass(frozen=True)
class Entry:
    """One place in a ranking: `key` tells repeated entries, `delivers` are the units it holds."""

    key: Hashable
    delivers: AbstractSet[Hashable]


@dataclass(frozen=True)
class Interval:
    mean: float
    low: float
    high: float


def measures(gold: Mapping[Any, int], ranked: Sequence[Entry]) -> dict[str, float]:
    """hit@k, recall@10, mrr@10 and ndcg@10 of one question; `gold` maps units to grades above 0.

    hit@k counts entries as they were ranked, the others distinct entries.
    """
    wanted = gold.keys()
    found = {f"hit@{k}": float(any(entry.delivers & wanted for entry in ranked[:k])) for k in KS}
    news = _news(wanted, ranked)[:DEPTH]
    gains = [max((2 ** gold[unit] - 1 for unit in new), default=0) for new in news]
    ideal = sorted((2**grade - 1 for grade in gold.values()), reverse=True)[:DEPTH]
    first = next((place for place, new in enumerate(news, 1) if new), 0)
    found["recall@10"] = sum(map(len, news)) / len(gold)
    found["mrr@10"] = 1 / first if first else 0.0
    found["ndcg@10"] = _discounted(gains) / _discounted(ideal)
    return found


def _news(wanted: AbstractSet[Hashable], ranked: Sequence[Entry]) -> list[AbstractSet[Hashable]]:
    """What each distinct entry delivers that none before it has."""
    seen: set[Hashable] = set()
    had: set[Hashable] = set()
    news: list[AbstractSet[Hashable]] = []
    for entry in ranked:
        if entry.key in seen:
            continue
        seen.add(entry.key)
        news.append((entry.delivers & wanted) - had)
        had |= news[-1]
    return news


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))


def interval(values: Sequence[float], seed: int = 7) -> Interval:
    """The mean with its 95 % interval; raises ValueError for no values."""
    if not values:
        raise ValueError("no values")
    chance = random.Random(seed)
    means = sorted(
        statistics.fmean(chance.choices(values, k=len(values))) for _ in range(RESAMPLES)
    )
    low, high = means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES)]
    return Interval(statistics.fmean(values), low, high)


def difference(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Paired: one value of each for every question, in the same order."""
    return interval([mine - other for mine, other in zip(ours, theirs, strict=True)])
