"""What models of sequences do beside products, in TensorFlow: attention and look-ups."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from harness.backends.base import Setting
from harness.backends.shared import is_short
from harness.workloads.attention import Attention
from harness.workloads.gather import Gather

Function = Callable[..., Any]


def attention(workload: Attention, setting: Setting) -> Function:
    """TensorFlow has no attention of its own: products, a mask and a softmax, as its users write it.

    Scores of 16-bit types go through the softmax in float32.
    """
    del setting
    causal, short, scale = workload.causal, is_short(workload.element), 1 / math.sqrt(workload.head_dim)

    def run(query: Any, key: Any, value: Any) -> Any:
        scores = tf.matmul(query, key, transpose_b=True)
        if short:
            scores = tf.cast(scores, tf.float32)
        scores *= scale
        if causal:
            seen = tf.linalg.band_part(tf.ones(scores.shape[-2:], tf.bool), -1, 0)
            scores = tf.where(seen, scores, scores.dtype.min)
        return tf.matmul(tf.cast(tf.nn.softmax(scores), value.dtype), value)

    return run


def gather(workload: Gather, setting: Setting) -> Function:
    """What `tf.nn.embedding_lookup` of one table comes to."""
    del workload, setting
    return lambda table, indices: tf.gather(table, indices)  # noqa: PLW0108  (a function of our own, to trace)
