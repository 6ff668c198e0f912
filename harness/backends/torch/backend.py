"""PyTorch: ``eager`` as its users write it, ``compile`` through ``torch.compile``.

Gradients are off in the process but where a case asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from harness.backends.base import DeviceMissing, Layout, Operation, Placed, Prepared, Setting
from harness.backends.shared import differentiated, each, laid_out, make_operation, processor_name
from harness.backends.torch import inference, training
from harness.backends.torch.arrays import described, image_layout, tensor
from harness.backends.torch.compiling import compiled, count_graphs, own_clock, take_sizes_as_they_are
from harness.backends.torch.operations import MAKERS
from harness.core.device import Device
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload
from harness.workloads.inference import Inference
from harness.workloads.modelled import Modelled
from harness.workloads.training import Training

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
        if self._compiles:
            take_sizes_as_they_are()

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
        """Copy into memory of PyTorch's own, where the call wants it."""
        layout = image_layout(workload) if isinstance(workload, Modelled) else self._operation(workload).layout
        return self._placed(workload, inputs, layout)

    def _operation(self, workload: Workload) -> Operation:
        return make_operation("torch", MAKERS, workload, self._setting)

    def _placed(self, workload: Workload, inputs: Arrays, layout: Layout | None) -> tuple[torch.Tensor, ...]:
        make = self._on_host if workload.fed_from_host else self._on_device
        tensors = [make(array, element) for array, element in laid_out(workload, inputs, layout)]
        for index in differentiated(workload):
            tensors[index].requires_grad_()
        return tuple(tensors)

    def _on_device(self, array: Any, element: DType) -> torch.Tensor:
        return tensor(array, element, self._device)

    def _on_host(self, array: Any, element: DType) -> torch.Tensor:
        """A GPU fetches from pinned memory, which is what a loader of its users gives it."""
        held = tensor(array, element, "cpu")
        return held.pin_memory() if self._kind == "gpu" else held

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """Make ready a model, or a function.

        A compiled function is differentiated from outside, as training loops do it; the compiler sees that
        gradients are wanted and compiles both directions.
        """
        prepared = self._made(workload, inputs)
        return replace(prepared, compiling_s=own_clock()) if self._compiles else prepared

    def _made(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        match workload:
            case Training():
                arguments = self.place(workload, inputs)
                return training.prepare(workload, inputs, arguments, self._device, compiles=self._compiles)
            case Inference():
                arguments = self.place(workload, inputs)
                return inference.prepare(workload, inputs, arguments, self._device, compiles=self._compiles)
        operation, places = self._operation(workload), differentiated(workload)
        function: Function = operation.function
        if self._compiles:
            function = compiled(function)
        return Prepared(
            function=_with_gradients(function, places) if places else function,
            arguments=self._placed(workload, inputs, operation.layout),
            compilations=count_graphs if self._compiles else int,
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
        return described(each(value))

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
