"""Normalisations in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812  (its users' name for it)

from harness.backends.shared import is_short
from harness.workloads.normalise import L2_EPSILON, LAYER_EPSILON, Normalise

if TYPE_CHECKING:
    from harness.backends.base import Setting

Function = Callable[..., torch.Tensor]


def normalise(workload: Normalise, setting: Setting) -> Function:
    """PyTorch keeps statistics of 16-bit types in float32 by itself, but rounds a norm before it divides."""
    del setting
    width = workload.shape[-1:]
    match workload.op:
        case "softmax":
            return lambda x: torch.softmax(x, dim=-1)
        case "layer_norm":
            return lambda x, scale, shift: F.layer_norm(x, width, scale, shift, LAYER_EPSILON)
    if is_short(workload.element):
        return lambda x: F.normalize(x.float(), dim=-1, eps=L2_EPSILON).to(x.dtype)
    return lambda x: F.normalize(x, dim=-1, eps=L2_EPSILON)
