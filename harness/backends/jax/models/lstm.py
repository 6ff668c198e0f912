"""A classifier of sequences: LSTM layers as scans over time.

What the inputs give is one product for all steps; a scan then has the recurrent product alone, for
XLA takes nothing out of a loop by itself. What a cell holds is float32 under every type.
"""

from __future__ import annotations

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from harness.backends.jax.models import layers
from harness.backends.jax.models.layers import Array, Layer, Layers, Model, Policy
from harness.workloads.network.lstm import GATES, Lstm


def lstm(network: Lstm, policy: Policy) -> Model:
    """Layers, and a dense layer on what the last one holds at the end."""

    def apply(
        parameters: Layers, statistics: Layers, features: Mapping[str, Array], *, training: bool
    ) -> tuple[Array, Layers]:
        del training
        sequence = jnp.swapaxes(features["x"].astype(policy.dtype), 0, 1)  # a scan goes over the first axis
        for number in range(1, network.layers + 1):
            last, sequence = _layer(parameters[f"lstm{number}"], sequence)
        return layers.dense(parameters["head"], last), statistics

    return apply


def _layer(layer: Layer, sequence: Array) -> tuple[Array, Array]:
    """Return what is held at the end, and after each step."""
    kind, recurrent = sequence.dtype, layer["recurrent"].astype(sequence.dtype)

    def step(carry: tuple[Array, Array], fed: Array) -> tuple[tuple[Array, Array], Array]:
        held, cell = carry
        sums = (fed + held @ recurrent).astype(jnp.float32)
        let_in, keep, fresh, show = jnp.split(sums, GATES, axis=-1)
        cell = jax.nn.sigmoid(keep) * cell + jax.nn.sigmoid(let_in) * jnp.tanh(fresh)
        held = (jax.nn.sigmoid(show) * jnp.tanh(cell)).astype(kind)
        return (held, cell), held

    shape = (sequence.shape[1], recurrent.shape[0])
    start = (jnp.zeros(shape, kind), jnp.zeros(shape, jnp.float32))
    (last, _), every = jax.lax.scan(step, start, layers.dense(layer, sequence))
    return last, every
