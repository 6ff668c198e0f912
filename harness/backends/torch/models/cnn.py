"""Small convolutional networks, in two halves as torchvision's first ones have it: features, classifier."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from harness.backends.torch.models.base import Model, dense
from harness.workloads.network.spec import Weight

if TYPE_CHECKING:
    from harness.workloads.network.cnn import Cnn


class CnnModel(Model):
    """Convolution, relu, pooling; then dense layers."""

    def __init__(self, network: Cnn) -> None:
        super().__init__()
        layers: OrderedDict[str, Any] = OrderedDict()
        pairs = zip(network.convolved(), network.paddings, strict=True)
        for number, ((channels, out, _), padding) in enumerate(pairs, start=1):
            layers[f"conv{number}"] = nn.Conv2d(channels, out, network.kernel, padding=padding)
            layers[f"relu{number}"] = nn.ReLU()
            layers[f"pool{number}"] = nn.MaxPool2d(2)
        self.features = nn.Sequential(layers)
        self.classifier = dense("dense", network.dense_widths())
        _, channels, side = network.convolved()[-1]
        self._flattened = (side // 2, side // 2, channels)

    def forward(self, x: Any) -> Any:
        """The image is flattened as it lies here: channel by channel."""
        return self.classifier(torch.flatten(self.features(x), 1))

    def path(self, module: str) -> str:
        """Convolutions are features."""
        return f"{'features' if module.startswith('conv') else 'classifier'}.{module}"

    def seen(self, weight: Weight) -> tuple[int, ...]:
        """The first dense kernel meets rows, columns and channels, which lie in another order here."""
        return (*self._flattened, weight.shape[1]) if weight.name == "dense1.kernel" else weight.shape
