"""Convolutions in TensorFlow, whose CPU kernels know no other order of axes than ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from harness.backends.base import Operation, Setting
from harness.backends.catalog import is_depthwise_in_tensorflow
from harness.backends.shared import is_short
from harness.core.dtype import DType

if TYPE_CHECKING:
    from harness.workloads.conv2d import Conv2d

Function = Callable[..., Any]


def conv2d(workload: Conv2d, setting: Setting) -> Operation:
    """A convolution of each channel by itself has a function of its own."""
    convolve = _depthwise(workload) if is_depthwise_in_tensorflow(workload) else _plain(workload)
    if _sums_short(workload, setting):
        inner = convolve

        def convolve(x: Any, w: Any) -> Any:
            return tf.cast(inner(tf.cast(x, tf.float32), tf.cast(w, tf.float32)), x.dtype)

    return Operation(function=convolve, tags=workload.tags)


def _plain(workload: Conv2d) -> Function:
    options: dict[str, Any] = {"strides": workload.stride, "dilations": workload.dilation, "padding": _pads(workload)}
    return lambda x, w: tf.nn.conv2d(x, w, **options)


def _depthwise(workload: Conv2d) -> Function:
    shape = (*workload.kernel, workload.in_channels, workload.out_channels // workload.in_channels)
    options: dict[str, Any] = {
        "strides": (1, workload.stride, workload.stride, 1),
        "dilations": (workload.dilation, workload.dilation),
        "padding": _pads(workload),
    }
    return lambda x, w: tf.nn.depthwise_conv2d(x, tf.reshape(w, shape), **options)


def _pads(workload: Conv2d) -> list[tuple[int, int]]:
    return [(0, 0), *workload.pads, (0, 0)]


def _sums_short(workload: Conv2d, setting: Setting) -> bool:
    """Whether TensorFlow left alone would sum in 16 bits.

    Its own CPU kernels do so for gradients, and with float16 for each channel by itself.
    """
    if not is_short(workload.element) or (setting.mode, setting.device.kind) != ("function", "cpu"):
        return False
    return workload.is_backward or (workload.element is DType.FLOAT16 and workload.is_depthwise)
