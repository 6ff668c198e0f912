"""Convolutions in JAX, in the order of axes that it leaves to its user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
from jax.lax import Precision

from harness.backends.base import Operation, Setting
from harness.core.math_mode import MathMode

if TYPE_CHECKING:
    from harness.workloads.conv2d import Conv2d

AXES = ("NHWC", "HWIO", "NHWC")
# XLA lets a convolution use TF32 on a GPU unless the highest precision is asked for.
PRECISION = {MathMode.IEEE: Precision.HIGHEST, MathMode.TF32: Precision.HIGH, MathMode.DEFAULT: None}


def conv2d(workload: Conv2d, setting: Setting) -> Operation:
    """One function does all of them."""
    stride, dilation, pads = workload.stride, workload.dilation, workload.pads
    groups, precision = workload.groups, PRECISION[setting.math]

    def convolve(x: jax.Array, w: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(
            x,
            w,
            window_strides=(stride, stride),
            padding=pads,
            rhs_dilation=(dilation, dilation),
            dimension_numbers=AXES,
            feature_group_count=groups,
            precision=precision,
        )

    return Operation(function=convolve, tags=workload.tags)
