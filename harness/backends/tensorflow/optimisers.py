"""Keras's losses and optimisers, set to the formulas that every framework is held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from harness.workloads.network.optimiser import (
    ADAM,
    ADAMW,
    BETA_1,
    BETA_2,
    EPSILON,
    HAT,
    MOMENTUM,
    SGD,
    Optimiser,
)
from harness.workloads.network.spec import TABLE, Network

SUMMED = "dense-table-gradients"


class Adam(keras.optimizers.Adam):  # type: ignore[misc]
    """Adam that squares the gradient of a row, and not its parts.

    The gradient of a table holds a row as often as it was looked up. Keras squares each of these and adds
    up the squares; Adam's own formula, and that of the other frameworks, squares the sum.
    """

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Add up first."""
        super().apply([tf.convert_to_tensor(gradient) for gradient in grads], trainable_variables)


class AdamW(keras.optimizers.AdamW):  # type: ignore[misc]
    """The same with a decay that is apart from the gradient."""

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Add up first."""
        super().apply([tf.convert_to_tensor(gradient) for gradient in grads], trainable_variables)


def make_optimiser(rule: Optimiser) -> Any:
    """Return Keras's optimiser; its decay is that of every weight, as the specification's."""
    adam = {"beta_1": BETA_1, "beta_2": BETA_2, "epsilon": EPSILON}
    makers: Mapping[str, Callable[[], Any]] = {
        SGD: lambda: keras.optimizers.SGD(rule.learning_rate),
        MOMENTUM: lambda: keras.optimizers.SGD(rule.learning_rate, momentum=rule.momentum),
        ADAM: lambda: Adam(rule.learning_rate, **adam),
        ADAMW: lambda: AdamW(rule.learning_rate, weight_decay=rule.weight_decay, **adam),
    }
    return makers[rule.name]()


def make_loss(name: str) -> Any:
    """Return Keras's loss of logits, the mean over all that there is to be right about."""
    losses: Mapping[str, Callable[[], Any]] = {
        "sparse": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "categorical": lambda: keras.losses.CategoricalCrossentropy(from_logits=True),
        "binary": lambda: keras.losses.BinaryCrossentropy(from_logits=True),
        "squared": keras.losses.MeanSquaredError,
    }
    return losses[name]()


def forms_of(rule: Optimiser) -> tuple[str, ...]:
    """Keras corrects Adam's step and not its root."""
    return (HAT,) if rule.is_adam else ()


def tags_of(rule: Optimiser, network: Network) -> tuple[str, ...]:
    """Return what a reader of the number should know of the update."""
    summed = rule.is_adam and any(weight.kind == TABLE for weight in network.weights())
    return (*forms_of(rule), *((SUMMED,) if summed else ()))
