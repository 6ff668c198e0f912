"""Optimisers change weights by the formulas that are stated, each in its forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.workloads.network.optimiser import ADAM, ADAMW, HAT, MOMENTUM, OPTIMISERS, SGD, Optimiser, Updates

GRADIENTS = (0.5, -0.25, 0.125, 0.0, 2.0)


def walked(rule: Optimiser, form: str = "", start: float = 1.0) -> list[float]:
    updates = Updates(optimiser=rule, form=form)
    weights, seen = {"w": np.array([start])}, []
    for gradient in GRADIENTS:
        weights = updates.apply(weights, {"w": np.array([gradient])})
        seen.append(float(weights["w"][0]))
    return seen


def test_sgd() -> None:
    weight, expected = 1.0, []
    for gradient in GRADIENTS:
        weight -= 0.1 * gradient
        expected.append(weight)
    assert walked(Optimiser(name=SGD, learning_rate=0.1)) == pytest.approx(expected)


def test_momentum_keeps_a_share_of_the_last_change_and_dampens_nothing() -> None:
    weight, speed, expected = 1.0, 0.0, []
    for gradient in GRADIENTS:
        speed = 0.8 * speed + gradient
        weight -= 0.1 * speed
        expected.append(weight)
    assert walked(Optimiser(name=MOMENTUM, learning_rate=0.1, momentum=0.8)) == pytest.approx(expected)


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("form", ["", HAT])
def test_adam_and_adamw(form: str, decay: float) -> None:
    weight, first, second, expected = 1.0, 0.0, 0.0, []
    for step, gradient in enumerate(GRADIENTS, start=1):
        weight *= 1 - 0.01 * decay
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        if form == HAT:
            rate = 0.01 * math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            weight -= rate * first / (math.sqrt(second) + 1e-8)
        else:
            root = math.sqrt(second / (1 - 0.999**step))
            weight -= 0.01 * first / (1 - 0.9**step) / (root + 1e-8)
        expected.append(weight)
    name = ADAMW if decay else ADAM
    rule = Optimiser(name=name, learning_rate=0.01, weight_decay=decay)
    assert walked(rule, form) == pytest.approx(expected, rel=1e-12)


def test_the_two_places_of_epsilon_part_where_gradients_are_as_small_as_it() -> None:
    rule = Optimiser(name=ADAM, learning_rate=0.01)
    ways = []
    for form in ("", HAT):
        updates, weights = Updates(optimiser=rule, form=form), {"w": np.array([1.0])}
        for _ in range(5):
            weights = updates.apply(weights, {"w": np.array([1e-7])})
        ways.append(1 - float(weights["w"][0]))
    assert ways[0] > 1.5 * ways[1]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_float32_stays_float32(name: str) -> None:
    updates = Updates(optimiser=Optimiser(name=name, learning_rate=0.01))
    weights = {"w": np.ones(3, np.float32)}
    for _ in range(2):
        weights = updates.apply(weights, {"w": np.ones(3, np.float32)})
    assert weights["w"].dtype == np.float32


@pytest.mark.parametrize("name", OPTIMISERS)
def test_work_of_an_update_grows_with_the_weights(name: str) -> None:
    rule = Optimiser(name=name, learning_rate=0.01)
    assert rule.update_flops(2000) == 2 * rule.update_flops(1000) > 0
