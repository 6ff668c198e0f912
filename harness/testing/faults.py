"""The corpus of planted faults: ways in which a benchmark has been, or could be, fooled.

Each fault is a good backend with one thing wrong, and names the code of the protocol that must
refuse it. A check that catches none of these has not earned its place; a fault that none catches
is a hole in the protocol. `plants` holds what is planted, and `harness.testing.virtual` those that are about time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from harness.backends.base import Backend
from harness.core.device import Device
from harness.testing import plants
from harness.testing.fake import FakeBackend, round_to_tf32
from harness.workloads.base import Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

SQUARE = Matmul(m=24, n=24, k=24)
BOTH_WAYS = replace(SQUARE, direction="forward_backward")  # all outputs of one shape, so that any can stand for another
WORTH_SAVING = Matmul(m=512, n=512, k=512)  # several times what V2 lets a new call take longer, on fast processors too
TALL = Reduction(op="sum", shape=(33, 33), axis="first")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way to be wrong, the code that must catch it, and a case on which it shows.

    `in_any` says that the plant needs nothing of NumPy and works in a real framework's backend too.
    """

    name: str
    code: str
    plant: plants.Plant | None = None
    workload: Workload = SQUARE
    device: Device = plants.GPU
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)
    in_any: bool = False

    def backend(self, inner: Backend[Any] | None = None) -> Any:
        """Return a backend with this fault: `inner`, or a fake that is otherwise good."""
        good = inner if inner is not None else FakeBackend(device=self.device, mode="good", threads=1)
        return plants.Planted(good, self.plant, self.overrides)


FAULTS = (
    Fault(name="wrong-axis", code="V1", plant=plants.wrong_axis, workload=TALL, in_any=True),
    Fault(name="transposed-input", code="V1", plant=plants.transposed_input, in_any=True),
    Fault(name="swapped-inputs", code="V1", plant=plants.swapped_inputs, in_any=True),
    Fault(name="other-operation", code="V1", plant=plants.other_operation, workload=TALL, in_any=True),
    Fault(name="bfloat16-for-float32", code="V1", plant=plants.rounded(plants.to_bfloat16)),
    Fault(name="tf32-for-ieee", code="V1", plant=plants.rounded(round_to_tf32)),
    Fault(
        name="tf32-for-ieee-long-sums",
        code="V1",
        plant=plants.rounded(round_to_tf32),
        workload=Matmul(m=8, n=8, k=2**20),
    ),
    Fault(
        name="float32-for-float64",
        code="V1",
        plant=plants.rounded(plants.to_float32),
        workload=replace(SQUARE, dtype="float64"),
    ),
    Fault(
        name="bfloat16-for-float16",
        code="V1",
        plant=plants.rounded(plants.to_bfloat16),
        workload=replace(SQUARE, dtype="float16"),
    ),
    Fault(
        name="sums-in-float16",
        code="V1",
        plant=plants.sums_in_float16,
        workload=Reduction(op="sum", shape=(5000,), dtype="float16"),
    ),
    Fault(
        name="partial-sums-in-float16",
        code="V1",
        plant=plants.partial_sums_in_float16,
        workload=Matmul(m=32, n=32, k=256, dtype="float16"),
    ),
    Fault(
        name="ieee-for-tf32", code="V1", plant=plants.ignores_math, workload=replace(SQUARE, math="tf32"), in_any=True
    ),
    Fault(name="zeros", code="V1", plant=plants.changes_output(lambda output: output * 0), in_any=True),
    Fault(name="nan", code="V1", plant=plants.changes_output(plants.one_nan)),
    Fault(name="one-wrong-element", code="V1", plant=plants.changes_output(plants.one_wrong)),
    Fault(name="stale-output", code="V1", plant=plants.stale, in_any=True),
    Fault(name="folded-constants", code="V2", plant=plants.folded, in_any=True),
    Fault(name="closed-over-inputs", code="V2", plant=plants.closed_over, in_any=True),
    Fault(name="memoised-result", code="V2", plant=plants.memoised, in_any=True),
    Fault(name="cpu-fallback", code="V7", overrides={"describe": plants.as_if(device="cpu")}),
    Fault(name="output-on-cpu", code="V7", overrides={"describe": plants.output_on_cpu}),
    Fault(
        name="silent-float32",
        code="V7",
        overrides={"describe": plants.as_if(dtype="float32")},
        workload=replace(SQUARE, dtype="float64"),
    ),
    Fault(name="wrong-shape", code="V7", overrides={"describe": plants.as_if(shape=(24, 24, 1))}),
    Fault(name="wide-output", code="V7", plant=plants.changes_output(lambda output: output.astype("float64"))),
    Fault(name="recompiles", code="V9", plant=plants.recompiles, in_any=True),
    Fault(name="carried-state", code="V10", plant=plants.carries_state, in_any=True),
    Fault(name="stops-working", code="V10", plant=plants.stops_working, in_any=True),
    Fault(name="overwrites-inputs", code="V10", plant=plants.overwrites_inputs),
    Fault(
        name="gradient-zero",
        code="V1",
        plant=plants.changes_gradients(lambda *gradients: (*gradients[:-1], gradients[-1] * 0)),
        workload=BOTH_WAYS,
        in_any=True,
    ),
    Fault(
        name="gradient-missing",
        code="V7",
        plant=plants.changes_gradients(lambda *gradients: gradients[:-1]),
        workload=BOTH_WAYS,
        in_any=True,
    ),
    Fault(
        name="gradient-sign",
        code="V1",
        plant=plants.changes_gradients(lambda *gradients: (*gradients[:-1], -gradients[-1])),
        workload=BOTH_WAYS,
        in_any=True,
    ),
    Fault(
        name="gradients-swapped",
        code="V1",
        plant=plants.changes_gradients(lambda *gradients: gradients[::-1]),
        workload=BOTH_WAYS,
        in_any=True,
    ),
    Fault(
        name="gradient-folded", code="V2", plant=plants.last_gradient(plants.first_one), workload=BOTH_WAYS, in_any=True
    ),
    Fault(
        name="gradient-stale", code="V1", plant=plants.last_gradient(plants.one_before), workload=BOTH_WAYS, in_any=True
    ),
)


@dataclass(frozen=True, kw_only=True)
class UntimelyFault:
    """Right answers that no contract refuses: the checks around the timing must, in any framework."""

    name: str
    code: str
    make: Callable[[Backend[Any]], Any]
    workload: Workload = WORTH_SAVING


UNTIMELY_FAULTS = (
    UntimelyFault(name="remembered-answer", code="V2", make=lambda inner: plants.Planted(inner, plants.remembers, {})),
    UntimelyFault(name="merged-calls", code="V3", make=lambda inner: plants.Planted(inner, plants.merges, {})),
    UntimelyFault(name="lazy-calls", code="V3", make=plants.Lazy),
)
