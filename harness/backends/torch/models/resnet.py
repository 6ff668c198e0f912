"""Residual networks, as torchvision has them: its blocks, its relu in place, its pooling at the end."""

from __future__ import annotations

from collections import OrderedDict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from harness.backends.torch.models.base import Model, Part
from harness.workloads.network.spec import EPSILON, KEPT

if TYPE_CHECKING:
    from harness.workloads.network.resnet import Block, Convolution, ResNet


class ConvolutionNorm(Part):
    """A convolution without bias, and the normalisation after it."""

    def __init__(self, part: Convolution) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            part.width_in, part.width_out, part.size, stride=part.stride, padding=part.padding, bias=False
        )
        self.norm = nn.BatchNorm2d(part.width_out, eps=EPSILON, momentum=1 - KEPT)

    def forward(self, x: Any) -> Any:
        """One after the other."""
        return self.norm(self.conv(x))


class BasicBlock(Part):
    """Two convolutions of 3 x 3."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.conv1, self.conv2 = map(ConvolutionNorm, block.path)
        self.shortcut = nn.Identity() if block.shortcut is None else ConvolutionNorm(block.shortcut)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        """What the convolutions make, and what goes past them."""
        out = self.relu(self.conv1(x))
        out = self.conv2(out)
        out += self.shortcut(x)
        return self.relu(out)


class Bottleneck(Part):
    """One convolution of 3 x 3 between two of 1 x 1."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3 = map(ConvolutionNorm, block.path)
        self.shortcut = nn.Identity() if block.shortcut is None else ConvolutionNorm(block.shortcut)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Any) -> Any:
        """What the convolutions make, and what goes past them."""
        out = self.relu(self.conv1(x))
        out = self.relu(self.conv2(out))
        out = self.conv3(out)
        out += self.shortcut(x)
        return self.relu(out)


class ResNetModel(Model):
    """Stem, stages, mean over the image, head."""

    def __init__(self, network: ResNet) -> None:
        super().__init__()
        self.stem = ConvolutionNorm(network.stem())
        self.relu = nn.ReLU(inplace=True)
        self.first_pool = nn.MaxPool2d(3, stride=2, padding=1) if network.large else nn.Identity()
        self.stages = _stages(network)
        self.last_pool = nn.AdaptiveAvgPool2d((1, 1))
        self.head = nn.Linear(network.head_width(), network.classes)

    def forward(self, x: Any) -> Any:
        """Stem, stages, mean over the image, head."""
        x = self.first_pool(self.relu(self.stem(x)))
        x = self.last_pool(self.stages(x))
        return self.head(torch.flatten(x, 1))

    def path(self, module: str) -> str:
        """All stages stand in a row."""
        return f"stages.{module}" if module.startswith("stage") else module


def _stages(network: ResNet) -> Any:
    """Return rows of blocks in a row, by the names that the specification has for them."""
    kind = Bottleneck if network.bottleneck else BasicBlock
    stages = groupby(network.residual_blocks(), lambda block: block.name.partition(".")[0])
    return nn.Sequential(
        OrderedDict(
            (stage, nn.Sequential(OrderedDict((block.name.partition(".")[2], kind(block)) for block in blocks)))
            for stage, blocks in stages
        )
    )
