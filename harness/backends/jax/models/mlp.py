"""Multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import jax
import jax.numpy as jnp

from harness.backends.jax.models import layers
from harness.backends.jax.models.layers import Array, Layers, Model, Policy
from harness.workloads.network.mlp import Mlp

ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "relu": jax.nn.relu,
    "gelu": partial(jax.nn.gelu, approximate=True),
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
}


def mlp(network: Mlp, policy: Policy) -> Model:
    """Dense layers with an activation between them."""
    activate, depth = ACTIVATIONS[network.activation], network.depth()

    def apply(
        parameters: Layers, statistics: Layers, features: Mapping[str, Array], *, training: bool
    ) -> tuple[Array, Layers]:
        del training
        x = features["x"].astype(policy.dtype)
        for number in range(1, depth):
            x = activate(layers.dense(parameters[f"dense{number}"], x))
        return layers.dense(parameters[f"dense{depth}"], x), statistics

    return apply
