"""Inference in JAX: a compiled function of parameters and a batch.

Parameters are arguments of what is compiled, so that XLA can fold nothing of them into the program.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from harness.backends.base import Prepared, Setting
from harness.backends.jax.models import model_of
from harness.backends.jax.models.layers import Array, Layers, Policy
from harness.backends.jax.models.weights import placed
from harness.workloads.base import Arrays
from harness.workloads.inference import Inference
from harness.workloads.network.transformer import Transformer

WIDENED = "attention=float32"


def prepare(
    workload: Inference, inputs: Arrays, arguments: tuple[Any, ...], *, setting: Setting, device: Any
) -> Prepared[Any]:
    """Make a model ready, its weights in the type under test."""
    policy = Policy(dtype=getattr(jnp, workload.dtype), setting=setting)
    network, kept = workload.network, workload.kept_dtype
    model, names = model_of(network, policy), [feature.name for feature in network.features()]
    weights, statistics = workload.started(inputs)
    parameters = placed(network.weights(), weights, kept, device)
    running = placed(network.statistics(), statistics, kept, device)
    traces = [0]

    def predict(parameters: Layers, running: Layers, batch: tuple[Array, ...]) -> Array:
        traces[0] += 1
        with policy.precision():
            return model(parameters, running, dict(zip(names, batch, strict=True)), training=False)[0]

    compiled = jax.jit(predict)
    return Prepared(
        function=lambda *batch: compiled(parameters, running, batch),
        arguments=arguments,
        compilations=lambda: traces[0],
        tags=(WIDENED,) if isinstance(network, Transformer) and policy.widens_attention else (),
    )
