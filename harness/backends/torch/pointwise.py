"""Elementwise operations, movements of memory and dense layers in PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812  (as everybody calls it)

from harness.backends.base import Layout, Operation, Setting
from harness.workloads.dense import Dense
from harness.workloads.elementwise import Elementwise
from harness.workloads.memory import SCALAR, STRIDE, Memory

Function = Callable[..., torch.Tensor]


def elementwise(workload: Elementwise, setting: Setting) -> Function:
    """Eager PyTorch runs ``x * y + z`` as two kernels, which is what its users get.

    Each is a function of its own, without defaults, for the compiler to take.
    """
    del setting
    operations: dict[str, Function] = {
        "add": lambda x, y: x + y,
        "multiply_add": lambda x, y, z: x * y + z,
        "gelu": lambda x: F.gelu(x, approximate="tanh"),
        "relu": lambda x: F.relu(x),  # noqa: PLW0108
        "selu": lambda x: F.selu(x),  # noqa: PLW0108
        "tanh": lambda x: torch.tanh(x),  # noqa: PLW0108
        "exp": lambda x: torch.exp(x),  # noqa: PLW0108
    }
    return operations[workload.op]


def memory(workload: Memory, setting: Setting) -> Function:
    """A clone says that it is contiguous, or it would keep the order of a transposed view.

    A sum keeps the order of its first operand; the one that is turned is the second.
    """
    del setting
    copied = torch.contiguous_format
    match (workload.op, workload.layout):
        case ("copy", "contiguous"):
            return lambda b: b.clone()
        case ("copy", "transposed"):
            return lambda b: b.T.clone(memory_format=copied)
        case ("copy", _):
            return lambda b: b[:, ::STRIDE].clone(memory_format=copied)
        case (_, "contiguous"):
            return lambda b, c: torch.add(b, c, alpha=SCALAR)
        case (_, "transposed"):
            return lambda b, c: torch.add(b, c.T, alpha=SCALAR)
    return lambda b, c: torch.add(b[:, ::STRIDE], c[:, ::STRIDE], alpha=SCALAR)


def dense(workload: Dense, setting: Setting) -> Operation:
    """A PyTorch layer keeps its weights outputs x inputs."""
    del setting
    layers = workload.layers
    activations: dict[str, Function] = {
        "relu": F.relu,
        "tanh": torch.tanh,
        "gelu": lambda x: F.gelu(x, approximate="tanh"),
    }
    activate = activations[workload.activation]

    def run(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        for layer in range(layers):
            x = F.linear(x, parameters[2 * layer], parameters[2 * layer + 1])
            if layer < layers - 1:
                x = activate(x)
        return x

    layout = Layout(name="weights outputs x inputs", inputs=(None, *((1, 0), None) * layers), outputs=(None,))
    return Operation(function=run, layout=layout)
