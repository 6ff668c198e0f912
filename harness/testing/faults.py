"""The corpus of planted faults: ways in which a benchmark has been, or could be, fooled.

Each fault is a good backend with one thing wrong, and names the code of the protocol that must
refuse it. A check that catches none of these has not earned its place; a fault that none catches
is a hole in the protocol. `harness.testing.virtual` holds those that are about time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.backends.base import Backend, Placed, Prepared
from harness.core.device import Device
from harness.core.dtype import DType, narrow, widen
from harness.testing.fake import FakeBackend, round_to_tf32
from harness.workloads.base import Arrays, Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

Plant = Callable[[Backend[Any], Workload, Arrays], Prepared[Any]]
GPU = Device("gpu")
SQUARE = Matmul(m=24, n=24, k=24)
BOTH_WAYS = replace(SQUARE, direction="forward_backward")  # all outputs of one shape, so that any can stand for another
WORTH_SAVING = Matmul(m=256, n=256, k=256)
TALL = Reduction(op="sum", shape=(33, 33), axis="first")


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


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to be wrong, the code that must catch it, and a case on which it shows.

    `in_any` says that the plant needs nothing of NumPy and works in a real framework's backend too.
    """

    name: str
    code: str
    plant: Plant | None = None
    workload: Workload = SQUARE
    device: Device = GPU
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)
    in_any: bool = False

    def backend(self, inner: Backend[Any] | None = None) -> Any:
        """Return a backend with this fault: `inner`, or a fake that is otherwise good."""
        good = inner if inner is not None else FakeBackend(device=self.device, mode="good", threads=1)
        return Planted(good, self.plant, self.overrides)


# -- wrong work ----------------------------------------------------------------------------------


def _wrong_axis(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    assert isinstance(workload, Reduction)  # noqa: S101
    return inner.prepare(replace(workload, axis="last" if workload.axis == "first" else "first"), inputs)


def _transposed_input(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    assert isinstance(workload, Matmul)  # noqa: S101
    return inner.prepare(replace(workload, transpose_a=not workload.transpose_a), inputs)


def _swapped_inputs(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    honest = inner.prepare(workload, inputs)
    return replace(honest, function=lambda *arrays: honest.function(*reversed(arrays)))


def _other_operation(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """A mean where a sum was asked for: the same time, a number that looks reasonable."""
    assert isinstance(workload, Reduction)  # noqa: S101
    return inner.prepare(replace(workload, op="mean"), inputs)


def _rounded(rounding: Callable[[Any], Any]) -> Plant:
    """Compute on operands rounded more coarsely than the type under test."""

    def plant(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
        honest = inner.prepare(workload, inputs)
        return replace(honest, function=lambda *arrays: honest.function(*map(rounding, arrays)))

    return plant


def _to_bfloat16(array: Any) -> Any:
    return widen(narrow(array, DType.BFLOAT16), DType.BFLOAT16).astype(array.dtype)


def _to_float32(array: Any) -> Any:
    return array.astype("float32").astype(array.dtype)


def _sums_in_float16(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Add up in 16 bits, one after the other, as a naive kernel does."""
    import numpy as np

    honest = inner.prepare(workload, inputs)
    return replace(honest, function=lambda x: np.add.accumulate(x.reshape(-1))[-1])


def _partial_sums_in_float16(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Sum stretches of a product in float32 and the stretches in 16 bits, as split kernels may."""
    honest = inner.prepare(workload, inputs)

    def run(a: Any, b: Any) -> Any:
        stretches = [honest.function(a[:, at : at + 32], b[at : at + 32]) for at in range(0, a.shape[1], 32)]
        total = stretches[0]
        for stretch in stretches[1:]:
            total = total + stretch
        return total

    return replace(honest, function=run)


def _ignores_math(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Full precision where TF32 was asked for: as wrong as the reverse, for it is another computation."""
    from harness.core.math_mode import MathMode

    inner.set_math(MathMode.IEEE)
    return inner.prepare(workload, inputs)


def _changes_output(change: Callable[[Any], Any]) -> Plant:
    def plant(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
        honest = inner.prepare(workload, inputs)
        return replace(honest, function=lambda *arrays: change(honest.function(*arrays)))

    return plant


def _one_nan(output: Any) -> Any:
    output.reshape(-1)[-1] = float("nan")
    return output


def _one_wrong(output: Any) -> Any:
    """One element of many: what a missing barrier or a wrong tail does."""
    output.reshape(-1)[-1] *= 1.01
    return output


# -- answers that do not follow from the inputs --------------------------------------------------


def _stale(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Each call returns the answer of the call before: a buffer read too early."""
    honest = inner.prepare(workload, inputs)
    held = [honest.function(*honest.arguments)]

    def run(*arrays: Any) -> Any:
        held.append(honest.function(*arrays))
        return held.pop(0)

    return replace(honest, function=run)


def _folded(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """The inputs of the first call became constants of the program."""
    honest = inner.prepare(workload, inputs)
    constants: list[Any] = []

    def run(*arrays: Any) -> Any:
        constants[:] = constants or arrays
        return honest.function(*constants)

    return replace(honest, function=run)


def _closed_over(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """The function takes arguments and uses others."""
    honest = inner.prepare(workload, inputs)
    return replace(honest, function=lambda *_: honest.function(*honest.arguments))


def _memoised(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
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


def _changes_gradients(change: Callable[..., tuple[Any, ...]]) -> Plant:
    def plant(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
        honest = inner.prepare(workload, inputs)

        def run(*arrays: Any) -> Any:
            output, *gradients = honest.function(*arrays)
            return (output, *change(*gradients))

        return replace(honest, function=run)

    return plant


def _last_gradient(keep: Callable[[list[Any], Any], Any]) -> Plant:
    """`keep` is given what it has kept so far and the last gradient, and returns what to give out instead."""

    def plant(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
        kept: list[Any] = []
        return _changes_gradients(lambda *gradients: (*gradients[:-1], keep(kept, gradients[-1])))(
            inner, workload, inputs
        )

    return plant


def _first_one(kept: list[Any], gradient: Any) -> Any:
    kept[:] = kept or [gradient]
    return kept[0]


def _one_before(kept: list[Any], gradient: Any) -> Any:
    kept.append(gradient)
    return kept.pop(0) if len(kept) > 1 else kept[0]


# -- answers that are right, and were not computed -------------------------------------------------


def _remembers(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Each answer is kept by the identity of its arguments: right for all inputs, and free from the second time on."""
    honest = inner.prepare(workload, inputs)
    kept: dict[Any, Any] = {}

    def run(*arrays: Any) -> Any:
        key = tuple(map(id, arrays))
        if key not in kept:
            kept[key] = (honest.function(*arrays), arrays)  # arguments too, or another may get their identity
        return kept[key][0]

    return replace(honest, function=run)


def _merges(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
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


def _carries_state(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Each call adds to what the last one left, as a forgotten `beta` of a product does."""
    honest = inner.prepare(workload, inputs)
    total: list[Any] = [0]

    def run(*arrays: Any) -> Any:
        total[0] = total[0] + honest.function(*arrays)
        return total[0]

    return replace(honest, function=run)


def _stops_working(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Right once, while it is looked at; nothing done afterwards."""
    honest = inner.prepare(workload, inputs)
    calls = [0]

    def run(*arrays: Any) -> Any:
        calls[0] += 1
        output = honest.function(*arrays)
        return output if calls[0] == 1 else output * 0

    return replace(honest, function=run)


def _overwrites_inputs(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """The arguments are used as scratch once the answer is known, as a donated buffer is."""
    honest = inner.prepare(workload, inputs)

    def run(*arrays: Any) -> Any:
        output = honest.function(*(array.copy() for array in arrays))
        arrays[0].reshape(-1)[0] *= 2
        return output

    return replace(honest, function=run)


def _recompiles(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    honest = inner.prepare(workload, inputs)
    calls = [0]

    def run(*arrays: Any) -> Any:
        calls[0] += 1
        return honest.function(*arrays)

    return replace(honest, function=run, compilations=lambda: calls[0])


# -- not there, not that -------------------------------------------------------------------------


def _as_if(**changes: Any) -> Callable[[Any], tuple[Placed, ...]]:
    """Describe arrays as a good backend does, but for `changes`."""
    good = FakeBackend(device=GPU, mode="good", threads=1)
    return lambda value: tuple(replace(placed, **changes) for placed in good.describe(value))


def _output_on_cpu(value: Any) -> tuple[Placed, ...]:
    """Arguments come as a tuple, an output as an array: only the output fell back."""
    good = FakeBackend(device=GPU, mode="good", threads=1)
    return good.describe(value) if isinstance(value, tuple) else _as_if(device="cpu")(value)


FAULTS = (
    Fault(name="wrong-axis", code="V1", plant=_wrong_axis, workload=TALL, in_any=True),
    Fault(name="transposed-input", code="V1", plant=_transposed_input, in_any=True),
    Fault(name="swapped-inputs", code="V1", plant=_swapped_inputs, in_any=True),
    Fault(name="other-operation", code="V1", plant=_other_operation, workload=TALL, in_any=True),
    Fault(name="bfloat16-for-float32", code="V1", plant=_rounded(_to_bfloat16)),
    Fault(name="tf32-for-ieee", code="V1", plant=_rounded(round_to_tf32)),
    Fault(name="tf32-for-ieee-long-sums", code="V1", plant=_rounded(round_to_tf32), workload=Matmul(m=8, n=8, k=2**20)),
    Fault(
        name="float32-for-float64",
        code="V1",
        plant=_rounded(_to_float32),
        workload=replace(SQUARE, dtype="float64"),
    ),
    Fault(
        name="bfloat16-for-float16",
        code="V1",
        plant=_rounded(_to_bfloat16),
        workload=replace(SQUARE, dtype="float16"),
    ),
    Fault(
        name="sums-in-float16",
        code="V1",
        plant=_sums_in_float16,
        workload=Reduction(op="sum", shape=(5000,), dtype="float16"),
    ),
    Fault(
        name="partial-sums-in-float16",
        code="V1",
        plant=_partial_sums_in_float16,
        workload=Matmul(m=32, n=32, k=256, dtype="float16"),
    ),
    Fault(name="ieee-for-tf32", code="V1", plant=_ignores_math, workload=replace(SQUARE, math="tf32"), in_any=True),
    Fault(name="zeros", code="V1", plant=_changes_output(lambda output: output * 0), in_any=True),
    Fault(name="nan", code="V1", plant=_changes_output(_one_nan)),
    Fault(name="one-wrong-element", code="V1", plant=_changes_output(_one_wrong)),
    Fault(name="stale-output", code="V1", plant=_stale, in_any=True),
    Fault(name="folded-constants", code="V2", plant=_folded, in_any=True),
    Fault(name="closed-over-inputs", code="V2", plant=_closed_over, in_any=True),
    Fault(name="memoised-result", code="V2", plant=_memoised, in_any=True),
    Fault(name="cpu-fallback", code="V7", overrides={"describe": _as_if(device="cpu")}),
    Fault(name="output-on-cpu", code="V7", overrides={"describe": _output_on_cpu}),
    Fault(
        name="silent-float32",
        code="V7",
        overrides={"describe": _as_if(dtype="float32")},
        workload=replace(SQUARE, dtype="float64"),
    ),
    Fault(name="wrong-shape", code="V7", overrides={"describe": _as_if(shape=(24, 24, 1))}),
    Fault(name="wide-output", code="V7", plant=_changes_output(lambda output: output.astype("float64"))),
    Fault(name="recompiles", code="V9", plant=_recompiles, in_any=True),
    Fault(name="carried-state", code="V10", plant=_carries_state, in_any=True),
    Fault(name="stops-working", code="V10", plant=_stops_working, in_any=True),
    Fault(name="overwrites-inputs", code="V10", plant=_overwrites_inputs),
    Fault(
        name="gradient-zero",
        code="V1",
        plant=_changes_gradients(lambda *gradients: (*gradients[:-1], gradients[-1] * 0)),
        workload=BOTH_WAYS,
        in_any=True,
    ),
    Fault(
        name="gradient-missing",
        code="V7",
        plant=_changes_gradients(lambda *gradients: gradients[:-1]),
        workload=BOTH_WAYS,
        in_any=True,
    ),
    Fault(
        name="gradient-sign",
        code="V1",
        plant=_changes_gradients(lambda *gradients: (*gradients[:-1], -gradients[-1])),
        workload=BOTH_WAYS,
        in_any=True,
    ),
    Fault(
        name="gradients-swapped",
        code="V1",
        plant=_changes_gradients(lambda *gradients: gradients[::-1]),
        workload=BOTH_WAYS,
        in_any=True,
    ),
    Fault(name="gradient-folded", code="V2", plant=_last_gradient(_first_one), workload=BOTH_WAYS, in_any=True),
    Fault(name="gradient-stale", code="V1", plant=_last_gradient(_one_before), workload=BOTH_WAYS, in_any=True),
)


@dataclass(frozen=True, kw_only=True)
class UntimelyFault:
    """Right answers that no contract refuses: the checks around the timing must, in any framework."""

    name: str
    code: str
    make: Callable[[Backend[Any]], Any]
    workload: Workload = WORTH_SAVING


UNTIMELY_FAULTS = (
    UntimelyFault(name="remembered-answer", code="V2", make=lambda inner: Planted(inner, _remembers, {})),
    UntimelyFault(name="merged-calls", code="V3", make=lambda inner: Planted(inner, _merges, {})),
    UntimelyFault(name="lazy-calls", code="V3", make=Lazy),
)
