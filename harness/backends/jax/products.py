"""Matrix products and reductions in JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.lax import DotAlgorithmPreset, Precision

from harness.backends.base import Setting
from harness.backends.shared import is_short
from harness.core.math_mode import MathMode
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

Function = Callable[..., Any]


def precision_of(setting: Setting) -> Any:
    """Return what JAX calls the math mode; it belongs to each product, and its gradients inherit it."""
    return {
        MathMode.IEEE: Precision.HIGHEST,
        MathMode.TF32: DotAlgorithmPreset.TF32_TF32_F32,
        MathMode.DEFAULT: None,
    }[setting.math]


def matmul(workload: Matmul, setting: Setting) -> Function:
    """The result's type is named, or int8 products would be summed in int8."""
    precision = precision_of(setting)
    turn_a, turn_b, result = workload.transpose_a, workload.transpose_b, workload.result_dtype.value
    return lambda a, b: jnp.matmul(
        a.mT if turn_a else a, b.mT if turn_b else b, precision=precision, preferred_element_type=result
    )


def reduction(workload: Reduction, setting: Setting) -> Function:
    """JAX sums 16-bit types in float32, but not in a norm or a logsumexp; under ``jit`` a cast costs nothing."""
    del setting
    axes = workload.axes
    reduce: Function = {
        "sum": lambda x: jnp.sum(x, axis=axes),
        "mean": lambda x: jnp.mean(x, axis=axes),
        "max": lambda x: jnp.max(x, axis=axes),
        "l2norm": lambda x: jnp.sqrt(jnp.sum(jnp.square(x), axis=axes)),
        "logsumexp": lambda x: jax.nn.logsumexp(x, axis=axes),
    }[workload.op]
    if is_short(workload.element) and workload.op in ("l2norm", "logsumexp"):
        return lambda x: reduce(x.astype(jnp.float32)).astype(x.dtype)
    return reduce
