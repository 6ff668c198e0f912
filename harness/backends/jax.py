"""JAX under ``jit``, as its users write it; arrays are arguments, or XLA would fold them.

On the CPU dispatch is made synchronous: otherwise `inner` calls overlap and no fence at the end
tells how long one takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import DotAlgorithmPreset, Precision

from harness.backends.base import DeviceMissing, Placed, Prepared
from harness.backends.shared import each, is_short, processor_name
from harness.core.device import Device
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

Function = Callable[..., Any]


class Jax:
    """JAX on one device."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Configure before the first use; the environment shows one GPU only."""
        del mode
        self._kind = device.kind
        self._math = MathMode.IEEE
        os.environ["NPROC"] = str(threads)  # what XLA sizes its pools by; read when the client is made
        jax.config.update("jax_enable_x64", True)  # noqa: FBT003  (its signature)
        if device.kind == "cpu":
            jax.config.update("jax_cpu_enable_async_dispatch", False)  # noqa: FBT003
        try:
            found = jax.devices(device.kind)
        except RuntimeError as error:
            raise DeviceMissing(f"jax {jax.__version__} sees no {device}: {error}") from error
        index = 0 if device.kind == "gpu" else device.index
        if index >= len(found):
            raise DeviceMissing(f"jax {jax.__version__} sees {len(found)} of {device.kind}, not {device}")
        self._device = found[index]

    def facts(self) -> Mapping[str, Any]:
        """Versions, the device's own name, and the flags that XLA was given."""
        import jaxlib

        return {
            "framework_version": jax.__version__,
            "device_name": processor_name() if self._kind == "cpu" else self._device.device_kind,
            "jaxlib": jaxlib.__version__,
            "platform_version": self._device.client.platform_version,
            "xla_flags": os.environ.get("XLA_FLAGS", ""),
            "async_dispatch": self._kind != "cpu",
            "x64": True,
        }

    def set_math(self, mode: MathMode) -> None:
        """Remember it: in JAX the precision belongs to each product and is traced in."""
        self._math = mode

    def place(self, workload: Workload, inputs: Arrays) -> tuple[jax.Array, ...]:
        """Copy into memory of JAX's own, aligned as its own arrays are."""
        return tuple(
            jax.device_put(_array(array, workload.element), self._device, may_alias=False) for array in inputs.values()
        )

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[jax.Array]:
        """Count traces by what only tracing does: run the Python function."""
        function, traces = _function(workload, self._math), [0]

        def traced(*arrays: jax.Array) -> jax.Array:
            traces[0] += 1
            result: jax.Array = function(*arrays)
            return result

        return Prepared(
            function=jax.jit(traced), arguments=self.place(workload, inputs), compilations=lambda: traces[0]
        )

    def wait(self, output: jax.Array) -> None:
        """A device works in order, so its last output is ready after all others."""
        jax.block_until_ready(output)

    def peek(self, output: jax.Array) -> float:
        """The first element."""
        first = each(output)[0]
        return float(first[(0,) * first.ndim])

    def fetch(self, value: Any) -> tuple[Any, ...]:
        """Copies, bfloat16 as float32."""
        return tuple(
            np.array(array, dtype=np.float32 if array.dtype == jnp.bfloat16 else array.dtype) for array in each(value)
        )

    def describe(self, value: Any) -> tuple[Placed, ...]:
        """Ask each array."""
        return tuple(
            Placed(
                dtype=str(array.dtype),
                device=",".join(sorted({_kind(device.platform) for device in array.devices()})),
                shape=array.shape,
            )
            for array in each(value)
        )

    def peak_memory(self) -> int | None:
        """The allocator's own count; the CPU's has none."""
        statistics = self._device.memory_stats() or {}
        return statistics.get("peak_bytes_in_use")


def _array(array: Any, element: DType) -> Any:
    copied = np.array(array)
    return copied.view(jnp.bfloat16) if element is DType.BFLOAT16 else copied


def _kind(platform: str) -> str:
    return "gpu" if platform in ("cuda", "rocm") else platform


def _function(workload: Workload, math: MathMode) -> Function:
    match workload:
        case Matmul():
            return _matmul(workload, math)
        case Reduction():
            return _reduction(workload)
    raise NotImplementedError(workload.name)


def _matmul(workload: Matmul, math: MathMode) -> Function:
    precision = {
        MathMode.IEEE: Precision.HIGHEST,
        MathMode.TF32: DotAlgorithmPreset.TF32_TF32_F32,
        MathMode.DEFAULT: None,
    }[math]
    turn_a, turn_b, result = workload.transpose_a, workload.transpose_b, workload.result_dtype.value
    return lambda a, b: jnp.matmul(
        a.mT if turn_a else a, b.mT if turn_b else b, precision=precision, preferred_element_type=result
    )


def _reduction(workload: Reduction) -> Function:
    """JAX sums 16-bit types in float32, but not in a norm or a logsumexp; under ``jit`` a cast costs nothing."""
    axes = workload.axes
    reduce: Function = {
        "sum": lambda x: jnp.sum(x, axis=axes),
        "mean": lambda x: jnp.mean(x, axis=axes),
        "max": lambda x: jnp.max(x, axis=axes),
        "l2norm": lambda x: jnp.sqrt(jnp.sum(jnp.square(x), axis=axes)),
        "logsumexp": lambda x: jax.nn.logsumexp(x, axis=axes),
    }[workload.op]
    if is_short(workload.element) and workload.op in ("l2norm", "logsumexp"):
        return lambda x: reduce(x.astype(jnp.float32)).astype(x.dtype)
    return reduce
