"""Recommenders: neural collaborative filtering, and one in the shape of DLRM. Both say how likely a click is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from harness.workloads.network.spec import Feature, Network, Normaliser, Weight, dense, table

if TYPE_CHECKING:
    from harness.workloads.network.tape import Array, Node

SPREAD = 0.1


@dataclass(frozen=True, kw_only=True)
class Ncf(Network):
    """Neural collaborative filtering: a product of two embeddings beside dense layers over two others.

    Tables ``product.user``, ``product.item``, ``deep.user`` and ``deep.item``; layers ``dense1``, ... with
    relu over the deep pair; ``head`` over the product and what the layers give.
    """

    losses: ClassVar[tuple[str, ...]] = ("binary",)

    users: int
    things: int
    factors: int
    widths: tuple[int, ...]  # the first: user and thing side by side

    def features(self) -> tuple[Feature, ...]:
        """Who, and what."""
        return (
            Feature(name="user", shape=(), below=self.users),
            Feature(name="item", shape=(), below=self.things),
        )

    def outputs(self) -> tuple[int, ...]:
        """One logit."""
        return (1,)

    def weights(self) -> tuple[Weight, ...]:
        """Tables, layers, head."""
        half = self.widths[0] // 2
        pairs = enumerate(pairwise(self.widths), start=1)
        return (
            table("product.user", self.users, self.factors, SPREAD),
            table("product.item", self.things, self.factors, SPREAD),
            table("deep.user", self.users, half, SPREAD),
            table("deep.item", self.things, half, SPREAD),
            *(weight for number, (a, b) in pairs for weight in dense(f"dense{number}", a, b)),
            *dense("head", self.factors + self.widths[-1], 1, gain=1.0),
        )

    def logits(self, w: Mapping[str, Node], x: Mapping[str, Array], normalise: Normaliser) -> Node:
        """The product stands before what the layers give."""
        from harness.workloads.network import layers, tape

        del normalise
        met = tape.take(w["product.user.table"], x["user"]) * tape.take(w["product.item.table"], x["item"])
        deep = tape.join([tape.take(w["deep.user.table"], x["user"]), tape.take(w["deep.item.table"], x["item"])])
        for number in range(1, len(self.widths)):
            deep = tape.relu(layers.dense(w, f"dense{number}", deep))
        return layers.dense(w, "head", tape.join([met, deep]))

    def forward_flops(self) -> int:
        """The layers and the head."""
        return sum(2 * a * b for a, b in pairwise(self.widths)) + 2 * (self.factors + self.widths[-1])

    def depth(self) -> int:
        """The layers and the head."""
        return len(self.widths)


@dataclass(frozen=True, kw_only=True)
class Dlrm(Network):
    """Numbers through dense layers, names through tables; every two of these vectors meet in a product.

    ``bottom1``, ... with relu after each; ``table1``, ...; then what the bottom gives, followed by the
    products of every two vectors (bottom first, then the tables; 1 with 0, 2 with 0, 2 with 1, ...), goes
    through ``top1``, ... with relu between them.
    """

    losses: ClassVar[tuple[str, ...]] = ("binary",)

    numbers: int
    bottom: tuple[int, ...]  # widths of what the bottom layers give; the last is that of a table
    tables: int
    rows: int
    top: tuple[int, ...]  # widths of what the top layers give; the last is 1

    def features(self) -> tuple[Feature, ...]:
        """Numbers, and one name for each table."""
        return (
            Feature(name="numbers", shape=(self.numbers,)),
            Feature(name="names", shape=(self.tables,), below=self.rows),
        )

    def outputs(self) -> tuple[int, ...]:
        """One logit."""
        return (1,)

    @property
    def pairs(self) -> int:
        """How many two of the vectors there are."""
        return self.tables * (self.tables + 1) // 2

    def bottom_widths(self) -> tuple[int, ...]:
        """Return the widths from the numbers on."""
        return (self.numbers, *self.bottom)

    def top_widths(self) -> tuple[int, ...]:
        """Return the widths from the meeting of all vectors on."""
        return (self.bottom[-1] + self.pairs, *self.top)

    def weights(self) -> tuple[Weight, ...]:
        """Bottom, tables, top."""
        found: list[Weight] = []
        for number, (a, b) in enumerate(pairwise(self.bottom_widths()), start=1):
            found += dense(f"bottom{number}", a, b)
        found += [table(f"table{number}", self.rows, self.bottom[-1], SPREAD) for number in range(1, self.tables + 1)]
        for number, (a, b) in enumerate(pairwise(self.top_widths()), start=1):
            found += dense(f"top{number}", a, b)
        return tuple(found)

    def logits(self, w: Mapping[str, Node], x: Mapping[str, Array], normalise: Normaliser) -> Node:
        """Bottom, meeting, top."""
        import numpy as np

        from harness.workloads.network import layers, tape

        del normalise
        values = tape.Node(x["numbers"])
        for number in range(1, len(self.bottom) + 1):
            values = tape.relu(layers.dense(w, f"bottom{number}", values))
        looked_up = [tape.take(w[f"table{at + 1}.table"], x["names"][:, at]) for at in range(self.tables)]
        vectors = tape.stack([values, *looked_up], axis=1)
        products = vectors @ tape.transpose(vectors, (0, 2, 1))
        below, left = np.tril_indices(self.tables + 1, -1)
        met = tape.part(products, (slice(None), below, left))
        values = tape.join([values, met])
        for number in range(1, len(self.top) + 1):
            values = layers.dense(w, f"top{number}", values)
            if number < len(self.top):
                values = tape.relu(values)
        return values

    def forward_flops(self) -> int:
        """The layers, and each meeting of two vectors once."""
        products = [*pairwise(self.bottom_widths()), *pairwise(self.top_widths())]
        return sum(2 * a * b for a, b in products) + 2 * self.pairs * self.bottom[-1]

    def unneeded_flops(self) -> int:
        """The numbers are data."""
        return 2 * self.numbers * self.bottom[0]

    def depth(self) -> int:
        """Bottom, meeting, top."""
        return len(self.bottom) + 1 + len(self.top)
