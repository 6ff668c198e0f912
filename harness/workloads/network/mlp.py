"""Multi-layer perceptron: the classic first network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from harness.workloads.network.spec import Feature, Network, Normaliser, Weight, dense

if TYPE_CHECKING:
    from harness.workloads.network.tape import Array, Node


@dataclass(frozen=True, kw_only=True)
class Mlp(Network):
    """Dense layers ``dense1``, ``dense2``, ... with an activation between them, after the last none."""

    losses: ClassVar[tuple[str, ...]] = ("sparse", "categorical", "binary", "squared")

    widths: tuple[int, ...]
    activation: str = "relu"

    def features(self) -> tuple[Feature, ...]:
        """A vector."""
        return (Feature(name="x", shape=(self.widths[0],)),)

    def outputs(self) -> tuple[int, ...]:
        """One number a class."""
        return (self.widths[-1],)

    def weights(self) -> tuple[Weight, ...]:
        """Kernels and biases."""
        pairs = enumerate(pairwise(self.widths), start=1)
        return tuple(weight for number, (a, b) in pairs for weight in dense(f"dense{number}", a, b))

    def logits(self, w: Mapping[str, Node], x: Mapping[str, Array], normalise: Normaliser) -> Node:
        """Layer after layer."""
        from harness.workloads.network import layers, tape

        del normalise
        values = tape.Node(x["x"])
        for number in range(1, self.depth() + 1):
            values = layers.dense(w, f"dense{number}", values)
            if number < self.depth():
                values = tape.ACTIVATIONS[self.activation](values)
        return values

    def forward_flops(self) -> int:
        """The products."""
        return sum(2 * a * b for a, b in pairwise(self.widths))

    def unneeded_flops(self) -> int:
        """The first layer's input is data."""
        return 2 * self.widths[0] * self.widths[1]

    def depth(self) -> int:
        """The layers."""
        return len(self.widths) - 1
