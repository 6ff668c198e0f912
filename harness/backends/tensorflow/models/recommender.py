"""Recommenders: tables, dense layers, and where two vectors meet a product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from harness.backends.tensorflow.models.plain import dense_layers
from harness.backends.tensorflow.models.style import Style
from harness.workloads.network.recommender import Dlrm, Ncf


def ncf(network: Ncf, x: Mapping[str, Any], style: Style) -> Any:
    """The product of two look-ups beside dense layers over two others."""

    def looked_up(table: str, feature: str, rows: int, width: int) -> Any:
        return keras.layers.Embedding(rows, width, name=f"{table}.{feature}", dtype=style.policy)(x[feature])

    half = network.widths[0] // 2
    met = looked_up("product", "user", network.users, network.factors) * looked_up(
        "product", "item", network.things, network.factors
    )
    pair = [looked_up("deep", "user", network.users, half), looked_up("deep", "item", network.things, half)]
    deep = dense_layers(ops.concatenate(pair, axis=-1), "dense", network.widths[1:], style, last="relu")
    return keras.layers.Dense(1, name="head", dtype=style.policy)(ops.concatenate([met, deep], axis=-1))


def dlrm(network: Dlrm, x: Mapping[str, Any], style: Style) -> Any:
    """Bottom, meeting, top."""
    values = dense_layers(x["numbers"], "bottom", network.bottom, style, last="relu")
    vectors = [values]
    for at in range(network.tables):
        table = keras.layers.Embedding(network.rows, network.bottom[-1], name=f"table{at + 1}", dtype=style.policy)
        vectors.append(table(x["names"][:, at]))
    met = _meet(ops.stack(vectors, axis=1), len(vectors))
    return dense_layers(ops.concatenate([values, met], axis=-1), "top", network.top, style)


def _meet(vectors: Any, count: int) -> Any:
    """Return the product of every two vectors once: those below the diagonal, row after row."""
    products = ops.reshape(ops.matmul(vectors, ops.transpose(vectors, (0, 2, 1))), (-1, count * count))
    below = [row * count + column for row in range(count) for column in range(row)]
    return ops.take(products, below, axis=1)
