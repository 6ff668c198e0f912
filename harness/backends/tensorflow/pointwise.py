"""Elementwise operations, movements of memory and dense layers in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from harness.backends.base import Setting
from harness.workloads.dense import Dense
from harness.workloads.elementwise import Elementwise
from harness.workloads.memory import SCALAR, STRIDE, Memory

Function = Callable[..., Any]


def elementwise(workload: Elementwise, setting: Setting) -> Function:
    """TensorFlow runs a gelu as a handful of operations, and each of them rounds."""
    del setting
    operations: dict[str, Function] = {
        "add": lambda x, y: x + y,
        "multiply_add": lambda x, y, z: x * y + z,
        "gelu": lambda x: tf.nn.gelu(x, approximate=True),
        "relu": tf.nn.relu,
        "selu": tf.nn.selu,
        "tanh": tf.tanh,
        "exp": tf.exp,
    }
    return operations[workload.op]


def memory(workload: Memory, setting: Setting) -> Function:
    """An identity hands its input on; a snapshot copies it, for its caller holds on to the input."""
    del setting
    copies: dict[str, Function] = {
        "contiguous": lambda b: tf.raw_ops.Snapshot(input=b),
        "transposed": tf.transpose,
        "strided": lambda b: b[:, ::STRIDE],
    }
    triads: dict[str, Function] = {
        "contiguous": lambda b, c: b + SCALAR * c,
        "transposed": lambda b, c: b + SCALAR * tf.transpose(c),
        "strided": lambda b, c: b[:, ::STRIDE] + SCALAR * c[:, ::STRIDE],
    }
    return (copies if workload.op == "copy" else triads)[workload.layout]


def dense(workload: Dense, setting: Setting) -> Function:
    """As a Keras layer does it: a product, a bias, an activation."""
    del setting
    layers = workload.layers
    activations: dict[str, Function] = {
        "relu": tf.nn.relu,
        "tanh": tf.tanh,
        "gelu": lambda x: tf.nn.gelu(x, approximate=True),
    }
    activate = activations[workload.activation]

    def run(x: Any, *parameters: Any) -> Any:
        for layer in range(layers):
            x = tf.nn.bias_add(tf.matmul(x, parameters[2 * layer]), parameters[2 * layer + 1])
            if layer < layers - 1:
                x = activate(x)
        return x

    return run
