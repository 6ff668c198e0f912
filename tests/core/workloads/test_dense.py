"""A stack of dense layers is stated right: its answer, its gradients, its work, and how good an answer must be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.dtype import DType, narrow, widen
from harness.testing.fake import round_to_tf32
from harness.workloads.accuracy import accuracy, why_wrong
from harness.workloads.base import ParameterError
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.dense import ACTIVATIONS, Dense

SMALL = Dense(widths=(5, 4, 3), batch=6, dtype="float64")


def by_definition(case: Dense, inputs: Any) -> list[list[float]]:
    """Walk through sample after sample in Python's own floats."""
    activations: dict[str, Callable[[float], float]] = {
        "relu": lambda value: max(value, 0.0),
        "tanh": math.tanh,
        "gelu": lambda value: value / (1 + math.exp(-2 * math.sqrt(2 / math.pi) * (value + 0.044715 * value**3))),
    }
    activate = activations[case.activation]
    answers = []
    for sample in inputs["x"].tolist():
        features = sample
        for number in range(1, case.layers + 1):
            weights, biases = inputs[f"w{number}"], inputs[f"b{number}"]
            sums = [
                math.fsum((*(value * weights[i, j] for i, value in enumerate(features)), biases[j]))
                for j in range(len(biases))
            ]
            features = sums if number == case.layers else [activate(value) for value in sums]
        answers.append(features)
    return answers


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("widths", [(5, 3), (5, 4, 3), (2, 6, 1, 4)])
def test_the_reference_is_the_definition(widths: tuple[int, ...], activation: str) -> None:
    case = replace(SMALL, widths=widths, activation=activation)
    bundle = make_bundle(case, 1)
    np.testing.assert_allclose(bundle.reference["output0"], by_definition(case, bundle.inputs), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_agree_with_small_steps(activation: str) -> None:
    case = replace(SMALL, widths=(5, 4, 6, 3), activation=activation, direction="forward_backward")
    inputs = make_bundle(case, 2).inputs
    _, *gradients = case.compute(inputs)
    assert [gradient.shape for gradient in gradients] == list(case.operand_shapes().values())
    for name, gradient in zip(case.operand_shapes(), gradients, strict=True):
        for place in np.ndindex(gradient.shape):
            moved = []
            for step in (1e-5, -1e-5):
                nudged = {**inputs, name: np.array(inputs[name])}
                nudged[name][place] += step
                moved.append(np.sum(case.forward(nudged) * inputs["upstream"]))
            assert (moved[0] - moved[1]) / 2e-5 == pytest.approx(gradient[place], rel=1e-5, abs=1e-7)


def test_work_is_counted_by_hand() -> None:
    case = Dense(widths=(784, 128, 10), batch=32)
    products = 2 * 32 * (784 * 128 + 128 * 10)
    assert case.flops() == products
    assert replace(case, direction="forward_backward").flops() == 3 * products
    parameters = 784 * 128 + 128 + 128 * 10 + 10
    assert case.moved_bytes() == 4 * (32 * 784 + parameters + 32 * 10)
    backward = replace(case, direction="forward_backward")
    assert backward.moved_bytes() == 2 * case.moved_bytes()  # what goes in comes out as a gradient, and the reverse
    assert case.items() == (32, "samples")


@given(widths=st.lists(st.integers(1, 9), min_size=2, max_size=5), batch=st.integers(1, 5))
def test_every_layer_has_weights_and_a_bias(widths: list[int], batch: int) -> None:
    case = Dense.make({"widths": widths, "batch": batch, "direction": "forward_backward"})
    bundle = make_bundle(case, 0)
    assert len(case.operand_shapes()) == 2 * len(widths) - 1
    assert {name: array.shape for name, array in bundle.inputs.items()} == case.input_shapes()
    assert tuple(array.shape for array in bundle.reference.values()) == case.output_shapes()


@pytest.mark.parametrize(
    ("widths", "batch", "words"),
    [([3], 1, "between 2 and 33"), ([2] * 34, 1, "between 2 and 33"), ([8192, 8192, 8192], 4096, "no little network")],
)
def test_what_is_no_little_network_is_refused(widths: list[int], batch: int, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        Dense.make({"widths": widths, "batch": batch})


# -- tolerance -----------------------------------------------------------------------------------


def verdict(case: Dense, bundle: Bundle, outputs: tuple[Any, ...]) -> str | None:
    return why_wrong(accuracy(case.observe(outputs, bundle.probe), bundle.reference, bundle.scales), bundle.tolerance)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("direction", Dense.directions)
@pytest.mark.parametrize("seed", range(3))
def test_float32_passes_and_what_is_coarser_does_not(activation: str, direction: str, seed: int) -> None:
    case = Dense(widths=(96, 64, 10), batch=32, activation=activation, direction=direction)
    bundle = make_bundle(case, seed)
    assert verdict(case, bundle, case.compute(bundle.inputs)) is None
    coarse = {name: round_to_tf32(np.array(array)) for name, array in bundle.inputs.items()}
    assert verdict(case, bundle, case.compute(coarse)) is not None


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("direction", Dense.directions)
def test_tf32_is_a_band(activation: str, direction: str) -> None:
    case = Dense(widths=(96, 64, 10), batch=32, activation=activation, direction=direction, math="tf32")
    bundle = make_bundle(case, 5)
    coarse = {name: round_to_tf32(np.array(array)) for name, array in bundle.inputs.items()}
    assert verdict(case, bundle, case.compute(coarse)) is None
    assert "better arithmetic" in str(verdict(case, bundle, case.compute(bundle.inputs)))
    if (activation, direction) != ("relu", "forward_backward"):
        short = {name: widen(narrow(array, DType.BFLOAT16), DType.BFLOAT16) for name, array in bundle.inputs.items()}
        assert verdict(case, bundle, case.compute(short)) is not None


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", [DType.BFLOAT16, DType.FLOAT16])
def test_a_corner_that_rounding_turns_is_not_called_wrong(dtype: DType, seed: int) -> None:
    """A bias added after the sums were rounded moves some of them across zero, as it does in frameworks."""
    case = Dense(widths=(64, 48, 32, 10), batch=32, dtype=str(dtype), direction="forward_backward")
    bundle = make_bundle(case, seed)
    assert verdict(case, bundle, rounded_network(case, case.widened(bundle.inputs))) is None


@pytest.mark.parametrize("place", range(8))
def test_each_gradient_is_judged(place: int) -> None:
    case = Dense(widths=(64, 48, 32, 10), batch=32, direction="forward_backward")
    bundle = make_bundle(case, 1)
    outputs = list(case.compute(bundle.inputs))
    outputs[place] = outputs[place] * np.float32(1.001)
    assert verdict(case, bundle, tuple(outputs)) is not None
    outputs[place] = outputs[place] * 0
    assert verdict(case, bundle, tuple(outputs)) is not None


def rounded_network(case: Dense, inputs: Any) -> tuple[Any, ...]:
    """Do it layer after layer, every step rounded to the type."""

    def short(array: Any) -> Any:
        return widen(narrow(array, case.element), case.element)

    features, seen = inputs["x"], []
    for number in range(1, case.layers + 1):
        sums = short(short(features @ inputs[f"w{number}"]) + inputs[f"b{number}"])
        seen.append((features, sums))
        features = np.maximum(sums, 0)
    gradients: dict[str, Any] = {}
    delta = inputs["upstream"]
    for number in range(case.layers, 0, -1):
        below = seen[number - 1][0]
        gradients |= {f"w{number}": short(below.T @ delta), f"b{number}": short(delta.sum(axis=0))}
        delta = short(delta @ inputs[f"w{number}"].T)
        if number > 1:
            delta = delta * (seen[number - 2][1] > 0)
    gradients["x"] = delta
    return (seen[-1][1], *(gradients[name] for name in case.operand_shapes()))
