"""Transformers in Keras: its own attention and its own table that is read both ways, the rest dense layers.

`keras.layers.MultiHeadAttention` would have three products where the specification has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from harness.backends.tensorflow.models.style import GELU, Style
from harness.workloads.network.spec import EPSILON
from harness.workloads.network.transformer import SEGMENTS, Bert, Gpt, Transformer


class Positions(keras.layers.Layer):  # type: ignore[misc]
    """Adds to each position a vector that is learned for it."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """As many vectors as positions."""
        self.table = self.add_weight(shape=shape[1:], name="embeddings")

    def call(self, values: Any) -> Any:
        """The same for every sample."""
        return ops.add(values, self.table)


def gpt(network: Gpt, x: Mapping[str, Any], style: Style) -> Any:
    """Normalise, attend, add; normalise, think, add; and the table of tokens once more."""
    token = keras.layers.ReversibleEmbedding(
        network.vocabulary,
        network.width,
        reverse_dtype=style.policy.compute_dtype,  # left out, the last product would be one of float32
        name="token",
        dtype=style.policy,
    )
    values = Positions(name="position", dtype=style.policy)(token(x["tokens"]))
    for number in range(1, network.blocks + 1):
        name = f"block{number}"
        normal = _norm(values, f"{name}.norm1", style)
        values = values + _attend(normal, network, name, style, causal=True)
        normal = _norm(values, f"{name}.norm2", style)
        values = values + _think(normal, network, name, style)
    return token(_norm(values, "norm", style), reverse=True)


def bert(network: Bert, x: Mapping[str, Any], style: Style) -> Any:
    """Attend, add, normalise; think, add, normalise; the first position speaks for all."""
    policy = style.policy
    token = keras.layers.Embedding(network.vocabulary, network.width, name="token", dtype=policy)
    segment = keras.layers.Embedding(SEGMENTS, network.width, name="segment", dtype=policy)
    values = Positions(name="position", dtype=policy)(token(x["tokens"]) + segment(x["segments"]))
    values = _norm(values, "norm", style)
    for number in range(1, network.blocks + 1):
        name = f"block{number}"
        attended = _attend(values, network, name, style, causal=False)
        values = _norm(values + attended, f"{name}.norm1", style)
        values = _norm(values + _think(values, network, name, style), f"{name}.norm2", style)
    first = keras.layers.Dense(network.width, activation="tanh", name="pooler", dtype=policy)(values[:, 0])
    return keras.layers.Dense(network.classes, name="head", dtype=policy)(first)


def _norm(values: Any, name: str, style: Style) -> Any:
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name, dtype=style.policy)(values)


def _attend(values: Any, network: Transformer, name: str, style: Style, *, causal: bool) -> Any:
    mixed = keras.layers.Dense(3 * network.width, name=f"{name}.qkv", dtype=style.policy)(values)
    heads = (-1, network.length, network.heads, network.head_width)
    query, key, value = (ops.reshape(part, heads) for part in ops.split(mixed, 3, axis=-1))
    found = ops.dot_product_attention(query, key, value, is_causal=causal)
    found = ops.reshape(found, (-1, network.length, network.width))
    return keras.layers.Dense(network.width, name=f"{name}.out", dtype=style.policy)(found)


def _think(values: Any, network: Transformer, name: str, style: Style) -> Any:
    wide = keras.layers.Dense(4 * network.width, activation=GELU, name=f"{name}.up", dtype=style.policy)(values)
    return keras.layers.Dense(network.width, name=f"{name}.down", dtype=style.policy)(wide)
