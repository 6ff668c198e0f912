"""Layers as functions of their parameters, of which each layer has a dict of its own.

A layer computes in the type of what it is fed, and its parameters follow: under mixed precision weights
are float32 until they enter a product, and so are their gradients when they come back. Normalisations
keep their statistics in float32 under every type.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import jax
import jax.numpy as jnp

from harness.backends.base import Setting
from harness.backends.jax.convolution import AXES, PRECISION
from harness.core.math_mode import MathMode
from harness.workloads.network.spec import EPSILON, KEPT

Array: TypeAlias = jax.Array
Layer = Mapping[str, Array]
Layers = Mapping[str, Layer]  # by the name of the layer, then by that of the array


class Model(Protocol):
    """A model in use, or in training, which normalises by the batch."""

    def __call__(
        self, parameters: Layers, statistics: Layers, features: Mapping[str, Array], *, training: bool
    ) -> tuple[Array, Layers]:
        """Return the outputs, and the running statistics from now on."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """In which type a model computes, and in which arithmetic."""

    dtype: Any
    setting: Setting

    def precision(self) -> AbstractContextManager[Any]:
        """Return what to trace products under; their gradients inherit it."""
        names = {MathMode.IEEE: "highest", MathMode.TF32: "TF32_TF32_F32"}
        name = names.get(self.setting.math)
        found: AbstractContextManager[Any] = nullcontext() if name is None else jax.default_matmul_precision(name)
        return found

    @property
    def convolutions(self) -> Any:
        """The same for convolutions, which know no name of an algorithm."""
        return PRECISION[self.setting.math]

    @property
    def attention(self) -> Any:
        """The type of attention: JAX's own names an arithmetic for float16 that XLA has on GPUs alone."""
        return jnp.float32 if self.widens_attention else self.dtype

    @property
    def widens_attention(self) -> bool:
        """Whether attention has to be computed in a better type."""
        return bool(self.dtype == jnp.float16) and self.setting.device.kind != "gpu"


def dense(layer: Layer, x: Array) -> Array:
    """``x @ kernel + bias``."""
    return x @ layer["kernel"].astype(x.dtype) + layer["bias"].astype(x.dtype)


def embedding(layer: Layer, rows: Array) -> Array:
    """Rows of a table, in its own type."""
    return jnp.take(layer["table"], rows, axis=0)


def convolution(layer: Layer, x: Array, policy: Policy, *, stride: int = 1, padding: int = 0) -> Array:
    """A convolution, with its bias where it has one."""
    found = jax.lax.conv_general_dilated(
        x,
        layer["kernel"].astype(x.dtype),
        window_strides=(stride, stride),
        padding=[(padding, padding)] * 2,
        dimension_numbers=AXES,
        precision=policy.convolutions,
    )
    return found + layer["bias"].astype(x.dtype) if "bias" in layer else found


def max_pool(x: Array, *, size: int, stride: int, padding: int = 0) -> Array:
    """The largest of each window."""
    around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, size, size, 1), (1, stride, stride, 1), around)


def layer_norm(layer: Layer, x: Array) -> Array:
    """Normalise each position over its features."""
    wide = jax.nn.standardize(x.astype(jnp.float32), axis=-1, epsilon=EPSILON)
    return (wide * layer["scale"] + layer["offset"]).astype(x.dtype)


def batch_norm(layer: Layer, kept: Layer, x: Array, *, training: bool) -> tuple[Array, Layer]:
    """Normalise each channel by the batch, in use by what was kept; also return what is kept from now on."""
    wide = x.astype(jnp.float32)
    seen: Layer = {name: array.astype(jnp.float32) for name, array in kept.items()}
    if training:
        seen = _statistics(wide)
        kept = {name: KEPT * array + (1 - KEPT) * seen[name] for name, array in kept.items()}
    wide = jax.nn.standardize(wide, mean=seen["mean"], variance=seen["variance"], epsilon=EPSILON)
    return (wide * layer["scale"] + layer["offset"]).astype(x.dtype), kept


def _statistics(x: Array) -> Layer:
    """Both in one reading of the array, as Flax and ``jax.nn.standardize`` do it."""
    axes = tuple(range(x.ndim - 1))
    mean, squares = x.mean(axes), jnp.square(x).mean(axes)
    return {"mean": mean, "variance": jnp.maximum(squares - jnp.square(mean), 0)}
