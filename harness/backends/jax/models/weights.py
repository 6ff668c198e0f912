"""Weights on their way from the statement of a network to a model and back.

JAX leaves the order of axes to its user, so that every array lies as it is stated; only the names are
grouped: ``stage1.block1.conv1.conv.kernel`` is ``kernel`` of the layer ``stage1.block1.conv1.conv``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from harness.backends.jax.arrays import fetched, stored
from harness.backends.jax.models.layers import Layers
from harness.core.dtype import DType
from harness.workloads.network.spec import Weight


def placed(weights: Sequence[Weight], arrays: Mapping[str, Any], element: DType, device: Any) -> Layers:
    """Return the arrays of these weights on the device, grouped; exactly these, or it is another model."""
    wanted = {weight.name: weight.shape for weight in weights}
    given = {name: np.shape(array) for name, array in arrays.items()}
    if wanted != given:
        raise ValueError(f"the model has other weights than were given: {sorted(wanted.items() ^ given.items())}")
    grouped: dict[str, dict[str, Any]] = {}
    for name in wanted:
        layer, _, own = name.rpartition(".")
        grouped.setdefault(layer, {})[own] = stored(arrays[name], element)
    found: Layers = jax.device_put(grouped, device, may_alias=False)
    return found


def by_name(grouped: Layers) -> dict[str, Any]:
    """Return copies on the host by their full names."""
    return {f"{layer}.{own}": fetched(array) for layer, arrays in grouped.items() for own, array in arrays.items()}
