"""Inference in PyTorch: a model in evaluation, which normalises by its running statistics.

Weights are the model's own parameters, which ``torch.compile`` passes to what it compiles: nothing folds them.
"""

from __future__ import annotations

from typing import Any

import torch

from harness.backends.base import Prepared
from harness.backends.torch.arrays import image_layout
from harness.backends.torch.compiling import compiled_model, count_graphs, tags_of
from harness.backends.torch.models import build
from harness.backends.torch.models.weights import find_slots
from harness.workloads.base import Arrays
from harness.workloads.inference import Inference


def prepare(
    workload: Inference, inputs: Arrays, arguments: tuple[torch.Tensor, ...], device: torch.device, *, compiles: bool
) -> Prepared[Any]:
    """Make a model ready; gradients are off in the process."""
    model = build(workload.network, device).to(getattr(torch, workload.dtype)).eval()
    find_slots(model, workload.network).load(inputs, workload.input_dtypes())
    return Prepared(
        function=compiled_model(model) if compiles else model,
        arguments=arguments,
        compilations=count_graphs if compiles else int,
        layout=image_layout(workload),
        tags=tags_of(workload.network) if compiles else (),
    )
