"""The classifier of sequences: Keras's LSTM has one bias and the gates in the order that is specified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from harness.backends.tensorflow.models.style import Style
from harness.workloads.network.lstm import Lstm


def lstm(network: Lstm, x: Mapping[str, Any], style: Style) -> Any:
    """Each layer but the last hands on what it gave at every step."""
    values = x["x"]
    for number in range(1, network.layers + 1):
        values = keras.layers.LSTM(
            network.hidden,
            return_sequences=number < network.layers,
            use_cudnn=style.cudnn,
            recurrent_initializer="zeros",  # the usual one is a QR, which types of 16 bits do not have
            name=f"lstm{number}",
            dtype=style.policy,
        )(values)
    return keras.layers.Dense(network.classes, name="head", dtype=style.policy)(values)
