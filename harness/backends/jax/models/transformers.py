"""Transformers: a decoder in the shape of GPT-2 and an encoder in the shape of BERT."""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from harness.backends.jax.models import layers
from harness.backends.jax.models.layers import Array, Layers, Model, Policy
from harness.workloads.network.transformer import Bert, Gpt, Transformer


def gpt(network: Gpt, policy: Policy) -> Model:
    """Normalise, attend, add; normalise, think, add; the last product is with the table of tokens."""

    def apply(
        parameters: Layers, statistics: Layers, features: Mapping[str, Array], *, training: bool
    ) -> tuple[Array, Layers]:
        del training
        table = parameters["token"]["table"]
        tokens = layers.embedding(parameters["token"], features["tokens"])
        x = (tokens + parameters["position"]["table"]).astype(policy.dtype)
        for name in _blocks(network):
            normal = layers.layer_norm(parameters[f"{name}.norm1"], x)
            x = x + _attend(parameters, name, normal, network, policy, causal=True)
            x = x + _think(parameters, name, layers.layer_norm(parameters[f"{name}.norm2"], x))
        return layers.layer_norm(parameters["norm"], x) @ table.astype(x.dtype).T, statistics

    return apply


def bert(network: Bert, policy: Policy) -> Model:
    """Attend, add, normalise; think, add, normalise; the first position says what the whole is."""

    def apply(
        parameters: Layers, statistics: Layers, features: Mapping[str, Array], *, training: bool
    ) -> tuple[Array, Layers]:
        del training
        x = layers.embedding(parameters["token"], features["tokens"])
        x = x + layers.embedding(parameters["segment"], features["segments"]) + parameters["position"]["table"]
        x = layers.layer_norm(parameters["norm"], x.astype(policy.dtype))
        for name in _blocks(network):
            found = _attend(parameters, name, x, network, policy, causal=False)
            x = layers.layer_norm(parameters[f"{name}.norm1"], x + found)
            x = layers.layer_norm(parameters[f"{name}.norm2"], x + _think(parameters, name, x))
        return layers.dense(parameters["head"], jnp.tanh(layers.dense(parameters["pooler"], x[:, 0]))), statistics

    return apply


def _blocks(network: Transformer) -> list[str]:
    return [f"block{number}" for number in range(1, network.blocks + 1)]


def _attend(parameters: Layers, name: str, x: Array, network: Transformer, policy: Policy, *, causal: bool) -> Array:
    """One product for queries, keys and values; heads stand after the length, as JAX's attention has them."""
    batch, length, width = x.shape
    mixed = layers.dense(parameters[f"{name}.qkv"], x).astype(policy.attention)
    heads = mixed.reshape(batch, length, 3, network.heads, network.head_width)
    found = jax.nn.dot_product_attention(heads[:, :, 0], heads[:, :, 1], heads[:, :, 2], is_causal=causal)
    return layers.dense(parameters[f"{name}.out"], found.reshape(batch, length, width).astype(x.dtype))


def _think(parameters: Layers, name: str, x: Array) -> Array:
    raised = jax.nn.gelu(layers.dense(parameters[f"{name}.up"], x), approximate=True)
    return layers.dense(parameters[f"{name}.down"], raised)
