"""PyTorch: ``eager`` as its users write it, ``compile`` through ``torch.compile``.

Gradients are off in the process but where a case asks for them.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from harness.backends.base import DeviceMissing, Operation, Placed, Prepared, Setting
from harness.backends.shared import differentiated, each, laid_out, make_operation, processor_name
from harness.backends.torch.operations import MAKERS
from harness.core.device import Device
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload

Function = Callable[..., Any]


class Torch:
    """PyTorch on one device in one mode."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Set the threads and take hold of the device; the environment shows one GPU only."""
        self._kind = device.kind
        self._compiles = mode == "compile"
        self._setting = Setting(device=device, mode=mode, math=MathMode.IEEE)
        torch.set_grad_enabled(False)
        torch.set_num_threads(threads)
        if torch.get_num_interop_threads() != 1:
            torch.set_num_interop_threads(1)
        if not _is_here(device.kind):
            raise DeviceMissing(f"torch {torch.__version__} sees no {device}")
        self._device = torch.device({"gpu": "cuda", "tpu": "xla"}.get(device.kind, device.kind))
        self._older = torch.get_float32_matmul_precision()
        self._untouched = {name: knob.fp32_precision for name, knob in _knobs().items()}

    def facts(self) -> Mapping[str, Any]:
        """Versions, the device's own name, and the build."""
        cuda = self._kind == "gpu"
        return {
            "framework_version": torch.__version__,
            "device_name": torch.cuda.get_device_name(0) if cuda else processor_name(),
            "threads": torch.get_num_threads(),
            "interop_threads": torch.get_num_interop_threads(),
            "cuda": torch.version.cuda,
            "hip": torch.version.hip,
            "cudnn": torch.backends.cudnn.version() if cuda else None,
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
            "build": torch.__config__.show(),
        }

    def set_math(self, mode: MathMode) -> None:
        """Force float32 products, and keep sums of 16-bit products in float32 unless left alone.

        The older switches come first: whoever asks them (PyTorch's own code does) gets an error where
        they contradict the newer ones.
        """
        self._setting = replace(self._setting, math=mode)
        older = {MathMode.IEEE: "highest", MathMode.TF32: "high", MathMode.DEFAULT: self._older}
        torch.set_float32_matmul_precision(older[mode])
        torch.backends.cudnn.allow_tf32 = mode is not MathMode.IEEE  # untouched, it is on
        for name, knob in _knobs().items():
            knob.fp32_precision = self._untouched[name] if mode is MathMode.DEFAULT else mode.value
        products = torch.backends.cuda.matmul
        products.allow_bf16_reduced_precision_reduction = mode is MathMode.DEFAULT
        products.allow_fp16_reduced_precision_reduction = mode is MathMode.DEFAULT

    def place(self, workload: Workload, inputs: Arrays) -> tuple[torch.Tensor, ...]:
        """Copy into memory of PyTorch's own, aligned as its own tensors are."""
        return self._placed(workload, inputs, self._operation(workload))

    def _operation(self, workload: Workload) -> Operation:
        return make_operation("torch", MAKERS, workload, self._setting)

    def _placed(self, workload: Workload, inputs: Arrays, operation: Operation) -> tuple[torch.Tensor, ...]:
        tensors = [self._tensor(array, element) for array, element in laid_out(workload, inputs, operation.layout)]
        for index in differentiated(workload):
            tensors[index].requires_grad_()
        return tuple(tensors)

    def _tensor(self, array: Any, element: DType) -> torch.Tensor:
        held = np.ascontiguousarray(array).reshape(array.shape)  # of no axes it would make one
        if element is DType.BFLOAT16:
            return torch.tensor(held.view(np.int16), device=self._device).view(torch.bfloat16)
        return torch.tensor(held, device=self._device)

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """Compile each function on its own, as its users do: without an option.

        Each sees one shape, so no option would be of use, and `dynamic=False` and `fullgraph=True` cost
        about 2 % each of a call of 300 us in torch 2.13. A compiled function is differentiated from
        outside, as training loops do it; the compiler sees that gradients are wanted and compiles both
        directions.
        """
        operation, places = self._operation(workload), differentiated(workload)
        function: Function = operation.function
        if self._compiles:
            function = torch.compile(_of_its_own(function))
        return Prepared(
            function=_with_gradients(function, places) if places else function,
            arguments=self._placed(workload, inputs, operation),
            compilations=_count_graphs if self._compiles else int,
            layout=operation.layout,
            tags=operation.tags,
        )

    def wait(self, output: Any) -> None:
        """Wait for the whole device; on the CPU, calls return when they are done."""
        del output
        match self._kind:
            case "gpu":
                torch.cuda.synchronize()
            case "xpu":
                torch.xpu.synchronize()
            case "mps":
                torch.mps.synchronize()

    def peek(self, output: Any) -> float:
        """The first element."""
        return float(each(output)[0].reshape(-1)[0].item())

    def fetch(self, value: Any) -> tuple[Any, ...]:
        """Copies, bfloat16 as float32, which NumPy knows."""
        held = [tensor.detach().to("cpu", copy=True) for tensor in each(value)]
        return tuple((t.float() if t.dtype is torch.bfloat16 else t).numpy() for t in held)

    def describe(self, value: Any) -> tuple[Placed, ...]:
        """Ask each tensor."""
        return tuple(
            Placed(
                dtype=str(tensor.dtype).removeprefix("torch."),
                device={"cuda": "gpu", "xla": "tpu"}.get(tensor.device.type, tensor.device.type),
                shape=tuple(tensor.shape),
                address=tensor.untyped_storage().data_ptr() or None,
            )
            for tensor in each(value)
        )

    def peak_memory(self) -> int | None:
        """The allocator's own count."""
        return torch.cuda.max_memory_allocated() if self._kind == "gpu" else None


def _is_here(kind: str) -> bool:
    seen = {"gpu": torch.cuda.is_available, "xpu": torch.xpu.is_available, "mps": torch.backends.mps.is_available}
    return kind == "cpu" or (kind in seen and bool(seen[kind]()))


def _knobs() -> dict[str, Any]:
    """Return everything that says how float32 products are computed."""
    backends: Any = torch.backends
    return {
        "cuda.matmul": backends.cuda.matmul,
        "cudnn.conv": backends.cudnn.conv,
        "cudnn.rnn": backends.cudnn.rnn,
        "mkldnn.matmul": backends.mkldnn.matmul,
        "mkldnn.conv": backends.mkldnn.conv,
        "mkldnn.rnn": backends.mkldnn.rnn,
    }


def _with_gradients(function: Function, places: tuple[int, ...]) -> Function:
    """Return a function that returns the output and the gradients of the inputs at `places`."""

    def run(*arrays: torch.Tensor) -> tuple[torch.Tensor, ...]:
        *operands, upstream = arrays
        with torch.enable_grad():
            output = function(*operands)
            gradients = torch.autograd.grad(output, [operands[place] for place in places], upstream)
        return (output, *gradients)

    return run


def _of_its_own(function: Function) -> Function:
    """Return `function` with a code object of its own.

    ``torch.compile`` keeps what it compiled by code object, and the lambdas above share theirs
    among all workloads of a kind: the ninth shape would meet the limit of recompilations.
    """
    if not isinstance(function, types.FunctionType):  # a stranger's object that can be called
        function = _called(function)
    return types.FunctionType(
        function.__code__.replace(), function.__globals__, function.__name__, None, function.__closure__
    )


def _called(function: Function) -> Any:
    """Return a plain function around anything that can be called."""

    def run(*arrays: Any) -> Any:
        return function(*arrays)

    return run


def _count_graphs() -> int:
    from torch._dynamo.utils import counters

    return int(counters["stats"]["unique_graphs"])
