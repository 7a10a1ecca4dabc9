"""Vectors as the rest of the house expects them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llm.errors import llm_error

if TYPE_CHECKING:
    from llm.base import Vectors


def unit(rows: Vectors, dimensions: int) -> Vectors:
    """Rows scaled to length 1, shape (n, dimensions). Raises ``LLMError`` for another shape."""
    if not len(rows):
        return np.empty((0, dimensions), np.float32)
    if rows.ndim != 2 or rows.shape[1] != dimensions or not np.isfinite(rows).all():
        raise llm_error("malformed")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Vectors = rows / np.maximum(lengths, np.float32(1e-12))
    return scaled
