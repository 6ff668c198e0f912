"""A classifier of sequences: LSTM layers, and a dense layer on what the last one holds at the end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.workloads.network.spec import DENSE, RECURRENT, VECTOR, Feature, Network, Normaliser, Weight, dense

if TYPE_CHECKING:
    from harness.workloads.network.tape import Array, Node

GATES = 4


@dataclass(frozen=True, kw_only=True)
class Lstm(Network):
    """Layers ``lstm1``, ... with ``kernel``, ``recurrent`` and one ``bias``; then ``head``.

    Gates stand in the order input, forget, cell, output; states begin at zero. PyTorch has two biases,
    which together would move twice as far: there one holds this bias and the other stays zero.
    """

    losses: ClassVar[tuple[str, ...]] = ("sparse", "categorical")

    length: int
    width_in: int
    hidden: int
    layers: int = 1
    classes: int = 10

    def features(self) -> tuple[Feature, ...]:
        """A sequence of vectors, as frames of speech are."""
        return (Feature(name="x", shape=(self.length, self.width_in)),)

    def outputs(self) -> tuple[int, ...]:
        """One number a class."""
        return (self.classes,)

    def width_of(self, layer: int) -> int:
        """Return what layer `layer`, from 1 on, is fed at each step."""
        return self.width_in if layer == 1 else self.hidden

    def weights(self) -> tuple[Weight, ...]:
        """Layer after layer."""
        found: list[Weight] = []
        for layer in range(1, self.layers + 1):
            width, wide, name = self.width_of(layer), GATES * self.hidden, f"lstm{layer}"
            found += [
                Weight(name=f"{name}.kernel", shape=(width, wide), kind=DENSE, spread=1 / math.sqrt(width)),
                Weight(
                    name=f"{name}.recurrent",
                    shape=(self.hidden, wide),
                    kind=RECURRENT,
                    spread=1 / math.sqrt(self.hidden),
                ),
                Weight(name=f"{name}.bias", shape=(wide,), kind=VECTOR, spread=0.1),
            ]
        return (*found, *dense("head", self.hidden, self.classes, gain=1.0))

    def logits(self, w: Mapping[str, Node], x: Mapping[str, Array], normalise: Normaliser) -> Node:
        """Step by step."""
        from harness.workloads.network import layers, tape

        del normalise
        sequence = [tape.Node(x["x"][:, step]) for step in range(self.length)]
        for layer in range(1, self.layers + 1):
            sequence = self._layer(w, f"lstm{layer}", sequence)
        return layers.dense(w, "head", sequence[-1])

    def _layer(self, w: Mapping[str, Node], name: str, sequence: list[Node]) -> list[Node]:
        import numpy as np

        from harness.workloads.network import tape

        batch, kind = sequence[0].value.shape[0], sequence[0].value.dtype
        held = cell = tape.Node(np.zeros((batch, self.hidden), kind))
        found = []
        for values in sequence:
            sums = values @ w[f"{name}.kernel"] + held @ w[f"{name}.recurrent"] + w[f"{name}.bias"]
            gates = [tape.part(sums, (..., slice(at * self.hidden, (at + 1) * self.hidden))) for at in range(GATES)]
            let_in, keep, fresh, show = gates
            cell = tape.sigmoid(keep) * cell + tape.sigmoid(let_in) * tape.tanh(fresh)
            held = tape.sigmoid(show) * tape.tanh(cell)
            found.append(held)
        return found

    def forward_flops(self) -> int:
        """Two products a step and layer, and the head."""
        steps = sum(
            2 * (self.width_of(layer) + self.hidden) * GATES * self.hidden for layer in range(1, self.layers + 1)
        )
        return self.length * steps + 2 * self.hidden * self.classes

    def unneeded_flops(self) -> int:
        """The first layer's input is data."""
        return self.length * 2 * self.width_in * GATES * self.hidden

    def depth(self) -> int:
        """Every step of every layer."""
        return self.length * self.layers + 1
