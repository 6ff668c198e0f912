"""Transformers, as they are written since PyTorch has attention as one function: in the manner of nanoGPT."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F  # noqa: N812  (its users' name for it)
from torch import nn

from harness.backends.torch.models.base import Model, Part, layer_norm
from harness.workloads.network.transformer import SEGMENTS

if TYPE_CHECKING:
    from harness.workloads.network.transformer import Bert, Gpt, Transformer


class Block(Part):
    """Attention and two dense layers, each with its normalisation."""

    causal: bool

    def __init__(self, network: Transformer) -> None:
        super().__init__()
        width = network.width
        self.heads, self.head_width = network.heads, network.head_width
        self.norm1 = layer_norm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = layer_norm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def attend(self, x: Any) -> Any:
        """Return what each position takes from the others."""
        batch, length, width = x.shape
        query, key, value = self.qkv(x).split(width, dim=2)
        query = query.view(batch, length, self.heads, self.head_width).transpose(1, 2)
        key = key.view(batch, length, self.heads, self.head_width).transpose(1, 2)
        value = value.view(batch, length, self.heads, self.head_width).transpose(1, 2)
        found = F.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        return self.out(found.transpose(1, 2).reshape(batch, length, width))

    def think(self, x: Any) -> Any:
        """Return what the two dense layers make of each position."""
        return self.down(F.gelu(self.up(x), approximate="tanh"))


class DecoderBlock(Block):
    """Normalises before each part; no position sees a later one."""

    causal = True

    def forward(self, x: Any) -> Any:
        """Each part adds to what there is."""
        x = x + self.attend(self.norm1(x))
        return x + self.think(self.norm2(x))


class EncoderBlock(Block):
    """Normalises after each part."""

    causal = False

    def forward(self, x: Any) -> Any:
        """Each part adds to what there is."""
        x = self.norm1(x + self.attend(x))
        return self.norm2(x + self.think(x))


def _blocks(network: Transformer, kind: type[Block]) -> Any:
    return nn.Sequential(OrderedDict((f"block{number}", kind(network)) for number in range(1, network.blocks + 1)))


class _Embedded(Model):
    """What the two have in common: tables of tokens and of positions, blocks, a normalisation."""

    def __init__(self, network: Transformer, kind: type[Block]) -> None:
        super().__init__()
        self.token = nn.Embedding(network.vocabulary, network.width)
        self.position = nn.Embedding(network.length, network.width)
        self.norm = layer_norm(network.width)
        self.blocks = _blocks(network, kind)
        self.register_buffer("positions", torch.arange(network.length), persistent=False)

    def path(self, module: str) -> str:
        """All blocks stand in a row."""
        return f"blocks.{module}" if module.startswith("block") else module


class GptModel(_Embedded):
    """A decoder, whose last product is with the table of tokens."""

    def __init__(self, network: Gpt) -> None:
        super().__init__(network, DecoderBlock)

    def forward(self, tokens: Any) -> Any:
        """Embed, go through the blocks, normalise, compare with all tokens."""
        x = self.token(tokens) + self.position(self.positions)
        x = self.norm(self.blocks(x))
        return F.linear(x, self.token.weight)


class BertModel(_Embedded):
    """An encoder, which classifies by its first position."""

    def __init__(self, network: Bert) -> None:
        super().__init__(network, EncoderBlock)
        self.segment = nn.Embedding(SEGMENTS, network.width)
        self.pooler = nn.Linear(network.width, network.width)
        self.head = nn.Linear(network.width, network.classes)

    def forward(self, tokens: Any, segments: Any) -> Any:
        """Embed and normalise, go through the blocks, look at the first position."""
        x = self.token(tokens) + self.segment(segments) + self.position(self.positions)
        x = self.blocks(self.norm(x))
        return self.head(torch.tanh(self.pooler(x[:, 0])))
