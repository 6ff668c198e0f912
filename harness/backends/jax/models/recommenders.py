"""Recommenders: neural collaborative filtering, and one in the shape of DLRM."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from harness.backends.jax.models import layers
from harness.backends.jax.models.layers import Array, Layers, Model, Policy
from harness.workloads.network.recommender import Dlrm, Ncf


def ncf(network: Ncf, policy: Policy) -> Model:
    """A product of two embeddings beside dense layers over two others."""

    def apply(
        parameters: Layers, statistics: Layers, features: Mapping[str, Array], *, training: bool
    ) -> tuple[Array, Layers]:
        del training

        def found(kind: str, who: str) -> Array:
            return layers.embedding(parameters[f"{kind}.{who}"], features[who]).astype(policy.dtype)

        met = found("product", "user") * found("product", "item")
        deep = jnp.concatenate([found("deep", "user"), found("deep", "item")], axis=-1)
        for number in range(1, len(network.widths)):
            deep = jax.nn.relu(layers.dense(parameters[f"dense{number}"], deep))
        return layers.dense(parameters["head"], jnp.concatenate([met, deep], axis=-1)), statistics

    return apply


def dlrm(network: Dlrm, policy: Policy) -> Model:
    """Numbers through dense layers, names through tables; every two of these vectors meet in a product."""
    below, left = (places.astype(np.int32) for places in np.tril_indices(network.tables + 1, -1))
    bottom, top = len(network.bottom), len(network.top)

    def apply(
        parameters: Layers, statistics: Layers, features: Mapping[str, Array], *, training: bool
    ) -> tuple[Array, Layers]:
        del training
        x = features["numbers"].astype(policy.dtype)
        for number in range(1, bottom + 1):
            x = jax.nn.relu(layers.dense(parameters[f"bottom{number}"], x))
        names = features["names"]
        looked_up = [
            layers.embedding(parameters[f"table{at + 1}"], names[:, at]).astype(x.dtype) for at in range(network.tables)
        ]
        vectors = jnp.stack([x, *looked_up], axis=1)
        met = jnp.einsum("bid,bjd->bij", vectors, vectors)[:, below, left]
        x = jnp.concatenate([x, met], axis=-1)
        for number in range(1, top):
            x = jax.nn.relu(layers.dense(parameters[f"top{number}"], x))
        return layers.dense(parameters[f"top{top}"], x), statistics

    return apply
