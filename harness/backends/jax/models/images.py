"""Networks for images, in the order of axes that JAX leaves to its user: N H W C and H W I O."""

from __future__ import annotations

from collections.abc import Mapping

import jax

from harness.backends.jax.models import layers
from harness.backends.jax.models.layers import Array, Layer, Layers, Model, Policy
from harness.workloads.network.cnn import Cnn
from harness.workloads.network.resnet import Convolution, ResNet


def cnn(network: Cnn, policy: Policy) -> Model:
    """Convolutions with relu and pooling, then dense layers with relu between them."""
    depth = len(network.widths)

    def apply(
        parameters: Layers, statistics: Layers, features: Mapping[str, Array], *, training: bool
    ) -> tuple[Array, Layers]:
        del training
        x = features["x"].astype(policy.dtype)
        for number, padding in enumerate(network.paddings, start=1):
            x = layers.convolution(parameters[f"conv{number}"], x, policy, padding=padding)
            x = layers.max_pool(jax.nn.relu(x), size=2, stride=2)
        x = x.reshape(x.shape[0], -1)
        for number in range(1, depth):
            x = jax.nn.relu(layers.dense(parameters[f"dense{number}"], x))
        return layers.dense(parameters[f"dense{depth}"], x), statistics

    return apply


def resnet(network: ResNet, policy: Policy) -> Model:
    """Residual blocks, each convolution followed by its normalisation."""

    def apply(
        parameters: Layers, statistics: Layers, features: Mapping[str, Array], *, training: bool
    ) -> tuple[Array, Layers]:
        kept: dict[str, Layer] = {}

        def convolved(part: Convolution, x: Array) -> Array:
            norm = f"{part.name}.norm"
            kernel = parameters[f"{part.name}.conv"]
            x = layers.convolution(kernel, x, policy, stride=part.stride, padding=part.padding)
            x, kept[norm] = layers.batch_norm(parameters[norm], statistics[norm], x, training=training)
            return x

        x = jax.nn.relu(convolved(network.stem(), features["x"].astype(policy.dtype)))
        if network.large:
            x = layers.max_pool(x, size=3, stride=2, padding=1)
        for block in network.residual_blocks():
            past = x if block.shortcut is None else convolved(block.shortcut, x)
            for part in block.path[:-1]:
                x = jax.nn.relu(convolved(part, x))
            x = jax.nn.relu(convolved(block.path[-1], x) + past)
        return layers.dense(parameters["head"], x.mean((1, 2))), kept

    return apply
