"""What all models are built with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import keras

GELU = partial(keras.activations.gelu, approximate=True)  # Keras's word alone means the other form


@dataclass(frozen=True, kw_only=True)
class Style:
    """How layers compute.

    Attributes:
        policy: Keras's own: the type that variables are kept in and the one that layers compute in. Each
            layer is told, for the setting that all layers share would be everybody's in this process.
        cudnn: What an LSTM is told of cuDNN, whose kernels XLA cannot take into its programs.

    """

    policy: Any
    cudnn: str | bool = "auto"


def style_of(policy: str, jit: bool | None) -> Style:  # noqa: FBT001  (as `tf.function` has it)
    """Return the style of a policy by Keras's name for it, under XLA where `jit` is true."""
    return Style(policy=keras.DTypePolicy(policy), cudnn=False if jit else "auto")
