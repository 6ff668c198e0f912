"""Normalisations are stated right: answers, gradients, and a tolerance that tells one from another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.dtype import narrow, widen
from harness.workloads.accuracy import accuracy, why_wrong
from harness.workloads.base import ParameterError
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.normalise import LAYER_EPSILON, OPERATIONS, Normalise

shapes = st.lists(st.integers(1, 4), max_size=3).flatmap(
    lambda front: st.integers(2, 6).map(lambda last: (*front, last))
)


def naive_row(case: Normalise, row: list[float], scale: list[float], shift: list[float]) -> list[float]:
    """Normalise one row as it is defined, in Python's own floats."""
    if case.op == "softmax":
        powers = [math.exp(value) for value in row]
        return [power / math.fsum(powers) for power in powers]
    if case.op == "l2":
        norm = math.sqrt(math.fsum(value * value for value in row))
        return [value / norm for value in row]
    mean = math.fsum(row) / len(row)
    variance = math.fsum((value - mean) ** 2 for value in row) / len(row)
    normal = [(value - mean) / math.sqrt(variance + 1e-5) for value in row]
    return [value * a + b for value, a, b in zip(normal, scale, shift, strict=True)]


@given(shape=shapes, op=st.sampled_from(OPERATIONS))
def test_the_reference_is_the_definition(shape: tuple[int, ...], op: str) -> None:
    case = Normalise(op=op, shape=shape, dtype="float64")
    bundle = make_bundle(case, 1)
    extra = [list(map(float, bundle.inputs.get(name, np.zeros(shape[-1])))) for name in ("scale", "shift")]
    expected = [naive_row(case, list(map(float, row)), *extra) for row in bundle.inputs["x"].reshape(-1, shape[-1])]
    found = bundle.reference["output0"].reshape(-1, shape[-1])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize("shape", [(7,), (3, 4), (2, 3, 5)], ids=str)
def test_gradients_agree_with_small_steps(op: str, shape: tuple[int, ...]) -> None:
    case = Normalise(op=op, shape=shape, dtype="float64", direction="forward_backward")
    inputs = make_bundle(case, 1).inputs
    _, *gradients = case.compute(inputs)
    assert len(gradients) == len(case.differentiated)
    for name, gradient in zip(case.differentiated, gradients, strict=True):
        for place in np.ndindex(gradient.shape):
            sides = []
            for step in (1e-6, -1e-6):
                nudged = {**inputs, name: np.array(inputs[name])}
                nudged[name][place] += step
                sides.append(np.sum(case.forward(nudged) * inputs["upstream"]))
            assert (sides[0] - sides[1]) / 2e-6 == pytest.approx(gradient[place], rel=1e-4, abs=1e-6)


def test_it_is_judged_in_bytes_and_these_are_counted_by_hand() -> None:
    case = Normalise(op="layer_norm", shape=(3, 8))
    assert (case.flops(), case.items()) == (None, None)
    assert case.input_bytes() + case.output_bytes() == 4 * (24 + 8 + 8 + 24)
    backward = replace(case, direction="forward_backward", dtype="bfloat16")
    assert backward.input_bytes() + backward.output_bytes() == 2 * 2 * (24 + 8 + 8 + 24)
    assert Normalise(op="softmax", shape=(3, 8)).input_bytes() == 96


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"op": "softmax", "shape": []}, "between 1 and 8 axes"),
        ({"op": "softmax", "shape": [1] * 9}, "between 1 and 8 axes"),
        ({"op": "l2", "shape": [4, 1]}, "rows of one element"),
        ({"op": "layer_norm", "shape": [1]}, "rows of one element"),
        ({"op": "batch_norm", "shape": [4]}, "cannot be 'batch_norm'"),
        ({"op": "softmax", "shape": [2**20, 2**20]}, "more than any device holds"),
    ],
)
def test_an_impossible_normalisation_is_refused_in_words(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        Normalise.make(values)


def test_some_rows_vary_as_little_as_epsilon() -> None:
    """In all others epsilon is lost in rounding, and any would pass."""
    inputs = make_bundle(Normalise(op="layer_norm", shape=(16, 256)), 0).inputs
    variances = np.var(inputs["x"], axis=-1)
    assert np.sum(variances < 2 * LAYER_EPSILON) == 4
    assert np.sum(variances > 0.5) == 12


# -- tolerance -----------------------------------------------------------------------------------


def verdict(case: Normalise, bundle: Bundle, answer: Any) -> str | None:
    observed = case.observe(tuple(answer), bundle.probe)
    return why_wrong(accuracy(observed, bundle.reference, bundle.scales), bundle.tolerance)


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize("direction", ["forward", "forward_backward"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("shape", [(33, 65), (2, 20_001), (5000, 3)], ids=str)
def test_statistics_in_float32_pass(op: str, direction: str, dtype: str, shape: tuple[int, ...]) -> None:
    case = Normalise(op=op, shape=shape, dtype=dtype, direction=direction)
    bundle = make_bundle(case, 5)
    inputs = {name: array.astype(np.float32) for name, array in case.widened(bundle.inputs).items()}
    answer = [widen(narrow(output, case.element), case.element) for output in case.compute(inputs)]
    assert verdict(case, bundle, answer) is None


def _layer_norm(epsilon: float, *, ddof: int = 0) -> Callable[[Any], Any]:
    def run(inputs: Any) -> Any:
        x = inputs["x"]
        variance = np.var(x, axis=-1, keepdims=True, ddof=ddof)
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(variance + epsilon) * inputs["scale"] + inputs["shift"]

    return run


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize(
    ("mutation", "right"),
    [
        (_layer_norm(1e-5), True),
        (_layer_norm(1e-6), False),
        (_layer_norm(1e-3), False),
        (_layer_norm(1e-12), False),
        (_layer_norm(1e-5, ddof=1), False),
    ],
    ids=["right", "1e-6", "1e-3", "1e-12", "unbiased"],
)
def test_epsilon_and_the_kind_of_variance_are_told_apart(
    mutation: Callable[[Any], Any], right: bool, dtype: str
) -> None:
    case = Normalise(op="layer_norm", shape=(17, 33), dtype=dtype)
    bundle = make_bundle(case, 2)
    answer = widen(narrow(mutation(case.widened(bundle.inputs)), case.element), case.element)
    assert (verdict(case, bundle, (answer,)) is None) == right
