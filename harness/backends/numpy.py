"""NumPy as a backend: the honest but slow one, never ranked.

It computes 16-bit types in float32 and rounds once, as ``ieee`` says, on the bits that
`harness.core.dtype` keeps them in. Tests and plugin authors compare themselves with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.backends import numpy_training
from harness.backends.base import Placed, Prepared
from harness.backends.shared import each, processor_name
from harness.core.device import Device
from harness.core.dtype import DType, narrow, widen
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload
from harness.workloads.training import Training

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
        return tuple(np.array(inputs[name]) for name in workload.arguments())

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Array]:
        """The workload's own mathematics, in the types that ``ieee`` asks for."""
        if isinstance(workload, Training):
            return numpy_training.prepare(workload, inputs, self.place(workload, inputs))
        accumulator, names = workload.accumulator, workload.arguments()
        kinds, results = workload.input_dtypes(), workload.output_dtypes()
        bound = {
            name: _widened(np.array(array), kinds[name], accumulator)
            for name, array in inputs.items()
            if name not in names
        }

        def run(*stored: Array) -> Any:
            wide = {name: _widened(array, kinds[name], accumulator) for name, array in zip(names, stored, strict=True)}
            outputs = workload.compute({**bound, **wide})
            rounded = tuple(_narrow(np.asarray(output), kind) for output, kind in zip(outputs, results, strict=True))
            return rounded if len(rounded) > 1 else rounded[0]

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
            Placed(
                dtype="bfloat16" if array.dtype == np.uint16 else str(array.dtype),
                device="cpu",
                shape=array.shape,
                address=_address(array),
            )
            for array in each(value)
        )

    def peak_memory(self) -> int | None:
        """NumPy has no device memory."""
        return None


def _widened(stored: Array, dtype: DType, accumulator: DType) -> Array:
    """Return values in the type that sums are kept in; indices stay what they are."""
    if dtype is DType.BFLOAT16:
        return (stored.astype(np.uint32) << 16).view(np.float32)
    return stored if dtype is DType.INT32 else stored.astype(accumulator.storage, copy=False)


def _narrow(values: Array, dtype: DType) -> Array:
    return values.astype(dtype.storage, copy=False) if dtype is not DType.BFLOAT16 else narrow(values, dtype)


def _address(array: Array) -> int:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return int(array.__array_interface__["data"][0])


def _widen(array: Array) -> Array:
    return widen(array, DType.BFLOAT16).astype(np.float32) if array.dtype == np.uint16 else array
