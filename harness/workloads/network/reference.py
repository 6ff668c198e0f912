"""Training by NumPy: what every framework is compared with, and what the NumPy backend runs.

The arrays decide the type: the reference widens everything to float64 first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.workloads.network import tape
from harness.workloads.network.optimiser import Optimiser, Updates
from harness.workloads.network.spec import EPSILON, KEPT, Network
from harness.workloads.network.tape import Array, Node

Arrays = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one step is fed, and what is right."""

    features: Arrays
    target: Array


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one step came to, before the update: its loss and the gradients that led to the update."""

    loss: float
    gradients: dict[str, Any]


class Running:
    """Batch normalisation in training: by the batch's own statistics, of which a running mean is kept.

    PyTorch keeps the variance that divides by one less than the count; `unbiased` is that one.
    """

    def __init__(self, statistics: Arrays) -> None:
        self.biased = {name: array.copy() for name, array in statistics.items()}
        self.unbiased = dict(self.biased)

    def __call__(self, name: str, x: Node, weights: Mapping[str, Node]) -> Node:
        """Normalise over all but the channels."""
        axes = tuple(range(x.value.ndim - 1))
        count = x.value.size // x.value.shape[-1]
        mean, variance = x.value.mean(axis=axes), x.value.var(axis=axes)
        wider = variance * (count / (count - 1)) if count > 1 else variance
        for kept, seen in ((self.biased, variance), (self.unbiased, wider)):
            kept[f"{name}.mean"] = _blend(kept[f"{name}.mean"], mean)
            kept[f"{name}.variance"] = _blend(kept[f"{name}.variance"], seen)
        return tape.normalised(x, axes, EPSILON) * weights[f"{name}.scale"] + weights[f"{name}.offset"]


def _blend(kept: Array, seen: Array) -> Array:
    kind = kept.dtype.type
    blended: Array = kind(KEPT) * kept + kind(1 - KEPT) * seen
    return blended


class Kept:
    """Batch normalisation in use: by the statistics that were kept."""

    def __init__(self, statistics: Arrays) -> None:
        self._statistics = statistics

    def __call__(self, name: str, x: Node, weights: Mapping[str, Node]) -> Node:
        """Normalise by what is known."""
        mean, variance = self._statistics[f"{name}.mean"], self._statistics[f"{name}.variance"]
        root = 1 / np.sqrt(variance + variance.dtype.type(EPSILON))
        centred = x + Node(-mean)
        return centred * Node(root) * weights[f"{name}.scale"] + weights[f"{name}.offset"]


class Trainer:
    """A network, its weights and its optimiser, step after step."""

    def __init__(
        self,
        network: Network,
        loss: str,
        optimiser: Optimiser,
        *,
        weights: Arrays,
        statistics: Arrays,
        form: str = "",
    ) -> None:
        self._network = network
        self._loss = tape.LOSSES[loss]
        self._updates = Updates(optimiser=optimiser, form=form)
        self.weights = dict(weights)
        self.running = Running(statistics)

    def look(self, batch: Batch, running: Running | None = None) -> Step:
        """Return loss and gradients, and change nothing but running statistics."""
        nodes = {name: Node(array) for name, array in self.weights.items()}
        loss = self._of(nodes, batch, running or Running(self.running.biased))
        found = tape.backward(loss)
        gradients = {name: found.get(id(node), np.zeros_like(node.value)) for name, node in nodes.items()}
        return Step(loss=float(loss.value), gradients=gradients)

    def loss(self, batch: Batch) -> float:
        """Return the loss alone."""
        nodes = {name: Node(array) for name, array in self.weights.items()}
        return float(self._of(nodes, batch, Running(self.running.biased)).value)

    def step(self, batch: Batch) -> Step:
        """Take one step."""
        seen = self.look(batch, self.running)
        self.weights = self._updates.apply(self.weights, seen.gradients)
        return seen

    def _of(self, nodes: Mapping[str, Node], batch: Batch, running: Running) -> Node:
        return self._loss(self._network.logits(nodes, batch.features, running), batch.target)


def in_turn(batches: Sequence[Batch]) -> Iterator[Batch]:
    """Yield batches over and over."""
    while True:
        yield from batches


def outputs(network: Network, *, weights: Arrays, statistics: Arrays, features: Arrays) -> Array:
    """Return what a trained network gives: inference."""
    nodes = {name: Node(array) for name, array in weights.items()}
    return network.logits(nodes, features, Kept(statistics)).value
