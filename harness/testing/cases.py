"""Small cases that together touch every parameter: odd shapes, every type, order, operation and axis.

Sizes are small because the point is what is computed, not how fast; odd because padding and
vector tails are where kernels go wrong; and a few are round because some types demand it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING

from harness.backends.base import COMPILED
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

if TYPE_CHECKING:
    from harness.backends.base import BackendInfo
    from harness.core.device import Device
    from harness.workloads.base import Workload

OPERATIONS = ("sum", "mean", "max", "logsumexp", "l2norm")
AXES = ("all", "first", "last")


def contract_cases(info: BackendInfo, mode: str, device: Device, *, everything: bool = False) -> Iterator[Workload]:
    """Yield what `info` does not refuse; a mode that compiles for seconds gets a few cases unless `everything`."""
    chosen = info.mode(mode)
    short = chosen is not None and chosen.mode_class == COMPILED and not everything
    for workload in few_cases() if short else all_cases():
        if info.refuses(workload, mode, device) is None:
            yield workload


def few_cases() -> tuple[Workload, ...]:
    """One of each workload in float32, and one of each with all that is unusual about it."""
    return (
        Matmul(m=17, n=9, k=33),
        Matmul(m=17, n=9, k=33, batch=3, transpose_a=True, dtype="bfloat16"),
        Reduction(op="sum", shape=(257, 65)),
        Reduction(op="logsumexp", shape=(257, 65), axis="first", dtype="bfloat16"),
    )


def all_cases() -> Iterator[Workload]:
    """Every parameter at every value that it can have, most of them crossed."""
    yield from _products()
    yield from _reductions()


def _products() -> Iterator[Workload]:
    orders = tuple(product((False, True), repeat=2))
    for dtype, batch, (turn_a, turn_b) in product(Matmul.dtypes, (1, 3), orders):
        yield Matmul(m=17, n=9, k=33, batch=batch, transpose_a=turn_a, transpose_b=turn_b, dtype=str(dtype))
    for dtype in Matmul.dtypes:
        yield Matmul(m=32, n=16, k=64, transpose_b=True, dtype=str(dtype))  # what int8 on a GPU can do
        yield Matmul(m=1, n=40, k=301, dtype=str(dtype))
        yield Matmul(m=40, n=1, k=1, dtype=str(dtype))
    for math in (MathMode.TF32, MathMode.DEFAULT):  # large enough for a device to use its matrix units
        yield Matmul(m=256, n=256, k=256, math=str(math))
    yield Matmul(m=16, n=8, k=4096, dtype="float16")  # where sums in 16 bits would show
    yield Matmul(m=16, n=8, k=24, distribution="uniform")


def _reductions() -> Iterator[Workload]:
    for dtype, op, axis in product(Reduction.dtypes, OPERATIONS, AXES):
        yield Reduction(op=op, shape=(257, 65), axis=axis, dtype=str(dtype))
    for op in OPERATIONS:
        yield Reduction(op=op, shape=(70_001,), dtype=str(DType.FLOAT16))
        yield Reduction(op=op, shape=(3, 5, 7), axis="first")
        yield Reduction(op=op, shape=(1, 1), axis="last", dtype=str(DType.BFLOAT16))
