"""Operations on each element are stated right, and no other operation passes for them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.dtype import DType, narrow, widen
from harness.workloads.accuracy import accuracy, why_wrong
from harness.workloads.base import ParameterError
from harness.workloads.bundle import make_bundle
from harness.workloads.elementwise import OPERANDS, Elementwise

SHAPE = (129, 33)
SHORT = [DType.BFLOAT16, DType.FLOAT16]


def by_definition(op: str, x: float, y: float = 0.0, z: float = 0.0) -> float:
    """Compute in Python's own floats, each in a form that the workload does not use."""
    definitions: dict[str, Callable[[], float]] = {
        "add": lambda: math.fsum((x, y)),
        "multiply_add": lambda: math.fsum((x * y, z)),
        "relu": lambda: x if x > 0 else 0.0,
        "selu": lambda: 1.0507009873554804934 * (x if x > 0 else 1.6732632423543772848 * (math.exp(x) - 1)),
        "tanh": lambda: (math.exp(2 * x) - 1) / (math.exp(2 * x) + 1),
        "exp": lambda: math.e**x,
        # the sigmoid of twice as much
        "gelu": lambda: x / (1 + math.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    }
    return definitions[op]()


@pytest.mark.parametrize("op", OPERANDS)
def test_the_reference_is_the_definition(op: str) -> None:
    bundle = make_bundle(Elementwise(op=op, shape=(5, 7), dtype="float64"), 3)
    arguments = zip(*(array.reshape(-1).tolist() for array in bundle.inputs.values()), strict=True)
    expected = [by_definition(op, *each) for each in arguments]
    np.testing.assert_allclose(bundle.reference["output0"].reshape(-1), expected, rtol=1e-12, atol=1e-14)


@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=8), op=st.sampled_from(sorted(OPERANDS)))
def test_every_array_has_the_shape_and_is_moved_once(shape: list[int], op: str) -> None:
    case = Elementwise.make({"op": op, "shape": shape, "dtype": "float16"})
    assert set(case.input_shapes().values()) == set(case.output_shapes()) == {tuple(shape)}
    assert case.moved_bytes() == 2 * math.prod(shape) * (len(OPERANDS[op]) + 1)
    assert case.flops() is None


@pytest.mark.parametrize("shape", [[], [1] * 9, [2**20, 2**20]])
def test_impossible_shapes_are_refused(shape: list[int]) -> None:
    with pytest.raises(ParameterError, match=r"axes|more than any device holds"):
        Elementwise.make({"op": "add", "shape": shape})


def verdict(case: Elementwise, function: Callable[..., Any], round_to: Any = np.float32) -> str | None:
    bundle = make_bundle(case, 1)
    given_to = {name: round_to(array) for name, array in case.widened(bundle.inputs).items()}
    observed = case.observe((function(given_to),), bundle.probe)
    return why_wrong(accuracy(observed, bundle.reference, bundle.scales), bundle.tolerance)


@pytest.mark.parametrize("op", OPERANDS)
def test_float32_passes_and_float16_does_not(op: str) -> None:
    case = Elementwise(op=op, shape=SHAPE)
    assert verdict(case, lambda inputs: case.compute(inputs)[0]) is None
    if op != "relu":  # whose answer is its input
        assert verdict(case, lambda inputs: case.compute(inputs)[0].astype(np.float16)) is not None


@pytest.mark.parametrize("dtype", SHORT)
@pytest.mark.parametrize("op", OPERANDS)
def test_short_types_may_round_each_step(op: str, dtype: DType) -> None:
    """As a framework does that computes step by step; and coarser arithmetic is told from it."""
    case = Elementwise(op=op, shape=SHAPE, dtype=str(dtype))
    assert verdict(case, lambda inputs: stepwise(op, inputs, dtype)) is None
    if dtype is DType.FLOAT16 and op not in ("relu", "gelu", "selu", "tanh", "exp"):
        assert verdict(case, lambda inputs: stepwise(op, inputs, DType.BFLOAT16)) is not None


def stepwise(op: str, inputs: dict[str, Any], dtype: DType) -> Any:
    def rounded(array: Any) -> Any:
        return widen(narrow(array, dtype), dtype)

    x = inputs["x"].astype(np.float64)
    if op == "multiply_add":
        return rounded(rounded(x * inputs["y"]) + inputs["z"])
    if op == "gelu":
        cube = rounded(rounded(rounded(x * x) * x) * rounded(np.float64(0.044715)))
        inner = rounded(rounded(np.float64(0.7978845608)) * rounded(x + cube))
        return rounded(rounded(0.5 * x) * rounded(1 + rounded(np.tanh(inner))))
    (answer,) = Elementwise(op=op, shape=SHAPE).compute({**inputs, "x": x})
    return rounded(answer)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_form_with_erf_is_no_gelu_here(dtype: str) -> None:
    case = Elementwise(op="gelu", shape=SHAPE, dtype=dtype)
    erf = np.vectorize(math.erf)
    assert verdict(case, lambda inputs: 0.5 * inputs["x"] * (1 + erf(inputs["x"] / math.sqrt(2))), np.float64)


def test_large_numbers_raise_no_warning() -> None:
    """An exponential that is not needed must not be computed: it would overflow."""
    case = Elementwise(op="selu", shape=(2,))
    assert case.compute({"x": np.array([1e4, -1e4])})[0][0] == pytest.approx(10507.009873554805)
