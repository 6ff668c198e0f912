"""What a user of each framework would write by hand: the operation, and a loop with a fence around it.

Nothing here comes from the harness; `agreement.py` times it in turn with the harness's own block.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

Timed = Callable[[int], float]  # calls -> seconds a call
EPSILON = 1e-5


def torch_loop(operation: str, mode: str, arguments: tuple[Any, ...], threads: int) -> tuple[Timed, str]:
    """PyTorch's own timer around what its users call."""
    import torch
    import torch.nn.functional as F  # noqa: N812  (its users' name for it)
    from torch.utils.benchmark import Timer

    function: Any = {
        "matmul": lambda a, b: torch.matmul(a, b),  # noqa: PLW0108  (a user's own function)
        "conv2d": lambda x, w: F.conv2d(x, w, padding=1),
        "attention": lambda q, k, v: F.scaled_dot_product_attention(q, k, v),  # noqa: PLW0108
        "layer_norm": lambda x, scale, shift: F.layer_norm(x, x.shape[-1:], scale, shift, EPSILON),
    }[operation]
    called = torch.compile(function) if mode == "compile" else function
    timer = Timer("called(*arguments)", globals={"called": called, "arguments": arguments}, num_threads=threads)
    return lambda inner: float(timer.timeit(inner).median), "torch.utils.benchmark.Timer"


def jax_loop(operation: str, mode: str, arguments: tuple[Any, ...], threads: int) -> tuple[Timed, str]:
    """A plain loop over a jitted function; the last call waits."""
    import jax
    import jax.numpy as jnp

    del mode, threads

    def layer_norm(x: Any, scale: Any, shift: Any) -> Any:
        # The variance in one pass, as JAX's own function and its layer libraries take it; `x.var` takes two.
        return jax.nn.standardize(x, axis=-1, epsilon=EPSILON) * scale + shift

    function: Any = {
        "matmul": lambda a, b: jnp.matmul(a, b, precision="highest"),
        "conv2d": lambda x, w: jax.lax.conv_general_dilated(
            x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), precision="highest"
        ),
        "attention": lambda q, k, v: jax.nn.dot_product_attention(q, k, v),  # noqa: PLW0108
        "layer_norm": layer_norm,
    }[operation]
    called = jax.jit(function)

    def by_hand(inner: int) -> float:
        called(*arguments).block_until_ready()
        start = time.perf_counter()
        for _ in range(inner - 1):
            called(*arguments)
        called(*arguments).block_until_ready()
        return (time.perf_counter() - start) / inner

    return by_hand, "a plain loop"


def tensorflow_loop(operation: str, mode: str, arguments: tuple[Any, ...], threads: int) -> tuple[Timed, str]:
    """A plain loop over a traced function; `sync_devices` waits."""
    import tensorflow as tf

    del threads

    def attention(q: Any, k: Any, v: Any) -> Any:
        weights = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * (1 / math.sqrt(q.shape[-1])))
        return tf.matmul(weights, v)

    def layer_norm(x: Any, scale: Any, shift: Any) -> Any:
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, shift, scale, EPSILON)

    function: Any = {
        # A function of two arguments, as a user's own would be: the library's has nine to look through.
        "matmul": lambda a, b: tf.matmul(a, b),  # noqa: PLW0108
        "conv2d": lambda x, w: tf.nn.conv2d(x, w, strides=1, padding="SAME"),
        "attention": attention,
        "layer_norm": layer_norm,
    }[operation]
    called = tf.function(function, jit_compile=True if mode == "xla" else None, autograph=False)

    def by_hand(inner: int) -> float:
        called(*arguments)
        tf.test.experimental.sync_devices()
        start = time.perf_counter()
        for _ in range(inner):
            called(*arguments)
        tf.test.experimental.sync_devices()
        return (time.perf_counter() - start) / inner

    return by_hand, "a plain loop"


LOOPS = {"torch": torch_loop, "jax": jax_loop, "tensorflow": tensorflow_loop}
