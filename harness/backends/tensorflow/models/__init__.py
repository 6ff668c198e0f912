"""The models of the catalogue as Keras users write them: layers called on symbolic inputs, made into one model.

A layer bears the name that its weights have in the specification. Keras keeps every weight in the very
layout that is stated there, so that between the two there is nothing but a name for each kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from harness.backends.tensorflow.models.lstm import lstm
from harness.backends.tensorflow.models.naming import variables
from harness.backends.tensorflow.models.plain import cnn, mlp
from harness.backends.tensorflow.models.recommender import dlrm, ncf
from harness.backends.tensorflow.models.resnet import resnet
from harness.backends.tensorflow.models.style import Style
from harness.backends.tensorflow.models.transformer import bert, gpt
from harness.workloads.network.cnn import Cnn
from harness.workloads.network.lstm import Lstm
from harness.workloads.network.mlp import Mlp
from harness.workloads.network.recommender import Dlrm, Ncf
from harness.workloads.network.resnet import ResNet
from harness.workloads.network.spec import Network
from harness.workloads.network.transformer import Bert, Gpt

__all__ = ["Style", "build", "load", "variables"]

Symbol = Any  # a tensor that is not there yet; Keras ships no types
Family = Callable[[Any, Mapping[str, Symbol], Style], Symbol]

FAMILIES: Mapping[type[Network], Family] = {
    Mlp: mlp,
    Cnn: cnn,
    ResNet: resnet,
    Gpt: gpt,
    Bert: bert,
    Lstm: lstm,
    Ncf: ncf,
    Dlrm: dlrm,
}


def build(network: Network, style: Style, kind: Any = keras.Model) -> Any:
    """Return a model of the class `kind` that takes features by name and gives logits."""
    policy = style.policy
    inputs = {
        feature.name: keras.Input(
            feature.shape, name=feature.name, dtype=policy.variable_dtype if feature.below is None else "int32"
        )
        for feature in network.features()
    }
    logits = FAMILIES[type(network)](network, inputs, style)
    if policy.compute_dtype != policy.variable_dtype:
        # What Keras's guide to mixed precision asks for, so that the loss is one of float32.
        logits = keras.layers.Activation("linear", dtype=policy.variable_dtype, name="logits")(logits)
    model = kind(inputs=inputs, outputs=logits)
    variables(model, network)
    return model


def load(model: Any, network: Network, arrays: Mapping[str, Any]) -> None:
    """Let the model hold `arrays`, which go by the specification's names."""
    for name, variable in variables(model, network).items():
        variable.assign(arrays[name])
