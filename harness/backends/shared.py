"""What the backends have in common, knowing no framework."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from harness.backends.base import Layout, Learning, Maker, Operation, Placed, Setting
from harness.backends.implementations import stranger
from harness.core.dtype import DType
from harness.workloads.base import Arrays, Workload
from harness.workloads.differentiable import Differentiable


def make_operation(
    backend: str, makers: Mapping[type[Workload], Maker], workload: Workload, setting: Setting
) -> Operation:
    """Return what `backend` calls for `workload`: by its own maker, or by one that somebody registered."""
    maker = makers.get(type(workload)) or stranger(backend, workload.name)
    if maker is None:
        raise NotImplementedError(f"{backend} has no {workload.name}")
    made = maker(workload, setting)
    operation = made if isinstance(made, Operation) else Operation(function=made)
    places = differentiated(workload)
    if operation.layout is None or not places:
        return operation
    return replace(operation, layout=operation.layout.backward(places))


class Trainee(Protocol):
    """A model in training, as every backend makes one that can be asked for all of `Learning`."""

    def weights(self) -> Mapping[str, Any]:
        """All weights and statistics."""

    def gradients(self, *arguments: Any) -> Mapping[str, Any]:
        """Of the first batch."""

    def describe(self) -> tuple[Placed, ...]:
        """Where the weights are."""

    def predict(self, *features: Any) -> Any:
        """What the model gives."""

    def forward(self, *arguments: Any) -> Any:
        """The loss alone."""

    def backward(self, *arguments: Any) -> Any:
        """The loss and all gradients."""

    def input(self, *arguments: Any) -> Any:
        """The first batch on the device."""


def learning_of(trainee: Trainee, workload: Workload, forms: tuple[str, ...] = ()) -> Learning[Any]:
    """Return what can be asked of `trainee`; it has a phase for input only where a step brings its own."""
    fed = {"input": trainee.input} if workload.fed_from_host else {}
    return Learning(
        weights=trainee.weights,
        gradients=trainee.gradients,
        describe=trainee.describe,
        predict=trainee.predict,
        phases={"forward": trainee.forward, "backward": trainee.backward, **fed},
        forms=forms,
    )


def differentiated(workload: Workload) -> tuple[int, ...]:
    """Return the places of the inputs whose gradients are asked for; none in the forward direction."""
    if not (isinstance(workload, Differentiable) and workload.is_backward):
        return ()
    names = list(workload.operand_shapes())
    return tuple(names.index(name) for name in workload.differentiated)


def laid_out(workload: Workload, inputs: Arrays, layout: Layout | None) -> Iterator[tuple[Any, DType]]:
    """Yield each argument with its element type, its axes in the order in which the backend keeps them."""
    names = workload.arguments()
    orders = layout.inputs if layout is not None else (None,) * len(names)
    kinds = workload.input_dtypes()
    for name, order in zip(names, orders, strict=True):
        yield (inputs[name] if order is None else inputs[name].transpose(order)), kinds[name]


def each(value: Any) -> tuple[Any, ...]:
    """Return an output, or arguments, as a tuple of arrays."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def is_short(dtype: DType) -> bool:
    """Whether sums of this type are kept in float32 under ``ieee``."""
    return dtype in (DType.BFLOAT16, DType.FLOAT16)


def processor_name() -> str:
    """Return what the CPU calls itself."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Processor", "cpu model"):
                return value.strip()
    return platform.processor() or platform.machine()
