"""Dense layers in a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.backends.torch.models.base import Model, dense

if TYPE_CHECKING:
    from harness.workloads.network.mlp import Mlp


class MlpModel(Model):
    """A multi-layer perceptron."""

    def __init__(self, network: Mlp) -> None:
        super().__init__()
        self.layers = dense("dense", network.widths, network.activation)

    def forward(self, x: Any) -> Any:
        """Layer after layer."""
        return self.layers(x)

    def path(self, module: str) -> str:
        """All layers stand in a row."""
        return f"layers.{module}"
