"""Normalisations in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from harness.backends.shared import is_short
from harness.workloads.normalise import L2_EPSILON, LAYER_EPSILON, Normalise

if TYPE_CHECKING:
    from harness.backends.base import Setting

Function = Callable[..., Any]


def normalise(workload: Normalise, setting: Setting) -> Function:
    """TensorFlow rounds 16-bit types between its steps."""
    del setting
    apply: Function = {"softmax": tf.nn.softmax, "layer_norm": _layer_norm, "l2": _l2}[workload.op]
    if is_short(workload.element):
        return lambda *arrays: tf.cast(apply(*(tf.cast(array, tf.float32) for array in arrays)), arrays[0].dtype)
    return apply


def _layer_norm(x: Any, scale: Any, shift: Any) -> Any:
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, shift, scale, LAYER_EPSILON)


def _l2(x: Any) -> Any:
    """Its epsilon is the least square, ours the least norm."""
    return tf.math.l2_normalize(x, axis=-1, epsilon=L2_EPSILON**2)
