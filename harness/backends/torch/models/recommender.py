"""Recommenders: neural collaborative filtering, and one in the shape of DLRM, as its authors' own code has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from harness.backends.torch.models.base import Model, Part, dense

if TYPE_CHECKING:
    from harness.workloads.network.recommender import Dlrm, Ncf

TABLE = "table"  # what the specification calls a table, before its number


class Tables(Part):
    """Embeddings of users and of things."""

    def __init__(self, users: int, things: int, width: int) -> None:
        super().__init__()
        self.user = nn.Embedding(users, width)
        self.item = nn.Embedding(things, width)


class NcfModel(Model):
    """A product of two embeddings beside dense layers over two others."""

    def __init__(self, network: Ncf) -> None:
        super().__init__()
        self.product = Tables(network.users, network.things, network.factors)
        self.deep = Tables(network.users, network.things, network.widths[0] // 2)
        self.layers = dense("dense", network.widths, at_end=True)
        self.head = nn.Linear(network.factors + network.widths[-1], 1)

    def forward(self, user: Any, item: Any) -> Any:
        """The product stands before what the layers give."""
        met = self.product.user(user) * self.product.item(item)
        deep = self.layers(torch.cat([self.deep.user(user), self.deep.item(item)], dim=-1))
        return self.head(torch.cat([met, deep], dim=-1))

    def path(self, module: str) -> str:
        """All layers stand in a row."""
        return f"layers.{module}" if module.startswith("dense") else module


class DlrmModel(Model):
    """Numbers through dense layers, names through tables, every two of these vectors in a product."""

    def __init__(self, network: Dlrm) -> None:
        super().__init__()
        self.bottom = dense("bottom", network.bottom_widths(), at_end=True)
        self.tables = nn.ModuleList(nn.Embedding(network.rows, network.bottom[-1]) for _ in range(network.tables))
        self.top = dense("top", network.top_widths())
        below, left = torch.tril_indices(network.tables + 1, network.tables + 1, offset=-1)
        self.register_buffer("below", below, persistent=False)
        self.register_buffer("left", left, persistent=False)

    def forward(self, numbers: Any, names: Any) -> Any:
        """Bottom, meeting, top."""
        x = self.bottom(numbers)
        looked_up = [table(names[:, at]) for at, table in enumerate(self.tables)]
        vectors = torch.stack([x, *looked_up], dim=1)
        products = torch.bmm(vectors, vectors.transpose(1, 2))
        met = products[:, self.below, self.left]
        return self.top(torch.cat([x, met], dim=1))

    def path(self, module: str) -> str:
        """Layers stand in rows, and tables in a list that counts from zero."""
        if module.startswith(TABLE):
            return f"tables.{int(module.removeprefix(TABLE)) - 1}"
        return f"{module.rstrip('0123456789')}.{module}"
