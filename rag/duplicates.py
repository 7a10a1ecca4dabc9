"""Passages that say the same, such as last year's slides: shown once, and where else they stand."""

from collections.abc import Sequence, Set
from typing import TypeVar

from core.words import words

T = TypeVar("T")
RUN = 3
# Of all runs of three words that either holds, the share both hold (Broder, 1997).
SAME = 0.8


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Its runs of three words; a shorter text is one run."""
    found = words(text)
    return frozenset(
        tuple(found[start : start + RUN]) for start in range(max(1, len(found) - RUN + 1))
    )


def resemblance(one: Set[tuple[str, ...]], other: Set[tuple[str, ...]]) -> float:
    """0 to 1: Jaccard's coefficient."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


def fold(texts: Sequence[str]) -> list[list[int]]:
    """Places of texts that say the same, the first of each group leading; in order of leaders."""
    groups: list[list[int]] = []
    leaders: list[frozenset[tuple[str, ...]]] = []
    for place, text in enumerate(texts):
        mine = shingles(text)
        for group, leader in zip(groups, leaders, strict=True):
            # Texts of very different size cannot resemble each other so much.
            sizes = sorted((len(mine), len(leader)))
            if sizes[0] >= SAME * sizes[1] and resemblance(mine, leader) >= SAME:
                group.append(place)
                break
        else:
            groups.append([place])
            leaders.append(mine)
    return groups
