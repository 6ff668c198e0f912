"""What models of sequences do beside products, in JAX: attention and look-ups."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import jax
import jax.numpy as jnp

from harness.backends.base import Layout, Operation, Setting
from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.attention import Attention
from harness.workloads.gather import Gather

Function = Callable[..., Any]

LENGTH_FIRST = (0, 2, 1, 3)  # batch, length, heads, head_dim
BTNH = Layout(name="BTNH", inputs=(LENGTH_FIRST,) * 3, outputs=(LENGTH_FIRST,))
WRITTEN_OUT = "written-out"


def attention(workload: Attention, setting: Setting) -> Operation:
    """`jax.nn.dot_product_attention`, but for the types that it cannot do.

    It computes every softmax in float32, float64's too; and it names an arithmetic for float16 that
    XLA has on GPUs alone. There, the same is written out.
    """
    lacking = workload.element is DType.FLOAT64 or (workload.element is DType.FLOAT16 and setting.device.kind != "gpu")
    attend: Function = _written_out if lacking else jax.nn.dot_product_attention
    causal = workload.causal

    def run(query: jax.Array, key: jax.Array, value: jax.Array) -> Any:
        with _precision(setting.math):  # traced into each product; its gradients inherit it
            return attend(query, key, value, is_causal=causal)

    return Operation(function=run, layout=BTNH, tags=(WRITTEN_OUT,) if lacking else ())


def _precision(mode: MathMode) -> AbstractContextManager[Any]:
    names = {MathMode.IEEE: "highest", MathMode.TF32: "TF32_TF32_F32"}
    chosen: AbstractContextManager[Any] = jax.default_matmul_precision(names[mode]) if mode in names else nullcontext()
    return chosen


def _written_out(query: jax.Array, key: jax.Array, value: jax.Array, *, is_causal: bool) -> jax.Array:
    wide = jnp.promote_types(query.dtype, jnp.float32)
    scores = jnp.einsum("BTNH,BSNH->BNTS", query, key, preferred_element_type=wide) / math.sqrt(query.shape[-1])
    if is_causal:
        seen = jnp.tril(jnp.ones(scores.shape[-2:], dtype=bool))
        scores = jnp.where(seen, scores, jnp.finfo(wide).min)
    weights = jax.nn.softmax(scores, axis=-1).astype(value.dtype)
    return jnp.einsum("BNTS,BSNH->BTNH", weights, value)


def gather(workload: Gather, setting: Setting) -> Function:
    """Rows along the first axis."""
    del workload, setting
    return lambda table, indices: jnp.take(table, indices, axis=0)
