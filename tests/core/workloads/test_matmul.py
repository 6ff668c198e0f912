"""A matrix product is stated right: its answer, its work, and how far another answer may lie."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.dtype import DType, narrow, widen
from harness.testing.fake import round_to_tf32
from harness.workloads.accuracy import Accuracy, accuracy, why_wrong
from harness.workloads.base import ParameterError
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.matmul import Matmul

LENGTHS = [16, 64, 256, 1024, 4096]
sizes = st.integers(1, 5)


def naive(a: Any, b: Any) -> Any:
    """Multiply as it is defined, in Python's own floats."""
    rows, columns, length = len(a), len(b[0]), len(b)
    return [[sum(float(a[i][p]) * float(b[p][j]) for p in range(length)) for j in range(columns)] for i in range(rows)]


@given(m=sizes, n=sizes, k=sizes, batch=st.integers(1, 3), turn_a=st.booleans(), turn_b=st.booleans())
def test_the_reference_is_the_definition(  # noqa: PLR0917  (drawn by name)
    m: int, n: int, k: int, batch: int, turn_a: bool, turn_b: bool
) -> None:
    case = Matmul(m=m, n=n, k=k, batch=batch, transpose_a=turn_a, transpose_b=turn_b, dtype="float64")
    bundle = make_bundle(case, 1)
    left, right = (array.reshape(batch, *array.shape[-2:]) for array in bundle.inputs.values())
    expected = [naive(a.T if turn_a else a, b.T if turn_b else b) for a, b in zip(left, right, strict=True)]
    np.testing.assert_allclose(bundle.reference["output0"].reshape(batch, m, n), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("turn_a", "turn_b"), [(False, False), (True, False), (False, True), (True, True)])
def test_transposing_changes_storage_and_not_the_product(turn_a: bool, turn_b: bool) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((5, 3)), rng.standard_normal((3, 4))
    case = Matmul(m=5, n=4, k=3, transpose_a=turn_a, transpose_b=turn_b)
    inputs = {"a": a.T if turn_a else a, "b": b.T if turn_b else b}
    assert {name: array.shape for name, array in inputs.items()} == case.input_shapes()
    np.testing.assert_allclose(case.reference(inputs, {})["output0"], a @ b)


@pytest.mark.parametrize(
    ("case", "flops", "moved"),
    [
        (Matmul(m=2, n=3, k=4), 48, 4 * (8 + 12 + 6)),
        (Matmul(m=2, n=3, k=4, batch=5), 240, 20 * (8 + 12 + 6)),
        (Matmul(m=2, n=3, k=4, dtype="bfloat16"), 48, 2 * (8 + 12 + 6)),
        (Matmul(m=2, n=3, k=4, dtype="int8"), 48, 8 + 12 + 4 * 6),
        (Matmul(m=1, n=1, k=1, dtype="float64"), 2, 24),
        (Matmul(m=4096, n=4096, k=4096), 137_438_953_472, 3 * 4 * 4096**2),
    ],
)
def test_work_is_counted_by_hand(case: Matmul, flops: int, moved: int) -> None:
    assert (case.flops(), case.moved_bytes()) == (flops, moved)


@given(m=sizes, n=sizes, k=sizes, batch=sizes, by=st.integers(2, 9), which=st.sampled_from(["m", "n", "k", "batch"]))
def test_work_grows_with_each_length_alone(  # noqa: PLR0917  (drawn by name)
    m: int, n: int, k: int, batch: int, by: int, which: str
) -> None:
    case = Matmul(m=m, n=n, k=k, batch=batch)
    larger = replace(case, **{which: getattr(case, which) * by})
    assert larger.flops() == by * case.forward_flops()
    assert case.moved_bytes() < larger.moved_bytes() <= by * case.moved_bytes()


@given(m=sizes, n=sizes, k=sizes)
def test_transposing_moves_nothing_more(m: int, n: int, k: int) -> None:
    case = Matmul(m=m, n=n, k=k)
    turned = replace(case, transpose_a=True, transpose_b=True)
    assert (turned.flops(), turned.moved_bytes()) == (case.flops(), case.moved_bytes())


# -- tolerance -----------------------------------------------------------------------------------


def verdict(case: Matmul, bundle: Bundle, answer: Any) -> str | None:
    observed = case.observe((answer,), bundle.probe)
    return why_wrong(accuracy(observed, bundle.reference, bundle.scales), bundle.tolerance)


def rounded(array: Any, dtype: DType) -> Any:
    return widen(narrow(array, dtype), dtype).astype(np.float32)


@pytest.mark.parametrize("k", LENGTHS)
@pytest.mark.parametrize("seed", range(3))
def test_float32_passes_and_what_is_coarser_does_not(k: int, seed: int) -> None:
    case = Matmul(m=16, n=16, k=k)
    bundle = make_bundle(case, seed)
    a, b = bundle.inputs["a"], bundle.inputs["b"]
    assert verdict(case, bundle, a @ b) is None
    assert verdict(case, bundle, round_to_tf32(a) @ round_to_tf32(b)) is not None
    assert verdict(case, bundle, rounded(a, DType.BFLOAT16) @ rounded(b, DType.BFLOAT16)) is not None
    assert verdict(case, bundle, rounded(a, DType.FLOAT16) @ rounded(b, DType.FLOAT16)) is not None


@pytest.mark.parametrize("k", LENGTHS)
def test_the_least_careful_float32_still_passes(k: int) -> None:
    """One running sum a product, added up in order: what a kernel without blocks does."""
    case = Matmul(m=16, n=16, k=k)
    bundle = make_bundle(case, 5)
    terms = bundle.inputs["a"][:, :, None] * bundle.inputs["b"][None, :, :]
    assert verdict(case, bundle, np.add.accumulate(terms, axis=1)[:, -1]) is None


@pytest.mark.parametrize("k", LENGTHS)
def test_tf32_is_a_band(k: int) -> None:
    case = Matmul(m=16, n=16, k=k, math="tf32")
    bundle = make_bundle(case, 2)
    a, b = bundle.inputs["a"], bundle.inputs["b"]
    assert verdict(case, bundle, round_to_tf32(a) @ round_to_tf32(b)) is None
    assert "better arithmetic" in str(verdict(case, bundle, a @ b))
    assert verdict(case, bundle, rounded(a, DType.BFLOAT16) @ rounded(b, DType.BFLOAT16)) is not None


@pytest.mark.parametrize("k", LENGTHS)
@pytest.mark.parametrize("dtype", [DType.BFLOAT16, DType.FLOAT16])
def test_short_types_are_rounded_once(k: int, dtype: DType) -> None:
    case = Matmul(m=16, n=16, k=k, dtype=str(dtype))
    bundle = make_bundle(case, 2)
    a, b = (widen(array, dtype).astype(np.float32) for array in bundle.inputs.values())
    assert verdict(case, bundle, rounded(a @ b, dtype)) is None
    assert verdict(case, bundle, 1.02 * (a @ b)) is not None
    if dtype is DType.FLOAT16 and k > 64:
        total = np.zeros((16, 16), dtype=np.float32)
        for p in range(k):  # every partial sum rounded to 16 bits
            total = rounded(total + a[:, p : p + 1] * b[p : p + 1], dtype)
        assert verdict(case, bundle, total) is not None


def test_integers_are_exact() -> None:
    case = Matmul(m=7, n=5, k=300, dtype="int8")
    bundle = make_bundle(case, 0)
    right = bundle.inputs["a"].astype(np.int32) @ bundle.inputs["b"].astype(np.int32)
    assert verdict(case, bundle, right) is None
    right[3, 2] += 1
    assert verdict(case, bundle, right) is not None


@pytest.mark.parametrize("seed", range(200))
def test_one_element_that_cancels_is_not_called_wrong(seed: int) -> None:
    case = Matmul(m=1, n=1, k=4096)
    bundle = make_bundle(case, seed)
    assert verdict(case, bundle, bundle.inputs["a"] @ bundle.inputs["b"]) is None


# -- large products are sampled ------------------------------------------------------------------

LARGE = Matmul(m=1500, n=1400, k=1000)


@pytest.fixture(scope="module")
def large() -> Bundle:
    return make_bundle(LARGE, 4)


def test_a_large_product_is_judged_by_samples(large: Bundle) -> None:
    assert LARGE.is_sampled
    assert {name: array.shape for name, array in large.reference.items()} == {
        "output0.rows": (64, 1400),
        "output0.columns": (1500, 64),
        "output0.projection": (1500, 1),
    }
    answer = large.inputs["a"] @ large.inputs["b"]
    assert verdict(LARGE, large, answer) is None
    assert verdict(LARGE, large, round_to_tf32(large.inputs["a"]) @ large.inputs["b"]) is not None


def test_one_wrong_element_outside_the_samples_is_seen_by_the_projection(large: Bundle) -> None:
    answer = large.inputs["a"] @ large.inputs["b"]
    row = next(i for i in range(LARGE.m) if i not in large.probe["output0.rows"])
    column = next(j for j in range(LARGE.n) if j not in large.probe["output0.columns"])
    answer[row, column] += 5.0  # a sixth of an element's usual size
    assert verdict(LARGE, large, answer) is not None


def test_a_product_that_fits_no_device_is_refused() -> None:
    with pytest.raises(ParameterError, match="more than any device holds"):
        Matmul.make({"m": 2**21, "n": 2**21, "k": 1})


# -- backward ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("turn_a", "turn_b"), list(itertools.product((False, True), repeat=2)))
def test_gradients_agree_with_small_steps(turn_a: bool, turn_b: bool) -> None:
    case = Matmul(
        m=3, n=4, k=5, batch=2, transpose_a=turn_a, transpose_b=turn_b, dtype="float64", direction="forward_backward"
    )
    inputs = make_bundle(case, 1).inputs
    _, *gradients = case.compute(inputs)
    for name, gradient in zip(("a", "b"), gradients, strict=True):
        for place in np.ndindex(gradient.shape):
            nudged = {**inputs, name: np.array(inputs[name])}
            nudged[name][place] += 1e-3
            change = np.sum((case.forward(nudged) - case.forward(inputs)) * inputs["upstream"])
            assert change / 1e-3 == pytest.approx(gradient[place], rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("part", range(3))
def test_each_part_of_a_large_backward_is_judged(part: int) -> None:
    case = Matmul(m=1300, n=1200, k=1400, transpose_b=True, direction="forward_backward")
    bundle = make_bundle(case, 4)
    assert (case.is_sampled, case.flops()) == (True, 6 * 1300 * 1200 * 1400)
    outputs = list(case.compute(bundle.inputs))
    assert why_wrong(judged(case, bundle, outputs), bundle.tolerance) is None
    outputs[part] = round_to_tf32(outputs[part]) * np.float32(1.001)
    assert why_wrong(judged(case, bundle, outputs), bundle.tolerance) is not None


def judged(case: Matmul, bundle: Bundle, outputs: list[Any]) -> Accuracy:
    return accuracy(case.observe(tuple(outputs), bundle.probe), bundle.reference, bundle.scales)


def test_whole_numbers_have_no_gradient() -> None:
    with pytest.raises(ParameterError, match="no gradient"):
        Matmul.make({"m": 2, "n": 2, "k": 2, "dtype": "int8", "direction": "forward_backward"})
