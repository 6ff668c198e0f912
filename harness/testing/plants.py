"""What is planted into a good backend to make it wrong: each a `prepare` that breaks one thing.

`faults` names them, with the code of the protocol that must refuse each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.backends.base import Backend, Placed, Prepared
from harness.core.device import Device
from harness.core.dtype import DType, narrow, widen
from harness.testing.fake import FakeBackend
from harness.workloads.base import Arrays, Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

Plant = Callable[[Backend[Any], Workload, Arrays], Prepared[Any]]
GPU = Device("gpu")


class Planted:
    """A backend that passes everything on to a good one, but for what is planted."""

    def __init__(self, inner: Backend[Any], plant: Plant | None, overrides: Mapping[str, Any]) -> None:
        self._inner = inner
        self._plant = plant
        self._overrides = overrides

    def __getattr__(self, name: str) -> Any:
        return self._overrides[name] if name in self._overrides else getattr(self._inner, name)

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """Prepare as planted."""
        prepare = self._plant or (lambda inner, *rest: inner.prepare(*rest))
        return prepare(self._inner, workload, inputs)


# -- wrong work ----------------------------------------------------------------------------------


def wrong_axis(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """The other axis of a reduction."""
    assert isinstance(workload, Reduction)  # noqa: S101
    return inner.prepare(replace(workload, axis="last" if workload.axis == "first" else "first"), inputs)


def transposed_input(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """The first factor of a product, turned."""
    assert isinstance(workload, Matmul)  # noqa: S101
    return inner.prepare(replace(workload, transpose_a=not workload.transpose_a), inputs)


def swapped_inputs(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """All inputs in the reverse order."""
    honest = inner.prepare(workload, inputs)
    return replace(honest, function=lambda *arrays: honest.function(*reversed(arrays)))


def other_operation(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """A mean where a sum was asked for: the same time, a number that looks reasonable."""
    assert isinstance(workload, Reduction)  # noqa: S101
    return inner.prepare(replace(workload, op="mean"), inputs)


def rounded(rounding: Callable[[Any], Any]) -> Plant:
    """Compute on operands rounded more coarsely than the type under test."""

    def plant(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
        honest = inner.prepare(workload, inputs)
        return replace(honest, function=lambda *arrays: honest.function(*map(rounding, arrays)))

    return plant


def to_bfloat16(array: Any) -> Any:
    """Eight binary digits, and no more."""
    return widen(narrow(array, DType.BFLOAT16), DType.BFLOAT16).astype(array.dtype)


def to_float32(array: Any) -> Any:
    """What a framework does that is not asked for 64 bits."""
    return array.astype("float32").astype(array.dtype)


def sums_in_float16(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Add up in 16 bits, one after the other, as a naive kernel does."""
    import numpy as np

    honest = inner.prepare(workload, inputs)
    return replace(honest, function=lambda x: np.add.accumulate(x.reshape(-1))[-1])


def partial_sums_in_float16(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Sum stretches of a product in float32 and the stretches in 16 bits, as split kernels may."""
    honest = inner.prepare(workload, inputs)

    def run(a: Any, b: Any) -> Any:
        stretches = [honest.function(a[:, at : at + 32], b[at : at + 32]) for at in range(0, a.shape[1], 32)]
        total = stretches[0]
        for stretch in stretches[1:]:
            total = total + stretch
        return total

    return replace(honest, function=run)


def ignores_math(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Full precision where TF32 was asked for: as wrong as the reverse, for it is another computation."""
    from harness.core.math_mode import MathMode

    inner.set_math(MathMode.IEEE)
    return inner.prepare(workload, inputs)


def changes_output(change: Callable[[Any], Any]) -> Plant:
    """Return what hands out something else than a good backend computed."""

    def plant(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
        honest = inner.prepare(workload, inputs)
        return replace(honest, function=lambda *arrays: change(honest.function(*arrays)))

    return plant


def one_nan(output: Any) -> Any:
    """The last element is no number."""
    output.reshape(-1)[-1] = float("nan")
    return output


def one_wrong(output: Any) -> Any:
    """One element of many: what a missing barrier or a wrong tail does."""
    output.reshape(-1)[-1] *= 1.01
    return output


# -- answers that do not follow from the inputs --------------------------------------------------


def stale(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Each call returns the answer of the call before: a buffer read too early."""
    honest = inner.prepare(workload, inputs)
    held = [honest.function(*honest.arguments)]

    def run(*arrays: Any) -> Any:
        held.append(honest.function(*arrays))
        return held.pop(0)

    return replace(honest, function=run)


def folded(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """The inputs of the first call became constants of the program."""
    honest = inner.prepare(workload, inputs)
    constants: list[Any] = []

    def run(*arrays: Any) -> Any:
        constants[:] = constants or arrays
        return honest.function(*constants)

    return replace(honest, function=run)


def closed_over(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """The function takes arguments and uses others."""
    honest = inner.prepare(workload, inputs)
    return replace(honest, function=lambda *_: honest.function(*honest.arguments))


def memoised(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """The answer is kept by the shapes of the arguments."""
    honest = inner.prepare(workload, inputs)
    answers: dict[Any, Any] = {}

    def run(*arrays: Any) -> Any:
        key = tuple(array.shape for array in arrays)
        if key not in answers:
            answers[key] = honest.function(*arrays)
        return answers[key]

    return replace(honest, function=run)


# -- faults of one gradient, behind an output that is right ---------------------------------------


def changes_gradients(change: Callable[..., tuple[Any, ...]]) -> Plant:
    """Return what hands out other gradients behind a right output."""

    def plant(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
        honest = inner.prepare(workload, inputs)

        def run(*arrays: Any) -> Any:
            output, *gradients = honest.function(*arrays)
            return (output, *change(*gradients))

        return replace(honest, function=run)

    return plant


def last_gradient(keep: Callable[[list[Any], Any], Any]) -> Plant:
    """`keep` is given what it has kept so far and the last gradient, and returns what to give out instead."""

    def plant(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
        kept: list[Any] = []
        return changes_gradients(lambda *gradients: (*gradients[:-1], keep(kept, gradients[-1])))(
            inner, workload, inputs
        )

    return plant


def first_one(kept: list[Any], gradient: Any) -> Any:
    """The gradient of the first call, ever after."""
    kept[:] = kept or [gradient]
    return kept[0]


def one_before(kept: list[Any], gradient: Any) -> Any:
    """The gradient of the call before."""
    kept.append(gradient)
    return kept.pop(0) if len(kept) > 1 else kept[0]


# -- answers that are right, and were not computed -------------------------------------------------


def remembers(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Each answer is kept by the identity of its arguments: right for all inputs, and free from the second time on."""
    honest = inner.prepare(workload, inputs)
    kept: dict[Any, Any] = {}

    def run(*arrays: Any) -> Any:
        key = tuple(map(id, arrays))
        if key not in kept:
            kept[key] = (honest.function(*arrays), arrays)  # arguments too, or another may get their identity
        return kept[key][0]

    return replace(honest, function=run)


def merges(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """A call like the one before it is not made again, as a queue that looks for equal work may do."""
    honest = inner.prepare(workload, inputs)
    last: list[Any] = [None, None]

    def run(*arrays: Any) -> Any:
        if last[0] is None or any(one is not other for one, other in zip(last[0], arrays, strict=True)):
            last[:] = arrays, honest.function(*arrays)
        return last[1]

    return replace(honest, function=run)


class Lazy(Planted):
    """A call is only noted down; what the fence, or anybody, looks at is computed then, and nothing else ever."""

    class _Note:
        """An answer that is not there yet."""

        def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
            self._work: tuple[Callable[..., Any], tuple[Any, ...]] | None = (function, arguments)
            self._value: Any = None

        def value(self) -> Any:
            if self._work is not None:
                function, arguments = self._work
                self._value, self._work = function(*arguments), None
            return self._value

    def __init__(self, inner: Backend[Any]) -> None:
        super().__init__(inner, self._note_down, {})

    def _note_down(self, inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
        honest = inner.prepare(workload, inputs)
        return replace(honest, function=lambda *arrays: self._Note(honest.function, arrays))

    def __getattr__(self, name: str) -> Any:
        known = super().__getattr__(name)
        if name not in ("wait", "peek", "fetch", "describe"):
            return known
        return lambda value: known(value.value() if isinstance(value, self._Note) else value)


# -- not the same work each time -----------------------------------------------------------------


def carries_state(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Each call adds to what the last one left, as a forgotten `beta` of a product does."""
    honest = inner.prepare(workload, inputs)
    total: list[Any] = [0]

    def run(*arrays: Any) -> Any:
        total[0] = total[0] + honest.function(*arrays)
        return total[0]

    return replace(honest, function=run)


def stops_working(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Right once, while it is looked at; nothing done afterwards."""
    honest = inner.prepare(workload, inputs)
    calls = [0]

    def run(*arrays: Any) -> Any:
        calls[0] += 1
        output = honest.function(*arrays)
        return output if calls[0] == 1 else output * 0

    return replace(honest, function=run)


def overwrites_inputs(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """The arguments are used as scratch once the answer is known, as a donated buffer is."""
    honest = inner.prepare(workload, inputs)

    def run(*arrays: Any) -> Any:
        output = honest.function(*(array.copy() for array in arrays))
        arrays[0].reshape(-1)[0] *= 2
        return output

    return replace(honest, function=run)


def recompiles(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Each call compiles anew, as it counts itself."""
    honest = inner.prepare(workload, inputs)
    calls = [0]

    def run(*arrays: Any) -> Any:
        calls[0] += 1
        return honest.function(*arrays)

    return replace(honest, function=run, compilations=lambda: calls[0])


# -- not there, not that -------------------------------------------------------------------------


def as_if(**changes: Any) -> Callable[[Any], tuple[Placed, ...]]:
    """Describe arrays as a good backend does, but for `changes`."""
    good = FakeBackend(device=GPU, mode="good", threads=1)
    return lambda value: tuple(replace(placed, **changes) for placed in good.describe(value))


def output_on_cpu(value: Any) -> tuple[Placed, ...]:
    """Arguments come as a tuple, an output as an array: only the output fell back."""
    good = FakeBackend(device=GPU, mode="good", threads=1)
    return good.describe(value) if isinstance(value, tuple) else as_if(device="cpu")(value)
