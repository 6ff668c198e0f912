"""Convolutions in PyTorch, which keeps channels before rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812  (its users' name for it)

from harness.backends.base import Layout, Operation, Setting
from harness.backends.shared import is_short
from harness.core.dtype import DType

if TYPE_CHECKING:
    from harness.workloads.conv2d import Conv2d

IMAGES, KERNELS = (0, 3, 1, 2), (3, 2, 0, 1)
NCHW = Layout(name="NCHW", inputs=(IMAGES, KERNELS), outputs=(IMAGES,))


def conv2d(workload: Conv2d, setting: Setting) -> Operation:
    """Zeros that are not the same on both sides are a step of their own here."""
    (top, bottom), (left, right) = workload.pads
    options: dict[str, Any] = {
        "stride": workload.stride,
        "dilation": workload.dilation,
        "groups": workload.groups,
    }

    def even(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, w, padding=(top, left), **options)

    def uneven(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return F.conv2d(F.pad(x, (left, right, top, bottom)), w, **options)

    convolve = even if (top, left) == (bottom, right) else uneven

    def widened(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return convolve(x.float(), w.float()).to(x.dtype)

    function = widened if _sums_short(workload, setting) else convolve
    return Operation(function=function, layout=NCHW, tags=workload.tags)


def _sums_short(workload: Conv2d, setting: Setting) -> bool:
    """Whether PyTorch left alone would add up in 16 bits what the images of a batch give to the kernel.

    It does so on a CPU for whose 16-bit types oneDNN has no kernels: float16 nearly everywhere.
    """
    if setting.device.kind != "cpu" or not (workload.is_backward and is_short(workload.element)):
        return False
    kernels: Any = torch.ops.mkldnn
    if workload.element is DType.BFLOAT16:
        return not kernels._is_mkldnn_bf16_supported()  # noqa: SLF001  (what PyTorch itself asks)
    return not kernels._is_mkldnn_fp16_supported()  # noqa: SLF001
