"""What a model has beside its layers: where each weight of the specification lies in it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from torch import nn

from harness.workloads.network.spec import EPSILON, Weight

LEAVES = {
    "kernel": "weight",
    "bias": "bias",
    "table": "weight",
    "scale": "weight",
    "offset": "bias",
    "mean": "running_mean",
    "variance": "running_var",
}
ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "relu": nn.ReLU,
    "gelu": lambda: nn.GELU(approximate="tanh"),
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


class Part(nn.Module):  # type: ignore[misc]  # mypy reads no types of PyTorch's, so its classes are anything
    """A module."""


class Model(Part):
    """A whole model; called with the features in their order, it gives the logits."""

    def path(self, module: str) -> str:
        """Return where the module is that the specification calls `module`."""
        return module

    def place(self, name: str) -> str:
        """Return where the tensor is that the specification calls `name`."""
        module, _, leaf = name.rpartition(".")
        return f"{self.path(module)}.{LEAVES[leaf]}"

    def seen(self, weight: Weight) -> tuple[int, ...]:
        """Return the shape whose axes are to be turned: where a kernel meets a flattened image, not its own."""
        return weight.shape


def dense(name: str, widths: Sequence[int], activation: str = "relu", *, at_end: bool = False) -> Any:
    """Return dense layers ``NAME1``, ... in a row with an activation between them, and perhaps one at the end."""
    layers: OrderedDict[str, Any] = OrderedDict()
    for number, (before, after) in enumerate(pairwise(widths), start=1):
        layers[f"{name}{number}"] = nn.Linear(before, after)
        if at_end or number < len(widths) - 1:
            layers[f"{activation}{number}"] = ACTIVATIONS[activation]()
    return nn.Sequential(layers)


def layer_norm(width: int) -> Any:
    """Return a layer normalisation with the epsilon of all of them."""
    return nn.LayerNorm(width, eps=EPSILON)
