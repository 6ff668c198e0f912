"""Matrix products and reductions in PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import torch

from harness.backends.base import Setting
from harness.backends.shared import is_short
from harness.core.dtype import DType
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

Function = Callable[..., torch.Tensor]


def matmul(workload: Matmul, setting: Setting) -> Function:
    """A matrix that is stored transposed goes in as a transposed view."""
    del setting
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


def reduction(workload: Reduction, setting: Setting) -> Function:
    """PyTorch sums 16-bit types in float32 by itself, but rounds between the steps of a logsumexp."""
    del setting
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
