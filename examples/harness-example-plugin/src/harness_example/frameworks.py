"""Cumulative sums in three frameworks, each imported by its own worker alone; short types add up in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.backends.shared import is_short

if TYPE_CHECKING:
    import harness
    from harness_example.cumulative import CumulativeSum

Function = Callable[..., Any]


def in_torch(workload: CumulativeSum, setting: harness.Setting) -> Function:
    """PyTorch's own, which is told the type to add up in."""
    del setting
    import torch

    if is_short(workload.element):
        return lambda x: torch.cumsum(x, -1, dtype=torch.float32).to(x.dtype)
    return lambda x: torch.cumsum(x, -1)


def in_jax(workload: CumulativeSum, setting: harness.Setting) -> Function:
    """JAX's own, likewise."""
    del setting
    import jax.numpy as jnp

    if is_short(workload.element):
        return lambda x: jnp.cumsum(x, axis=-1, dtype=jnp.float32).astype(x.dtype)
    return lambda x: jnp.cumsum(x, axis=-1)


def in_tensorflow(workload: CumulativeSum, setting: harness.Setting) -> Function:
    """TensorFlow's own, after a cast."""
    del setting
    import tensorflow as tf

    if is_short(workload.element):
        return lambda x: tf.cast(tf.cumsum(tf.cast(x, tf.float32), axis=-1), x.dtype)
    return lambda x: tf.cumsum(x, axis=-1)
