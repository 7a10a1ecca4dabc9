"""Does the material say anything about this? From raw scores, never from the fused one.

The fused score is a share of the best in sight and so always looks good for the first hit. How
near the nearest passage is and how much of the query's weight in words one page holds are not.
"""

import math

from rag.candidates import Scored

# Fitted on questions asked with and without their evidence in the collection: docs/retrieval.md.
BASE, NEAR, REACH = -4.6, 8.5, 5.7
BASE_OF_WORDS, REACH_OF_WORDS = -2.2, 5.3
# Below this a search is told to be doubtful.
DOUBTFUL = 0.15


def likelihood(found: Scored, words_only: bool = False) -> float:
    """That the material holds an answer, 0 to 1."""
    if not found.candidates:
        return 0.0
    if words_only:
        return _logistic(BASE_OF_WORDS + REACH_OF_WORDS * found.reach)
    nearest = max(each.cosine for each in found.candidates)
    # Where everything is near alike, being near says less.
    return _logistic(BASE + NEAR * (nearest - found.mean_cosine) + REACH * found.reach)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
