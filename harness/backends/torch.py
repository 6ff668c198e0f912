"""PyTorch: ``eager`` as its users write it, ``compile`` through ``torch.compile``.

Gradients are off for the whole process; nothing measured here asks for one.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from harness.backends.base import DeviceMissing, Placed, Prepared
from harness.backends.shared import each, is_short, processor_name
from harness.core.device import Device
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Arrays, Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

Function = Callable[..., torch.Tensor]


class Torch:
    """PyTorch on one device in one mode."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Set the threads and take hold of the device; the environment shows one GPU only."""
        self._kind = device.kind
        self._compiles = mode == "compile"
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
        return tuple(self._tensor(array, workload.element) for array in inputs.values())

    def _tensor(self, array: Any, element: DType) -> torch.Tensor:
        if element is DType.BFLOAT16:
            return torch.tensor(array.view(np.int16), device=self._device).view(torch.bfloat16)
        return torch.tensor(array, device=self._device)

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[torch.Tensor]:
        """Compile each function on its own: shapes of one must not be recompilations of another."""
        function = _function(workload)
        if self._compiles:
            function = torch.compile(_of_its_own(function), fullgraph=True, dynamic=False)
        return Prepared(
            function=function,
            arguments=self.place(workload, inputs),
            compilations=_count_graphs if self._compiles else int,
        )

    def wait(self, output: torch.Tensor) -> None:
        """Wait for the whole device; on the CPU, calls return when they are done."""
        del output
        match self._kind:
            case "gpu":
                torch.cuda.synchronize()
            case "xpu":
                torch.xpu.synchronize()
            case "mps":
                torch.mps.synchronize()

    def peek(self, output: torch.Tensor) -> float:
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
            )
            for tensor in each(value)
        )

    def peak_memory(self) -> int | None:
        """The allocator's own count."""
        return torch.cuda.max_memory_allocated() if self._kind == "gpu" else None


def _function(workload: Workload) -> Function:
    match workload:
        case Matmul():
            return _matmul(workload)
        case Reduction():
            return _reduction(workload)
    raise NotImplementedError(workload.name)


def _matmul(workload: Matmul) -> Function:
    if workload.element is DType.INT8:
        multiply: Function = torch._int_mm  # noqa: SLF001  (the only int8 product there is)
    else:
        multiply = torch.matmul
    match (workload.transpose_a, workload.transpose_b):
        case (False, False):
            return lambda a, b: multiply(a, b)  # noqa: PLW0108  (a function of our own, to compile)
        case (True, False):
            return lambda a, b: multiply(a.mT, b)
        case (False, True):
            return lambda a, b: multiply(a, b.mT)
    return lambda a, b: multiply(a.mT, b.mT)


def _reduction(workload: Reduction) -> Function:
    """PyTorch sums 16-bit types in float32 by itself, but rounds between the steps of a logsumexp."""
    axes = workload.axes
    match workload.op:
        case "sum":
            return lambda x: x.sum(dim=axes)
        case "mean":
            return lambda x: x.mean(dim=axes)
        case "max":
            return lambda x: x.amax(dim=axes)
        case "l2norm":
            return lambda x: torch.linalg.vector_norm(x, dim=axes)
    if is_short(workload.element):
        return lambda x: x.float().logsumexp(dim=axes).to(x.dtype)
    return lambda x: x.logsumexp(dim=axes)


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


def _of_its_own(function: Function) -> Function:
    """Return `function` with a code object of its own.

    ``torch.compile`` keeps what it compiled by code object, and the lambdas above share theirs
    among all workloads of a kind: the ninth shape would meet the limit of recompilations.
    """
    assert isinstance(function, types.FunctionType)  # noqa: S101
    return types.FunctionType(
        function.__code__.replace(), function.__globals__, function.__name__, None, function.__closure__
    )


def _count_graphs() -> int:
    from torch._dynamo.utils import counters

    return int(counters["stats"]["unique_graphs"])
