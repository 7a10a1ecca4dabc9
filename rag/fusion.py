"""From scored passages to ranked pages: how much the vectors say, and how much the words.

A page's two scores are its best passage's cosine, and the mean of its best passage's BM25 and its
own, each as a share of the best in sight. They are added with weights that the scores themselves
give, for no half is right for every material:

- Where the question is near to everything alike, as English embeddings are to Indonesian text,
  the cosine says little: it counts with (1 - its mean over the passages in scope), squared.
- Where twenty pages match the words nearly as well as the best one, as in financial reports, the
  words say little: they count with how far the best stands above the twentieth, squared.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CROWD = 20
OF_ITS_DOCUMENT = 0.5


class Ranking(StrEnum):
    """By what hits are ordered; the halves alone are there to be compared with."""

    FUSED = "fused"
    VECTORS = "vectors"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Candidate:
    chunk_id: int
    document_id: uuid.UUID
    page: int
    cosine: float
    lexical: float  # BM25 of the passage
    page_lexical: float  # BM25 of its page


@dataclass(frozen=True, slots=True)
class Ranked:
    """A page, by the passage that speaks most for it."""

    best: Candidate
    fused: float


def fuse(
    candidates: Sequence[Candidate], mean_cosine: float, ranking: Ranking = Ranking.FUSED
) -> list[Ranked]:
    """One entry for each page, best first. `mean_cosine` is over all passages in scope."""
    pages: dict[tuple[uuid.UUID, int], list[Candidate]] = {}
    for candidate in candidates:
        pages.setdefault((candidate.document_id, candidate.page), []).append(candidate)
    groups = list(pages.values())
    words = _words(groups)
    vectors = [max(each.cosine for each in group) for group in groups]
    by_vectors, by_words = _weights(words, mean_cosine, ranking)
    own = [by_vectors * v + by_words * w for v, w in zip(vectors, words, strict=True)]
    best_passage = max((each.lexical for each in candidates), default=0.0) or 1.0

    def says(candidate: Candidate) -> float:
        return by_vectors * candidate.cosine + by_words * candidate.lexical / best_passage

    documents: dict[uuid.UUID, float] = {}
    for group, score in zip(groups, own, strict=True):
        document = group[0].document_id
        documents[document] = max(score, documents.get(document, score))
    ranked = [
        Ranked(max(group, key=says), score + OF_ITS_DOCUMENT * documents[group[0].document_id])
        for group, score in zip(groups, own, strict=True)
    ]
    return sorted(ranked, key=lambda each: (-each.fused, each.best.chunk_id))


def _words(groups: Sequence[Sequence[Candidate]]) -> list[float]:
    """Each page's share of the best, by its words."""
    passages = _shares([max(each.lexical for each in group) for group in groups])
    pages = _shares([max(each.page_lexical for each in group) for group in groups])
    return _shares([a + b for a, b in zip(passages, pages, strict=True)])


def _shares(scores: Sequence[float]) -> list[float]:
    best = max(scores, default=0.0)
    return [score / best for score in scores] if best > 0 else [0.0] * len(scores)


def _weights(words: Sequence[float], mean: float, ranking: Ranking) -> tuple[float, float]:
    if ranking is Ranking.VECTORS:
        return 1.0, 0.0
    if ranking is Ranking.WORDS:
        return 0.0, 1.0
    ordered = sorted(words, reverse=True)
    crowd = ordered[CROWD - 1] if len(ordered) >= CROWD else 0.0
    return (1 - max(mean, 0.0)) ** 2, (1 - crowd) ** 2
