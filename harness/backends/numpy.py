"""NumPy as a backend: the honest but slow one, never ranked.

It computes 16-bit types in float32 and rounds once, as ``ieee`` says, on the bits that
`harness.core.dtype` keeps them in. Tests and plugin authors compare themselves with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.backends.base import Placed, Prepared
from harness.backends.shared import each, processor_name
from harness.core.device import Device
from harness.core.dtype import DType, narrow, widen
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

Array = Any


class NumPy:
    """NumPy on the CPU."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Nothing to take hold of; the number of threads is BLAS's, set from outside."""
        del device, mode, threads

    def facts(self) -> Mapping[str, Any]:
        """Version, processor, and the BLAS that multiplies."""
        build: Any = np.show_config(mode="dicts")
        blas = build["Build Dependencies"]["blas"]
        return {
            "framework_version": np.__version__,
            "device_name": processor_name(),
            "blas": f"{blas.get('name')} {blas.get('version')}",
        }

    def set_math(self, mode: MathMode) -> None:
        """There is only one arithmetic."""

    def place(self, workload: Workload, inputs: Arrays) -> tuple[Array, ...]:
        """Copy, for the inputs are read-only maps."""
        del workload
        return tuple(np.array(array) for array in inputs.values())

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Array]:
        """Wrap the function in the types of the workload."""
        function, element, result = _function(workload), workload.element, workload.result_dtype
        compute = workload.accumulator.storage

        def run(*stored: Array) -> Array:
            wide = [_widen32(array, element).astype(compute, copy=False) for array in stored]
            return _narrow(np.asarray(function(*wide)), result)

        return Prepared(function=run, arguments=self.place(workload, inputs))

    def wait(self, output: Array) -> None:
        """NumPy returns when it is done."""

    def peek(self, output: Array) -> float:
        """The first element."""
        return float(_widen(each(output)[0]).reshape(-1)[0])

    def fetch(self, value: Any) -> tuple[Array, ...]:
        """Copies, bfloat16 as float32."""
        return tuple(np.array(_widen(array)) for array in each(value))

    def describe(self, value: Any) -> tuple[Placed, ...]:
        """Always on the CPU; bits in uint16 are bfloat16."""
        return tuple(
            Placed(dtype="bfloat16" if array.dtype == np.uint16 else str(array.dtype), device="cpu", shape=array.shape)
            for array in each(value)
        )

    def peak_memory(self) -> int | None:
        """NumPy has no device memory."""
        return None


def _function(workload: Workload) -> Callable[..., Array]:
    match workload:
        case Matmul():
            turn_a, turn_b = workload.transpose_a, workload.transpose_b
            return lambda a, b: (np.swapaxes(a, -1, -2) if turn_a else a) @ (np.swapaxes(b, -1, -2) if turn_b else b)
        case Reduction():
            return _reduction(workload.op, workload.axes)
    raise NotImplementedError(workload.name)


def _reduction(op: str, axes: tuple[int, ...]) -> Callable[..., Array]:
    def logsumexp(x: Array) -> Array:
        top = np.max(x, axis=axes, keepdims=True)
        return np.log(np.sum(np.exp(x - top), axis=axes)) + np.squeeze(top, axis=axes)

    return {
        "sum": lambda x: np.sum(x, axis=axes),
        "mean": lambda x: np.mean(x, axis=axes),
        "max": lambda x: np.max(x, axis=axes),
        "l2norm": lambda x: np.sqrt(np.sum(np.square(x), axis=axes)),
        "logsumexp": logsumexp,
    }[op]


def _widen32(stored: Array, dtype: DType) -> Array:
    return (stored.astype(np.uint32) << 16).view(np.float32) if dtype is DType.BFLOAT16 else stored


def _narrow(values: Array, dtype: DType) -> Array:
    return values.astype(dtype.storage, copy=False) if dtype is not DType.BFLOAT16 else narrow(values, dtype)


def _widen(array: Array) -> Array:
    return widen(array, DType.BFLOAT16).astype(np.float32) if array.dtype == np.uint16 else array
