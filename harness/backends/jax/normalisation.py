"""Normalisations in JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from harness.backends.shared import is_short
from harness.workloads.normalise import L2_EPSILON, LAYER_EPSILON, Normalise

if TYPE_CHECKING:
    from harness.backends.base import Setting

Function = Callable[..., Any]


def normalise(workload: Normalise, setting: Setting) -> Function:
    """JAX rounds 16-bit types between its steps; under ``jit`` a cast costs nothing."""
    del setting
    apply: Function = {"softmax": jax.nn.softmax, "layer_norm": _layer_norm, "l2": _l2}[workload.op]
    if is_short(workload.element):
        return lambda *arrays: apply(*(array.astype(jnp.float32) for array in arrays)).astype(arrays[0].dtype)
    return apply


def _layer_norm(x: jax.Array, scale: jax.Array, shift: jax.Array) -> jax.Array:
    return jax.nn.standardize(x, axis=-1, epsilon=LAYER_EPSILON) * scale + shift


def _l2(x: jax.Array) -> jax.Array:
    return x / jnp.maximum(jnp.linalg.norm(x, axis=-1, keepdims=True), L2_EPSILON)
