"""Layer after layer: the perceptron and the small convolutional network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from harness.backends.tensorflow.models.style import GELU, Style
from harness.workloads.network.cnn import Cnn
from harness.workloads.network.mlp import Mlp

ACTIVATIONS: Mapping[str, Any] = {"relu": "relu", "gelu": GELU, "tanh": "tanh", "sigmoid": "sigmoid"}


def mlp(network: Mlp, x: Mapping[str, Any], style: Style) -> Any:
    """Dense layers, after the last no activation."""
    return dense_layers(x["x"], "dense", network.widths[1:], style, activation=ACTIVATIONS[network.activation])


def cnn(network: Cnn, x: Mapping[str, Any], style: Style) -> Any:
    """Convolution and pooling; then dense layers."""
    values = x["x"]
    for number, (channels, padding) in enumerate(zip(network.channels, network.paddings, strict=True), start=1):
        convolve = keras.layers.Conv2D(
            channels,
            network.kernel,
            padding=border(network.kernel, padding),
            activation="relu",
            name=f"conv{number}",
            dtype=style.policy,
        )
        values = keras.layers.MaxPooling2D(dtype=style.policy)(convolve(values))
    values = keras.layers.Flatten(dtype=style.policy)(values)
    return dense_layers(values, "dense", network.widths, style)


def border(size: int, padding: int) -> str:
    """Return Keras's word for a padding on all sides, of a kernel that does not stride."""
    words = {0: "valid", (size - 1) // 2: "same"}  # a kernel of one has but one border, and either word for it
    return words[padding]


def dense_layers(
    values: Any, name: str, widths: Sequence[int], style: Style, *, activation: Any = "relu", last: Any = None
) -> Any:
    """Dense layers ``name1``, ... with `activation` between them and `last` after the last."""
    for number, width in enumerate(widths, start=1):
        then = last if number == len(widths) else activation
        values = keras.layers.Dense(width, activation=then, name=f"{name}{number}", dtype=style.policy)(values)
    return values
