"""A classifier of sequences by PyTorch's own LSTM, which has one kernel for all steps of all layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from harness.backends.torch.models.base import Model

if TYPE_CHECKING:
    from harness.workloads.network.lstm import Lstm

LEAVES = {"kernel": "weight_ih", "recurrent": "weight_hh", "bias": "bias_ih"}
LAYER = "lstm"  # what the specification calls a layer, before its number


class LstmModel(Model):
    """LSTM layers, and a dense layer on what the last one holds at the end.

    Each layer has two biases here, which are only ever added to each other. Trained both, they would move
    together twice as far; so the second one, which the kernels insist on, is zero and stays so.
    """

    def __init__(self, network: Lstm) -> None:
        super().__init__()
        self.lstm = nn.LSTM(network.width_in, network.hidden, num_layers=network.layers, batch_first=True)
        self.head = nn.Linear(network.hidden, network.classes)
        for number in range(network.layers):
            second = self.lstm.get_parameter(f"bias_hh_l{number}")
            nn.init.zeros_(second)
            second.requires_grad_(False)  # noqa: FBT003  (PyTorch's own)

    def forward(self, x: Any) -> Any:
        """Outputs of all steps, of which the last counts."""
        outputs, _ = self.lstm(x)
        return self.head(outputs[:, -1])

    def place(self, name: str) -> str:
        """One module holds all layers, which it counts from zero."""
        module, _, leaf = name.rpartition(".")
        if not module.startswith(LAYER):
            return super().place(name)
        return f"lstm.{LEAVES[leaf]}_l{int(module.removeprefix(LAYER)) - 1}"
