"""Weights by the specification's names: into a model, and out of it again.

Kernels are turned round: dense ones are outputs x inputs here, those of convolutions outputs, inputs,
height, width. All others lie as they are stated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from harness.backends.torch.arrays import tensor
from harness.workloads.modelled import STATISTIC, WEIGHT
from harness.workloads.network.spec import CONVOLUTION, DENSE, RECURRENT, Network, Weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.core.dtype import DType
    from harness.workloads.base import Arrays

KERNELS = (DENSE, RECURRENT, CONVOLUTION)
TURNED = {2: (1, 0), 4: (3, 2, 0, 1)}  # axes of a kernel, by how many there are
STATISTICS = ("running_mean", "running_var")


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where one weight is. Axis ``i`` of what is held is axis ``axes[i]`` of `seen`."""

    weight: Weight
    held: Any
    seen: tuple[int, ...]
    axes: tuple[int, ...]

    def load(self, array: Any, element: DType) -> None:
        """Take values as the workload states them, in their storage."""
        turned = array.reshape(self.seen).transpose(self.axes).reshape(self.held.shape)
        self.held.copy_(tensor(turned, element, "cpu"))

    def stated(self, values: Any) -> NDArray[np.float32]:
        """Return a copy of values that lie as this weight does, as the workload states them."""
        array = values.detach().to("cpu", torch.float32, copy=True).numpy()
        lying = array.reshape([self.seen[axis] for axis in self.axes])
        return lying.transpose(np.argsort(self.axes)).reshape(self.weight.shape)  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class Slots:
    """Where all weights of a model are, and its statistics."""

    weights: tuple[Slot, ...]
    statistics: tuple[Slot, ...]

    @property
    def all(self) -> tuple[Slot, ...]:
        """Weights, then statistics."""
        return (*self.weights, *self.statistics)

    def load(self, inputs: Arrays, kinds: Mapping[str, DType]) -> None:
        """Take all of them from a workload's inputs."""
        for kind, slots in ((WEIGHT, self.weights), (STATISTIC, self.statistics)):
            for slot in slots:
                name = f"{kind}.{slot.weight.name}"
                slot.load(inputs[name], kinds[name])

    def stated(self) -> dict[str, NDArray[np.float32]]:
        """Return copies of all of them by name."""
        return {slot.weight.name: slot.stated(slot.held) for slot in self.all}

    def gradients(self) -> dict[str, NDArray[np.float32]]:
        """Return copies of the gradients; a weight that got none has zeros."""
        return {
            slot.weight.name: slot.stated(torch.zeros_like(slot.held) if slot.held.grad is None else slot.held.grad)
            for slot in self.weights
        }


def find_slots(model: Any, network: Network) -> Slots:
    """Return where everything is; raise where model and specification do not hold the same."""
    slots = Slots(
        weights=tuple(_slot(model, weight) for weight in network.weights()),
        statistics=tuple(_slot(model, weight) for weight in network.statistics()),
    )
    trained = {name: held for name, held in model.named_parameters() if held.requires_grad}
    kept = {name: held for name, held in model.named_buffers() if name.rpartition(".")[2] in STATISTICS}
    _must_be_same(model, slots.weights, trained)
    _must_be_same(model, slots.statistics, kept)
    return slots


def _slot(model: Any, weight: Weight) -> Slot:
    module, _, leaf = model.place(weight.name).rpartition(".")
    seen = model.seen(weight)
    axes = TURNED[len(seen)] if weight.kind in KERNELS else tuple(range(len(seen)))
    return Slot(weight=weight, held=getattr(model.get_submodule(module), leaf), seen=seen, axes=axes)


def _must_be_same(model: Any, slots: tuple[Slot, ...], held: Mapping[str, Any]) -> None:
    stated = {id(slot.held): slot.weight for slot in slots}
    beside = [name for name, one in held.items() if id(one) not in stated]
    missing = stated.keys() - {id(one) for one in held.values()}
    lost = [slot.weight.name for slot in slots if id(slot.held) in missing]
    other = [slot.weight.name for slot in slots if slot.weight.size != math.prod(slot.held.shape)]
    if beside or lost or other or len(stated) != len(slots):
        wrong = f"{beside} is more, {lost} is not trained, {other} is of another size"
        raise ValueError(f"{type(model).__name__} does not hold what is specified: {wrong}")
