"""The mathematics of attention heads in NumPy, a few query rows at a time.

A row of scores needs only its own query, so memory stays small whatever the lengths are, and a few
rows of a head can be had without the rest of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP_ELEMENTS = 2**21  # as many scores as are held at a time


def head_output(query: Any, key: Any, value: Any, *, causal: bool) -> NDArray[Any]:
    """Return ``softmax(query key^T / sqrt(d)) value`` of one head."""
    import numpy as np

    parts = [_weights(query, key, rows, causal=causal) @ value for rows in _steps(query, key)]
    return np.concatenate(parts)


def head_gradients(query: Any, key: Any, value: Any, upstream: Any, *, causal: bool) -> tuple[NDArray[Any], ...]:
    """Return the gradients of a head's query, key and value."""
    import numpy as np

    of_query, of_key, of_value = np.empty_like(query), np.zeros_like(key), np.zeros_like(value)
    for rows in _steps(query, key):
        weights = _weights(query, key, rows, causal=causal)
        of_scores = _of_scores(weights, value, upstream[rows], query.shape[-1])
        of_query[rows] = of_scores @ key
        of_key += of_scores.T @ query[rows]
        of_value += weights.T @ upstream[rows]
    return of_query, of_key, of_value


def output_rows(rows: Any, query: Any, key: Any, value: Any, *, causal: bool) -> NDArray[Any]:
    """Return some rows of a head's output."""
    held: NDArray[Any] = _weights(query, key, rows, causal=causal) @ value
    return held


def query_gradient_rows(rows: Any, query: Any, key: Any, value: Any, upstream: Any, *, causal: bool) -> NDArray[Any]:
    """Return some rows of the gradient of a head's query."""
    weights = _weights(query, key, rows, causal=causal)
    held: NDArray[Any] = _of_scores(weights, value, upstream[rows], query.shape[-1]) @ key
    return held


def _steps(query: Any, key: Any) -> Iterator[NDArray[Any]]:
    import numpy as np

    step = max(1, STEP_ELEMENTS // len(key))
    return (np.arange(start, min(start + step, len(query))) for start in range(0, len(query), step))


def _weights(query: Any, key: Any, rows: Any, *, causal: bool) -> NDArray[Any]:
    """Return how much each of `rows` takes of each key: rows of a softmax."""
    import numpy as np

    scores: NDArray[Any] = (query[rows] @ key.T) * query.dtype.type(1 / math.sqrt(query.shape[-1]))
    if causal:
        scores[np.arange(len(key)) > rows[:, None]] = -np.inf
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def _of_scores(weights: Any, value: Any, above: Any, width: int) -> Any:
    """Return the gradient of what goes into the scaled scores, the scale included."""
    of_weights = above @ value.T
    of_weights -= (weights * of_weights).sum(axis=-1, keepdims=True)
    return weights * of_weights * weights.dtype.type(1 / math.sqrt(width))
