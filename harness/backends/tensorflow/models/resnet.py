"""Residual networks, built as `keras.applications` builds its own.

TensorFlow's word "same" pads a convolution that strides on one side more than on the other; padding of
its own layer and a convolution without any gives what the specification asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from harness.backends.tensorflow.models.plain import border
from harness.backends.tensorflow.models.style import Style
from harness.workloads.network.resnet import Convolution, ResNet
from harness.workloads.network.spec import EPSILON, KEPT


def resnet(network: ResNet, x: Mapping[str, Any], style: Style) -> Any:
    """Stem, blocks, mean over the image, head."""
    values = keras.ops.relu(_convolved(network.stem(), x["x"], style))
    if network.large:
        # Zeros do for padding: nothing here is less after a relu, and where all are zeros no gradient passes it.
        values = keras.layers.ZeroPadding2D(1, dtype=style.policy)(values)
        values = keras.layers.MaxPooling2D(3, strides=2, dtype=style.policy)(values)
    for block in network.residual_blocks():
        past = values if block.shortcut is None else _convolved(block.shortcut, values, style)
        for part in block.path[:-1]:
            values = keras.ops.relu(_convolved(part, values, style))
        values = keras.ops.relu(_convolved(block.path[-1], values, style) + past)
    values = keras.layers.GlobalAveragePooling2D(dtype=style.policy)(values)
    return keras.layers.Dense(network.classes, name="head", dtype=style.policy)(values)


def _convolved(part: Convolution, values: Any, style: Style) -> Any:
    """Return what a convolution and the normalisation after it make of `values`."""
    if part.stride > 1 and part.padding:
        values = keras.layers.ZeroPadding2D(part.padding, dtype=style.policy)(values)
    convolve = keras.layers.Conv2D(
        part.width_out,
        part.size,
        strides=part.stride,
        padding=border(part.size, part.padding) if part.stride == 1 else "valid",
        use_bias=False,
        name=f"{part.name}.conv",
        dtype=style.policy,
    )
    normalise = keras.layers.BatchNormalization(
        momentum=KEPT, epsilon=EPSILON, name=f"{part.name}.norm", dtype=style.policy
    )
    return normalise(convolve(values))
