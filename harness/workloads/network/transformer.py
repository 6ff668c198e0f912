"""Transformers: a decoder in the shape of GPT-2 and an encoder in the shape of BERT.

Both have learned positions, one product for queries, keys and values together (in that order), gelu in
its form with tanh, and no dropout. The decoder normalises before each part and ties its last product to
the table of tokens; the encoder normalises after each part and classifies by its first position.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from harness.workloads.network.spec import Feature, Network, Normaliser, Weight, dense, norm, table

if TYPE_CHECKING:
    from harness.workloads.network.tape import Array, Node

SPREAD = 0.02  # of tables, as GPT-2 and BERT have it
SEGMENTS = 2


@dataclass(frozen=True, kw_only=True)
class Transformer(Network):
    """What the two have in common.

    Blocks are ``block1``, ... with ``norm1``, ``qkv`` and ``out`` for attention, and ``norm2``, ``up`` and
    ``down`` for the two dense layers.
    """

    items_name: ClassVar[str] = "tokens"

    vocabulary: int
    length: int
    blocks: int
    width: int
    heads: int

    @property
    def head_width(self) -> int:
        """The features of one head."""
        return self.width // self.heads

    def items(self) -> int:
        """The tokens of a sample."""
        return self.length

    def look_ups(self) -> int:
        """One a token."""
        return self.length

    def block_weights(self) -> tuple[Weight, ...]:
        """Return those of all blocks."""
        found: list[Weight] = []
        for number in range(1, self.blocks + 1):
            name = f"block{number}"
            kernel, bias = dense(f"{name}.qkv", self.width, 3 * self.width, gain=1.0)
            found += [
                *norm(f"{name}.norm1", self.width),
                kernel,
                replace(bias, idle=(self.width, 2 * self.width)),
                *dense(f"{name}.out", self.width, self.width, gain=1.0),
                *norm(f"{name}.norm2", self.width),
                *dense(f"{name}.up", self.width, 4 * self.width),
                *dense(f"{name}.down", 4 * self.width, self.width, gain=1.0),
            ]
        return tuple(found)

    def block_flops(self, pairs: int) -> int:
        """Return those of all blocks, where `pairs` of queries and keys meet."""
        products = 2 * self.length * 12 * self.width**2
        return self.blocks * (products + 4 * pairs * self.width)

    def depth(self) -> int:
        """Six products a block, and the last."""
        return 6 * self.blocks + 1

    def attend(self, w: Mapping[str, Node], name: str, values: Node, allowed: Array | None) -> Node:
        """Return what attention makes of `values`."""
        from harness.workloads.network import layers, tape

        batch = values.value.shape[0]
        mixed = layers.dense(w, f"{name}.qkv", values)

        def heads(place: int) -> Node:
            chosen = tape.part(mixed, (..., slice(place * self.width, (place + 1) * self.width)))
            split = tape.reshape(chosen, (batch, self.length, self.heads, self.head_width))
            return tape.transpose(split, (0, 2, 1, 3))

        query, key, value = heads(0), heads(1), heads(2)
        scores = tape.scale(query @ tape.transpose(key, (0, 1, 3, 2)), 1 / math.sqrt(self.head_width))
        found = tape.transpose(tape.softmax(scores, allowed) @ value, (0, 2, 1, 3))
        return layers.dense(w, f"{name}.out", tape.reshape(found, (batch, self.length, self.width)))

    def think(self, w: Mapping[str, Node], name: str, values: Node) -> Node:
        """Return what the two dense layers make of `values`."""
        from harness.workloads.network import layers, tape

        return layers.dense(w, f"{name}.down", tape.gelu(layers.dense(w, f"{name}.up", values)))


@dataclass(frozen=True, kw_only=True)
class Gpt(Transformer):
    """A decoder: each position foretells its token's successor, and sees only what came before.

    ``token.table``, ``position.table``, the blocks, and ``norm``.
    """

    losses: ClassVar[tuple[str, ...]] = ("sparse",)
    tied: ClassVar[tuple[str, ...]] = ("token.table",)

    def features(self) -> tuple[Feature, ...]:
        """Tokens."""
        return (Feature(name="tokens", shape=(self.length,), below=self.vocabulary),)

    def outputs(self) -> tuple[int, ...]:
        """One number a position and token."""
        return (self.length, self.vocabulary)

    def weights(self) -> tuple[Weight, ...]:
        """Tables, blocks, the last normalisation."""
        return (
            table("token", self.vocabulary, self.width, SPREAD),
            table("position", self.length, self.width, SPREAD),
            *self.block_weights(),
            *norm("norm", self.width),
        )

    def logits(self, w: Mapping[str, Node], x: Mapping[str, Array], normalise: Normaliser) -> Node:
        """Normalise, attend, add; normalise, think, add."""
        import numpy as np

        from harness.workloads.network import layers, tape

        del normalise
        allowed = np.tri(self.length, dtype=bool)
        values = tape.take(w["token.table"], x["tokens"]) + w["position.table"]
        for number in range(1, self.blocks + 1):
            name = f"block{number}"
            values = values + self.attend(w, name, layers.layer_norm(w, f"{name}.norm1", values), allowed)
            values = values + self.think(w, name, layers.layer_norm(w, f"{name}.norm2", values))
        return layers.layer_norm(w, "norm", values) @ tape.transpose(w["token.table"], (1, 0))

    def forward_flops(self) -> int:
        """Of attention, the pairs that are not masked."""
        last = 2 * self.length * self.width * self.vocabulary
        return self.block_flops(self.length * (self.length + 1) // 2) + last


@dataclass(frozen=True, kw_only=True)
class Bert(Transformer):
    """An encoder: every position sees every other, and the first one says what the whole is.

    ``token.table``, ``position.table``, ``segment.table``, ``norm``, the blocks, ``pooler``, ``head``.
    """

    losses: ClassVar[tuple[str, ...]] = ("sparse", "categorical")

    classes: int = 2

    def features(self) -> tuple[Feature, ...]:
        """Tokens, and which of two segments each belongs to."""
        return (
            Feature(name="tokens", shape=(self.length,), below=self.vocabulary),
            Feature(name="segments", shape=(self.length,), below=SEGMENTS),
        )

    def outputs(self) -> tuple[int, ...]:
        """One number a class."""
        return (self.classes,)

    def weights(self) -> tuple[Weight, ...]:
        """Tables and their normalisation, blocks, pooler, head."""
        return (
            table("token", self.vocabulary, self.width, SPREAD),
            table("position", self.length, self.width, SPREAD),
            table("segment", SEGMENTS, self.width, SPREAD),
            *norm("norm", self.width),
            *self.block_weights(),
            *dense("pooler", self.width, self.width, gain=1.0),
            *dense("head", self.width, self.classes, gain=1.0),
        )

    def logits(self, w: Mapping[str, Node], x: Mapping[str, Array], normalise: Normaliser) -> Node:
        """Attend, add, normalise; think, add, normalise."""
        from harness.workloads.network import layers, tape

        del normalise
        values = tape.take(w["token.table"], x["tokens"]) + tape.take(w["segment.table"], x["segments"])
        values = layers.layer_norm(w, "norm", values + w["position.table"])
        for number in range(1, self.blocks + 1):
            name = f"block{number}"
            values = layers.layer_norm(w, f"{name}.norm1", values + self.attend(w, name, values, None))
            values = layers.layer_norm(w, f"{name}.norm2", values + self.think(w, name, values))
        first = tape.part(values, (slice(None), 0))
        return layers.dense(w, "head", tape.tanh(layers.dense(w, "pooler", first)))

    def forward_flops(self) -> int:
        """Blocks, and the first position's two layers."""
        return self.block_flops(self.length**2) + 2 * self.width * (self.width + self.classes)

    def depth(self) -> int:
        """Six products a block, pooler and head."""
        return 6 * self.blocks + 2
