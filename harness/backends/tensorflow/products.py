"""Matrix products and reductions in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from harness.backends.base import Setting
from harness.backends.shared import is_short
from harness.core.dtype import DType
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

Function = Callable[..., Any]


def matmul(workload: Matmul, setting: Setting) -> Function:
    """TensorFlow takes the order of the matrices as flags."""
    del setting
    options: dict[str, Any] = {"transpose_a": workload.transpose_a, "transpose_b": workload.transpose_b}
    if workload.element is DType.INT8:
        options["output_type"] = tf.int32
    return lambda a, b: tf.matmul(a, b, **options)


def reduction(workload: Reduction, setting: Setting) -> Function:
    """TensorFlow sums some 16-bit types in 16 bits unless told otherwise."""
    axes = workload.axes
    reduce: Function = {
        "sum": lambda x: tf.reduce_sum(x, axis=axes),
        "mean": lambda x: tf.reduce_mean(x, axis=axes),
        "max": lambda x: tf.reduce_max(x, axis=axes),
        "l2norm": lambda x: tf.sqrt(tf.reduce_sum(tf.square(x), axis=axes)),
        "logsumexp": lambda x: tf.reduce_logsumexp(x, axis=axes),
    }[workload.op]
    if _sums_short(workload, setting.device.kind):
        return lambda x: tf.cast(reduce(tf.cast(x, tf.float32)), x.dtype)
    return reduce


def _sums_short(workload: Reduction, kind: str) -> bool:
    """Whether TensorFlow left alone would sum in 16 bits.

    It does so with float16 everywhere (the mean of 100,000 numbers came out as 0). With bfloat16 on
    a CPU it sums in float32, but still rounds between the steps of a norm or a logsumexp.
    """
    if not is_short(workload.element) or workload.op == "max":
        return False
    alone = workload.element is DType.BFLOAT16 and kind == "cpu" and workload.op in ("sum", "mean")
    return not alone
