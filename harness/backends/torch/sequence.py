"""What models of sequences do beside products, in PyTorch: attention and look-ups."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812  (as its users write it)

from harness.backends.base import Setting
from harness.workloads.attention import Attention
from harness.workloads.gather import Gather

Function = Callable[..., torch.Tensor]


def attention(workload: Attention, setting: Setting) -> Function:
    """PyTorch chooses the kernel; all keep scores and statistics of 16-bit types in float32."""
    del setting
    causal = workload.causal
    return lambda query, key, value: F.scaled_dot_product_attention(query, key, value, is_causal=causal)


def gather(workload: Gather, setting: Setting) -> Function:
    """An embedding takes int32 as it is."""
    del workload, setting
    return lambda table, indices: F.embedding(indices, table)
