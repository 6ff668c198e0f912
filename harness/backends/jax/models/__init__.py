"""The models of the catalogue as users of JAX write them: pure functions of parameters.

A model is made for one network and one `Policy`. What it returns beside its outputs are the running
statistics that it leaves behind: in training those that it was given, blended with the batch's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.backends.jax.models.images import cnn, resnet
from harness.backends.jax.models.layers import Model, Policy
from harness.backends.jax.models.lstm import lstm
from harness.backends.jax.models.mlp import mlp
from harness.backends.jax.models.recommenders import dlrm, ncf
from harness.backends.jax.models.transformers import bert, gpt
from harness.workloads.network.cnn import Cnn
from harness.workloads.network.lstm import Lstm
from harness.workloads.network.mlp import Mlp
from harness.workloads.network.recommender import Dlrm, Ncf
from harness.workloads.network.resnet import ResNet
from harness.workloads.network.spec import Network
from harness.workloads.network.transformer import Bert, Gpt

MAKERS: Mapping[type[Network], Callable[[Any, Policy], Model]] = {
    Mlp: mlp,
    Cnn: cnn,
    ResNet: resnet,
    Gpt: gpt,
    Bert: bert,
    Lstm: lstm,
    Ncf: ncf,
    Dlrm: dlrm,
}


def model_of(network: Network, policy: Policy) -> Model:
    """Return the model of a network."""
    return MAKERS[type(network)](network, policy)
