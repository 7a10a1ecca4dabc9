"""Vectors as the rest of the house expects them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm.errors import llm_error

if TYPE_CHECKING:
    from llm.base import Vectors

# Shorter than this a vector has no direction to speak of.
SHORTEST = 1e-9


def unit(rows: Sequence[Any], dimensions: int, count: int) -> Vectors:
    """``count`` rows scaled to length 1, shape (count, dimensions); dimensions 0: whatever comes.

    Raises ``LLMError``: `other_dimensions` for vectors of another size, `malformed` for rows that
    are missing, of several sizes, not numbers or without a direction.
    """
    if len(rows) != count:
        raise llm_error("malformed")
    if not count:
        return np.empty((0, dimensions), np.float32)
    sizes = {len(row) for row in rows}
    if len(sizes) != 1 or not min(sizes):
        raise llm_error("malformed")
    if dimensions and sizes != {dimensions}:
        raise llm_error("other_dimensions")
    try:
        # In float64 first: what does not fit into float32 is told, not turned into infinity.
        numbers = np.array(rows, np.float64)
    except (TypeError, ValueError) as error:
        raise llm_error("malformed") from error
    lengths = np.linalg.norm(numbers, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < SHORTEST).any():
        raise llm_error("malformed")
    scaled: Vectors = (numbers / lengths).astype(np.float32)
    return scaled
