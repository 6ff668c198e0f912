"""What a model is: its weights by name, what it is fed, what it gives, and how much work that is.

A `Network` knows no framework. Each backend builds the model as its own users write it and takes the
weights from here by name, so that all of them start from the same bytes; the contract then compares
losses, gradients and weights by these names, in the layout stated here.

Layouts: images are batch, height, width, channels; a dense kernel is inputs x outputs; a convolution's
is height, width, inputs, outputs; gates of an LSTM stand in the order input, forget, cell, output.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.workloads.network.tape import Array, Node

EPSILON = 1e-5  # of every normalisation
KEPT = 0.9  # of a running statistic in each step; PyTorch calls the rest, 0.1, its momentum

DENSE, CONVOLUTION, TABLE, VECTOR, RECURRENT, STATISTIC = (
    "dense",
    "convolution",
    "table",
    "vector",
    "recurrent",
    "statistic",
)


@dataclass(frozen=True, kw_only=True)
class Weight:
    """An array that a model holds. `kind` says how a framework may have to turn it round.

    `idle` is a range of the last axis whose gradient is zero by mathematics: a softmax does not change
    when the same is added to all its inputs, so a bias of attention's keys changes nothing. Rounding
    noise is all there is to compare, and Adam makes full steps of noise.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    centre: float = 0.0
    spread: float = 0.0
    idle: tuple[int, int] | None = None

    def draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return what it holds at the start."""
        import numpy as np

        drawn = rng.standard_normal(self.shape, dtype=np.float32)
        return (np.float32(self.centre) + np.float32(self.spread) * drawn).astype(np.float32)

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What a model is fed of each sample: real numbers, or whole ones below `below`."""

    name: str
    shape: tuple[int, ...]
    below: int | None = None


class Normaliser(Protocol):
    """Keeps the running statistics of a network, or uses them."""

    def __call__(self, name: str, x: Node, weights: Mapping[str, Node]) -> Node:
        """Return the batch-normalised `x`, scaled and offset."""


@dataclass(frozen=True, kw_only=True)
class Network(ABC):
    """A model of one size."""

    losses: ClassVar[tuple[str, ...]]  # the first is the usual one
    items_name: ClassVar[str] = "samples"
    tied: ClassVar[tuple[str, ...]] = ()  # tables that are also multiplied with, so that all of their rows are read

    @abstractmethod
    def features(self) -> tuple[Feature, ...]:
        """Return what it is fed."""

    @abstractmethod
    def outputs(self) -> tuple[int, ...]:
        """Return the shape of what it gives for one sample: logits, as a rule."""

    @abstractmethod
    def weights(self) -> tuple[Weight, ...]:
        """Return what is trained."""

    @abstractmethod
    def logits(self, w: Mapping[str, Node], x: Mapping[str, Array], normalise: Normaliser) -> Node:
        """Return the outputs, worked out by NumPy."""

    @abstractmethod
    def forward_flops(self) -> int:
        """Return the operations of all products for one sample: multiplications and additions."""

    @abstractmethod
    def depth(self) -> int:
        """Return how many products an error passes through, one after the other."""

    def unneeded_flops(self) -> int:
        """Return those that would give the gradient of a feature, which nobody asks for."""
        return 0

    def statistics(self) -> tuple[Weight, ...]:
        """Return what normalisation keeps beside the weights."""
        return ()

    def items(self) -> int:
        """Return how many things of `items_name` a sample is."""
        return 1

    def look_ups(self) -> int:
        """Return how many rows of each table a sample asks for."""
        return 1

    def winograd(self) -> bool:
        """Whether convolutions in it may be done with fewer operations than a direct one has."""
        return False

    # -- what follows from it --------------------------------------------------------------------

    def backward_flops(self) -> int:
        """Two products for each one of the forward direction, but for gradients that nobody asks for."""
        return 2 * self.forward_flops() - self.unneeded_flops()

    def weight_count(self) -> int:
        """How many numbers are trained."""
        return sum(weight.size for weight in self.weights())

    def touched(self, batch: int) -> int:
        """How many weights a batch needs: of a table no more rows than are looked up."""
        return sum(self._touched(weight, batch) for weight in self.weights())

    def _touched(self, weight: Weight, batch: int) -> int:
        if weight.kind != TABLE or weight.name in self.tied:
            return weight.size
        return min(weight.shape[0], batch * self.look_ups()) * weight.shape[1]


def dense(name: str, width_in: int, width_out: int, *, gain: float = 2.0, bias: bool = True) -> tuple[Weight, ...]:
    """Return the weights of a dense layer; biases are not zero, or one that is left out would not show."""
    kernel = Weight(name=f"{name}.kernel", shape=(width_in, width_out), kind=DENSE, spread=math.sqrt(gain / width_in))
    return (kernel, _bias(name, width_out)) if bias else (kernel,)


def _bias(name: str, width: int) -> Weight:
    return Weight(name=f"{name}.bias", shape=(width,), kind=VECTOR, spread=0.02)


def convolution(name: str, size: int, width_in: int, width_out: int, *, bias: bool = False) -> tuple[Weight, ...]:
    """Return the weights of a convolution with a square kernel."""
    spread = math.sqrt(2 / (size * size * width_in))
    kernel = Weight(name=f"{name}.kernel", shape=(size, size, width_in, width_out), kind=CONVOLUTION, spread=spread)
    return (kernel, _bias(name, width_out)) if bias else (kernel,)


def norm(name: str, width: int) -> tuple[Weight, ...]:
    """Return the weights of a normalisation: near what every framework starts with, but not alike."""
    return (
        Weight(name=f"{name}.scale", shape=(width,), kind=VECTOR, centre=1.0, spread=0.1),
        Weight(name=f"{name}.offset", shape=(width,), kind=VECTOR, spread=0.02),
    )


def running(name: str, width: int) -> tuple[Weight, ...]:
    """Return the statistics of a batch normalisation."""
    return (
        Weight(name=f"{name}.mean", shape=(width,), kind=STATISTIC),
        Weight(name=f"{name}.variance", shape=(width,), kind=STATISTIC, centre=1.0),
    )


def table(name: str, rows: int, width: int, spread: float) -> Weight:
    """Return the weights of an embedding."""
    return Weight(name=f"{name}.table", shape=(rows, width), kind=TABLE, spread=spread)
