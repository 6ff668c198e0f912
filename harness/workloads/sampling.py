"""Large matrix products judged without computing all of them in float64.

Of each product some rows and some columns are compared in full, and all of it through its product
with one random vector: what is wrong anywhere shows there, if not how.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLES = 64
STEP_ELEMENTS = 2**24  # as much of a product as is held in float64 at a time


def draw_probes(rng: np.random.Generator, shapes: Sequence[tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """Draw what is looked at of products of these shapes."""
    import numpy as np

    drawn: dict[str, NDArray[Any]] = {}
    for index, (*_, rows, columns) in enumerate(shapes):
        drawn[f"output{index}.rows"] = np.sort(rng.choice(rows, min(SAMPLES, rows), replace=False))
        drawn[f"output{index}.columns"] = np.sort(rng.choice(columns, min(SAMPLES, columns), replace=False))
        drawn[f"output{index}.vector"] = rng.standard_normal(columns)
    return drawn


def sampled_products(factors: Sequence[tuple[Any, Any]], probe: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
    """Return the sampled parts of each ``left @ right``, never the whole."""
    seen = {}
    for index, (left, right) in enumerate(factors):
        name = f"output{index}"
        seen[f"{name}.rows"] = left[..., probe[f"{name}.rows"], :] @ right
        seen[f"{name}.columns"] = left @ right[..., probe[f"{name}.columns"]]
        seen[f"{name}.projection"] = left @ (right @ probe[f"{name}.vector"][:, None])
    return seen


def sampled(products: Sequence[NDArray[Any]], probe: Mapping[str, Any]) -> dict[str, NDArray[np.float64]]:
    """Return the same parts of products that are there."""
    import numpy as np

    seen = {}
    for index, product in enumerate(products):
        name = f"output{index}"
        seen[f"{name}.rows"] = np.asarray(product[..., probe[f"{name}.rows"], :], dtype=np.float64)
        seen[f"{name}.columns"] = np.asarray(product[..., probe[f"{name}.columns"]], dtype=np.float64)
        seen[f"{name}.projection"] = _project(product, probe[f"{name}.vector"])
    return seen


def output_of(observation: str) -> int:
    """Return which output an observation belongs to."""
    return int(observation.partition(".")[0].removeprefix("output"))


def _project(product: NDArray[Any], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``product @ vector`` in float64 without a float64 copy of the whole product."""
    import numpy as np

    rows = product.reshape(-1, product.shape[-1])
    step = max(1, STEP_ELEMENTS // rows.shape[1])
    parts = [rows[start : start + step].astype(np.float64) @ vector for start in range(0, rows.shape[0], step)]
    return np.concatenate(parts).reshape(*product.shape[:-1], 1)
