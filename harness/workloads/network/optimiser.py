"""How weights are changed by gradients: the formulas that every framework is held to.

They are PyTorch's and Optax's. Keras places Adam's epsilon elsewhere: it corrects the step and not the
root, as the paper's shorter form does, so that its epsilon acts as one that is larger by what the root is
corrected by. That is another formula, `HAT`; a backend that has it says so, and is held to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8  # of Adam and AdamW, in every framework
SGD, MOMENTUM, ADAM, ADAMW = "sgd", "momentum", "adam", "adamw"
OPTIMISERS = (SGD, MOMENTUM, ADAM, ADAMW)
HAT = "adam-eps-hat"

Arrays = Mapping[str, Any]

UPDATE_FLOPS = {SGD: 2, MOMENTUM: 4, ADAM: 14, ADAMW: 15}  # for each weight, a root and a division one each
STATE = {SGD: 0, MOMENTUM: 1, ADAM: 2, ADAMW: 2}  # numbers kept beside each weight


@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """An optimiser and its settings."""

    name: str
    learning_rate: float
    momentum: float = 0.9  # of `MOMENTUM` alone
    weight_decay: float = 0.01  # of `ADAMW` alone, of every weight

    @property
    def is_adam(self) -> bool:
        """Whether it has an epsilon that may stand in two places."""
        return self.name in (ADAM, ADAMW)

    def update_flops(self, weights: int) -> int:
        """Return the operations of one update of so many weights."""
        return UPDATE_FLOPS[self.name] * weights


@dataclass(kw_only=True)
class Updates:
    """Applies an optimiser to arrays by name, step by step. `form` may be `HAT`."""

    optimiser: Optimiser
    form: str = ""
    _steps: int = 0
    _first: dict[str, Any] = field(default_factory=dict)
    _second: dict[str, Any] = field(default_factory=dict)

    def apply(self, weights: Arrays, gradients: Arrays) -> dict[str, Any]:
        """Return the weights after one more step."""
        self._steps += 1
        change = {SGD: self._sgd, MOMENTUM: self._momentum, ADAM: self._adam, ADAMW: self._adamw}[self.optimiser.name]
        return {name: change(name, weight, gradients[name]) for name, weight in weights.items()}

    def _sgd(self, name: str, weight: Any, gradient: Any) -> Any:
        del name
        return weight - weight.dtype.type(self.optimiser.learning_rate) * gradient

    def _momentum(self, name: str, weight: Any, gradient: Any) -> Any:
        kind = weight.dtype.type
        self._first[name] = kind(self.optimiser.momentum) * self._first.get(name, 0) + gradient
        return weight - kind(self.optimiser.learning_rate) * self._first[name]

    def _adamw(self, name: str, weight: Any, gradient: Any) -> Any:
        """Decay apart from the gradient: the weight shrinks before it moves."""
        shrunk = weight * weight.dtype.type(1 - self.optimiser.learning_rate * self.optimiser.weight_decay)
        return self._adam(name, shrunk, gradient)

    def _adam(self, name: str, weight: Any, gradient: Any) -> Any:
        import numpy as np

        kind = weight.dtype.type
        self._first[name] = kind(BETA_1) * self._first.get(name, 0) + kind(1 - BETA_1) * gradient
        self._second[name] = kind(BETA_2) * self._second.get(name, 0) + kind(1 - BETA_2) * gradient * gradient
        first, second = 1 - BETA_1**self._steps, math.sqrt(1 - BETA_2**self._steps)
        rate = self.optimiser.learning_rate
        if self.form == HAT:
            return weight - kind(rate * second / first) * self._first[name] / (
                np.sqrt(self._second[name]) + kind(EPSILON)
            )
        return weight - kind(rate / first) * self._first[name] / (
            np.sqrt(self._second[name]) / kind(second) + kind(EPSILON)
        )
