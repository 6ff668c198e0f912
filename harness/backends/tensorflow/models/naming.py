"""The specification's name of each variable of a Keras model, and the proof that all are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.workloads.network.spec import Network

WORDS: Mapping[str, str] = {
    "kernel": "kernel",
    "bias": "bias",
    "recurrent_kernel": "recurrent",
    "embeddings": "table",
    "gamma": "scale",
    "beta": "offset",
    "moving_mean": "mean",
    "moving_variance": "variance",
}


def variables(model: Any, network: Network) -> dict[str, Any]:
    """Return weights and then statistics by name, or raise where they are not those of the specification."""
    found = {f"{layer.name}.{WORDS[held.name]}": held for layer in model.layers for held in layer.weights}
    wanted = {weight.name: weight.shape for weight in (*network.weights(), *network.statistics())}
    shapes = {name: tuple(held.shape) for name, held in found.items()}
    if shapes != wanted:
        apart = sorted(name for name in {*shapes, *wanted} if shapes.get(name) != wanted.get(name))
        raise ValueError(f"the model does not hold what is specified: {', '.join(apart)}")
    return {name: found[name] for name in wanted}
