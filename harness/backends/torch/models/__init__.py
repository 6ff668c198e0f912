"""The models of the catalogue as PyTorch's users write them today, one class for each family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.backends.torch.models.cnn import CnnModel
from harness.backends.torch.models.lstm import LstmModel
from harness.backends.torch.models.perceptron import MlpModel
from harness.backends.torch.models.recommender import DlrmModel, NcfModel
from harness.backends.torch.models.resnet import ResNetModel
from harness.backends.torch.models.transformer import BertModel, GptModel
from harness.workloads.network.cnn import Cnn
from harness.workloads.network.lstm import Lstm
from harness.workloads.network.mlp import Mlp
from harness.workloads.network.recommender import Dlrm, Ncf
from harness.workloads.network.resnet import ResNet
from harness.workloads.network.spec import Network
from harness.workloads.network.transformer import Bert, Gpt

if TYPE_CHECKING:
    import torch

FAMILIES: Mapping[type[Network], Any] = {
    Mlp: MlpModel,
    Cnn: CnnModel,
    ResNet: ResNetModel,
    Gpt: GptModel,
    Bert: BertModel,
    Lstm: LstmModel,
    Ncf: NcfModel,
    Dlrm: DlrmModel,
}


def build(network: Network, device: torch.device) -> Any:
    """Return the model on the device, with whatever weights PyTorch gives it."""
    with device:
        return FAMILIES[type(network)](network)
