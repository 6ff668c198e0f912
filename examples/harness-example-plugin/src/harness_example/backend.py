"""Numba: arrays are NumPy's, so only what is called differs from the harness's NumPy backend."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numba
import numpy as np

from harness.backends.base import Maker, Prepared, Setting
from harness.backends.numpy import NumPy
from harness.backends.shared import make_operation
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload
from harness.workloads.elementwise import GELU_CUBE, OPERANDS, SELU_ALPHA, SELU_SCALE, Elementwise
from harness.workloads.matmul import Matmul
from harness.workloads.normalise import L2_EPSILON, LAYER_EPSILON, Normalise
from harness.workloads.reduction import Reduction

Function = Callable[..., Any]
ROOT = math.sqrt(2 / math.pi)


class Numba(NumPy):
    """Functions that ``numba.njit`` compiles at their first call; accumulators are float64."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Remember what a maker may ask for."""
        super().__init__(device=device, mode=mode, threads=threads)
        self._setting = Setting(device=device, mode=mode, math=MathMode.IEEE)

    def facts(self) -> Mapping[str, Any]:
        """Both versions."""
        return {**super().facts(), "framework_version": numba.__version__, "numpy": np.__version__}

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """NumPy's arguments, and a function of our own."""
        operation = make_operation("numba", MAKERS, workload, self._setting)
        return replace(super().prepare(workload, inputs), function=operation.function)


def matmul(workload: Matmul, setting: Setting) -> Function:
    """BLAS, which Numba calls through SciPy."""
    del setting
    turn_a, turn_b = workload.transpose_a, workload.transpose_b
    return numba.njit(lambda a, b: np.dot(a.T if turn_a else a, b.T if turn_b else b))


def reduction(workload: Reduction, setting: Setting) -> Function:
    """Each row to a number; the first axis is reduced as the rows of a transposed view."""
    del setting
    loop, axis, shape = _by_rows(REDUCTIONS[workload.op]), workload.axis, workload.output_shapes()[0]

    def run(x: Any) -> Any:
        rows = x.reshape(1, -1) if axis == "all" else x.reshape(-1, x.shape[-1])
        rows = x.reshape(x.shape[0], -1).T if axis == "first" else rows
        return loop(rows, np.empty(rows.shape[0], x.dtype)).reshape(shape)

    return run


def normalise(workload: Normalise, setting: Setting) -> Function:
    """Each row to a row."""
    del setting
    loop, shape = _by_rows(NORMALISE[workload.op]), workload.shape

    def run(x: Any, scale: Any = 1, shift: Any = 0) -> Any:
        rows = x.reshape(-1, shape[-1])
        return loop(rows, np.empty_like(rows)).reshape(shape) * scale + shift

    return run


def elementwise(workload: Elementwise, setting: Setting) -> Function:
    """A ufunc."""
    del setting
    kind, count = workload.dtype, len(OPERANDS[workload.op])
    made: Function = numba.vectorize([f"{kind}({', '.join([kind] * count)})"])(ELEMENTWISE[workload.op])
    return made


def _by_rows(function: Function) -> Function:
    """Return a loop that calls `function` with each row, in float64."""
    of_row = numba.njit(function)

    def loop(rows: Any, out: Any) -> Any:
        for i in range(rows.shape[0]):
            out[i] = of_row(rows[i].astype(np.float64))
        return out

    made: Function = numba.njit(loop)
    return made


REDUCTIONS: Mapping[str, Function] = {
    "sum": lambda row: np.sum(row),
    "mean": lambda row: np.mean(row),
    "max": lambda row: np.max(row),
    "l2norm": lambda row: math.sqrt(np.sum(row**2)),
    "logsumexp": lambda row: np.max(row) + math.log(np.sum(np.exp(row - np.max(row)))),
}
NORMALISE: Mapping[str, Function] = {
    "softmax": lambda row: np.exp(row - np.max(row)) / np.sum(np.exp(row - np.max(row))),
    "layer_norm": lambda row: (row - np.mean(row)) / math.sqrt(np.var(row) + LAYER_EPSILON),
    "l2": lambda row: row / max(math.sqrt(np.sum(row**2)), L2_EPSILON),
}
ELEMENTWISE: Mapping[str, Function] = {
    "add": lambda x, y: x + y,
    "multiply_add": lambda x, y, z: x * y + z,
    "gelu": lambda x: 0.5 * x * (1 + math.tanh(ROOT * (x + GELU_CUBE * x**3))),
    "relu": lambda x: max(x, 0),
    "selu": lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * math.expm1(x)),
    "tanh": lambda x: math.tanh(x),
    "exp": lambda x: math.exp(x),
}
MAKERS: Mapping[type[Workload], Maker] = {
    Matmul: matmul,
    Reduction: reduction,
    Elementwise: elementwise,
    Normalise: normalise,
}
