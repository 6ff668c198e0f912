"""How arrays lie in PyTorch: bits become tensors, images have their channels before rows and columns."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import torch

from harness.backends.base import Layout, Placed
from harness.backends.torch.convolution import IMAGES
from harness.core.dtype import DType
from harness.workloads.modelled import Modelled

BATCH_OF_IMAGES = 4  # axes


def tensor(array: Any, element: DType, device: torch.device | str) -> torch.Tensor:
    """Copy into memory of PyTorch's own, aligned as its own tensors are.

    Of images with one channel any strides of that axis are contiguous, and PyTorch takes its way by them: those that a
    transposed array leaves say that channels lie last, which is not how its users' batches come.
    """
    held = array
    if 1 in array.shape or not array.flags.c_contiguous:
        held = np.empty(array.shape, array.dtype)
        held[...] = array
    if element is DType.BFLOAT16:
        return torch.tensor(held.view(np.int16), device=device).view(torch.bfloat16)
    return torch.tensor(held, device=device)


def described(tensors: Iterable[torch.Tensor]) -> tuple[Placed, ...]:
    """Ask each tensor."""
    return tuple(
        Placed(
            dtype=str(held.dtype).removeprefix("torch."),
            device={"cuda": "gpu", "xla": "tpu"}.get(held.device.type, held.device.type),
            shape=tuple(held.shape),
            address=held.untyped_storage().data_ptr() or None,
        )
        for held in tensors
    )


@cache
def image_layout(workload: Modelled) -> Layout | None:
    """Return how a model's batches lie where there are images among them; asked for with every batch of some."""
    shapes = workload.input_shapes()
    orders = tuple(IMAGES if len(shapes[name]) == BATCH_OF_IMAGES else None for name in workload.arguments())
    return Layout(name="NCHW", inputs=orders, outputs=(None,)) if any(orders) else None
