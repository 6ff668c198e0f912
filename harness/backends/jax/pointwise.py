"""Elementwise operations, movements of memory and dense layers in JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from harness.backends.base import Setting
from harness.backends.jax.products import precision_of
from harness.workloads.dense import Dense
from harness.workloads.elementwise import Elementwise
from harness.workloads.memory import SCALAR, STRIDE, Memory

Function = Callable[..., Any]


def elementwise(workload: Elementwise, setting: Setting) -> Function:
    """Under ``jit`` each of them is one loop."""
    del setting
    operations: dict[str, Function] = {
        "add": lambda x, y: x + y,
        "multiply_add": lambda x, y, z: x * y + z,
        "gelu": lambda x: jax.nn.gelu(x, approximate=True),
        "relu": jax.nn.relu,
        "selu": jax.nn.selu,
        "tanh": jnp.tanh,
        "exp": jnp.exp,
    }
    return operations[workload.op]


def memory(workload: Memory, setting: Setting) -> Function:
    """JAX hands an input back where a function returns it as it is; ``jnp.copy`` is a copy, always."""
    del setting
    copies: dict[str, Function] = {
        "contiguous": jnp.copy,
        "transposed": lambda b: b.T,
        "strided": lambda b: b[:, ::STRIDE],
    }
    triads: dict[str, Function] = {
        "contiguous": lambda b, c: b + SCALAR * c,
        "transposed": lambda b, c: b + SCALAR * c.T,
        "strided": lambda b, c: b[:, ::STRIDE] + SCALAR * c[:, ::STRIDE],
    }
    return (copies if workload.op == "copy" else triads)[workload.layout]


def dense(workload: Dense, setting: Setting) -> Function:
    """The precision belongs to each product, and its gradients inherit it."""
    precision, layers = precision_of(setting), workload.layers
    activations: dict[str, Function] = {
        "relu": jax.nn.relu,
        "tanh": jnp.tanh,
        "gelu": lambda x: jax.nn.gelu(x, approximate=True),
    }
    activate = activations[workload.activation]

    def run(x: Any, *parameters: Any) -> Any:
        for layer in range(layers):
            x = jnp.dot(x, parameters[2 * layer], precision=precision) + parameters[2 * layer + 1]
            if layer < layers - 1:
                x = activate(x)
        return x

    return run
