"""JAX under ``jit``, as its users write it; arrays are arguments, or XLA would fold them.

On the CPU dispatch is made synchronous: otherwise `inner` calls overlap and no fence at the end
tells how long one takes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import jax

from harness.backends.base import DeviceMissing, Layout, NotHere, Operation, Placed, Prepared, Setting
from harness.backends.jax import compiling, inference
from harness.backends.jax.arrays import described, fetched, stored
from harness.backends.jax.operations import MAKERS
from harness.backends.shared import differentiated, each, laid_out, make_operation, processor_name
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload
from harness.workloads.inference import Inference
from harness.workloads.training import Training

Function = Callable[..., Any]


class Jax:
    """JAX on one device."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Configure before the first use; the environment shows one GPU only."""
        self._kind = device.kind
        self._setting = Setting(device=device, mode=mode, math=MathMode.IEEE)
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
        self._setting = replace(self._setting, math=mode)

    def place(self, workload: Workload, inputs: Arrays) -> tuple[Any, ...]:
        """Copy into memory of JAX's own, aligned as its own arrays are; what is fed from the host stays there."""
        layout = None if isinstance(workload, (Training, Inference)) else self._operation(workload).layout
        return self._placed(workload, inputs, layout)

    def _operation(self, workload: Workload) -> Operation:
        return make_operation("jax", MAKERS, workload, self._setting)

    def _placed(self, workload: Workload, inputs: Arrays, layout: Layout | None) -> tuple[Any, ...]:
        arrays = tuple(stored(array, element) for array, element in laid_out(workload, inputs, layout))
        if workload.fed_from_host:
            return arrays
        return tuple(jax.device_put(array, self._device, may_alias=False) for array in arrays)

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """Make ready what JAX itself tells the compiling of."""
        return replace(self._made(workload, inputs), compiling_s=compiling.spans().seconds)

    def _made(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """Count traces: each is a compilation."""
        if isinstance(workload, (Training, Inference)):
            prepare: Function = _training().prepare if isinstance(workload, Training) else inference.prepare
            arguments = self.place(workload, inputs)
            model: Prepared[Any] = prepare(workload, inputs, arguments, setting=self._setting, device=self._device)
            return model
        operation, places = self._operation(workload), differentiated(workload)
        function = _with_gradients(operation.function, places) if places else operation.function
        traces = [0]

        def traced(*arrays: jax.Array) -> Any:
            traces[0] += 1
            return function(*arrays)

        return Prepared(
            function=jax.jit(traced),
            arguments=self._placed(workload, inputs, operation.layout),
            compilations=lambda: traces[0],
            layout=operation.layout,
            tags=operation.tags,
        )

    def wait(self, output: Any) -> None:
        """A device works in order, so its last output is ready after all others."""
        jax.block_until_ready(output)

    def peek(self, output: Any) -> float:
        """The first element."""
        first = each(output)[0]
        return float(first[(0,) * first.ndim])

    def fetch(self, value: Any) -> tuple[Any, ...]:
        """Copies, bfloat16 as float32."""
        return tuple(fetched(array) for array in each(value))

    def describe(self, value: Any) -> tuple[Placed, ...]:
        """Ask each array."""
        return tuple(described(array) for array in each(value))

    def peak_memory(self) -> int | None:
        """The allocator's own count; the CPU's has none."""
        statistics = self._device.memory_stats() or {}
        return statistics.get("peak_bytes_in_use")


def _with_gradients(function: Function, places: tuple[int, ...]) -> Function:
    """Return a function that returns the output and the gradients of the inputs at `places`."""

    def run(*arrays: jax.Array) -> tuple[jax.Array, ...]:
        *operands, upstream = arrays

        def of_places(*chosen: jax.Array) -> Any:
            given = dict(zip(places, chosen, strict=True))
            return function(*(given.get(place, operand) for place, operand in enumerate(operands)))

        output, pull = jax.vjp(of_places, *(operands[place] for place in places))
        return (output, *pull(upstream))

    return run


def _training() -> Any:
    """Import what needs Optax, or say that it is missing: all else works without."""
    if find_spec("optax") is None:
        raise NotHere("training in JAX needs optax, which is not installed; python -m pip install optax")
    from harness.backends.jax import training

    return training
