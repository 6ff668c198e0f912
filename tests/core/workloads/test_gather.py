"""A look-up is stated right: its answer, its gradient, its work, and how far another answer may lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.dtype import DType, narrow, widen
from harness.workloads.accuracy import accuracy, why_wrong
from harness.workloads.base import ParameterError
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.gather import Gather

sizes = st.integers(1, 6)
BACKWARD = Gather(rows=7, width=3, count=40, direction="forward_backward")


@given(rows=sizes, width=sizes, count=st.integers(1, 20), seed=st.integers(0, 99))
def test_the_reference_is_the_definition(rows: int, width: int, count: int, seed: int) -> None:
    case = Gather(rows=rows, width=width, count=count, dtype="float64", direction="forward_backward")
    bundle = make_bundle(case, seed)
    table, indices, upstream = bundle.inputs.values()
    expected = np.zeros_like(table)
    for place, index in enumerate(indices):
        assert 0 <= index < rows
        np.testing.assert_array_equal(bundle.reference["output0"][place], table[index])
        expected[index] += upstream[place]
    np.testing.assert_allclose(bundle.reference["output1"], expected, rtol=1e-12, atol=1e-12)


@given(rows=sizes, count=st.integers(1, 20), seed=st.integers(0, 99))
def test_other_inputs_look_up_rows_that_there_are(rows: int, count: int, seed: int) -> None:
    case = Gather(rows=rows, width=2, count=count)
    inputs: Any = make_bundle(case, seed).inputs
    for _ in range(3):
        inputs = case.varied(inputs)
        assert inputs["indices"].dtype == np.int32
        assert 0 <= inputs["indices"].min() <= inputs["indices"].max() < rows


def test_every_row_comes_up_and_some_again() -> None:
    indices = make_bundle(Gather(rows=50, width=1, count=1000), 3).inputs["indices"]
    counts = np.bincount(indices, minlength=50)
    assert counts.min() > 0
    assert counts.max() < 3 * counts.mean()  # no row is favoured


# -- work ----------------------------------------------------------------------------------------


def test_only_the_rows_that_are_looked_up_are_read() -> None:
    """Of a table of a thousand million rows nearly every look-up finds another; of one, all the same."""
    many = Gather(rows=10**9, width=16, count=100)
    assert many.touched == 100
    assert many.moved_bytes() == 100 * 16 * 4 + 100 * 4 + 100 * 16 * 4
    one = Gather(rows=1, width=16, count=100)
    assert one.moved_bytes() == 16 * 4 + 100 * 4 + 100 * 16 * 4


def test_a_gradient_is_written_whole() -> None:
    case = Gather(rows=1000, width=8, count=3, dtype="bfloat16", direction="forward_backward")
    row = 8 * 2
    assert case.moved_bytes() == 3 * row + 3 * 4 + 3 * row + 3 * row + 1000 * row


@pytest.mark.parametrize(("rows", "count"), [(10, 10), (100, 1000), (5000, 3000), (2, 1)])
def test_touched_rows_are_those_of_uniform_draws_on_average(rows: int, count: int) -> None:
    rng = np.random.default_rng(0)
    drawn = [len(set(rng.integers(0, rows, count).tolist())) for _ in range(300)]
    assert Gather(rows=rows, width=1, count=count).touched == pytest.approx(np.mean(drawn), rel=0.02, abs=0.6)


def test_there_is_nothing_to_multiply() -> None:
    assert BACKWARD.flops() is None
    assert BACKWARD.items() == (40, "look-ups")


def test_indices_are_whole_numbers_without_a_gradient() -> None:
    assert BACKWARD.input_dtypes()["indices"] is DType.INT32
    assert BACKWARD.differentiated == ("table",)
    assert BACKWARD.output_shapes() == ((40, 3), (7, 3))


def test_a_table_that_fits_no_device_is_refused() -> None:
    with pytest.raises(ParameterError, match="more than any device holds"):
        Gather.make({"rows": 2**31 - 1, "width": 2**12, "count": 1})


def test_sums_that_lose_all_their_bits_are_refused() -> None:
    values = {"rows": 1, "width": 8, "count": 5000, "direction": "forward_backward"}
    for fine in ("float32", "float16"):
        assert Gather.make({**values, "dtype": fine}).touched == 1
    with pytest.raises(ParameterError, match="5000 numbers added up in bfloat16"):
        Gather.make({**values, "dtype": "bfloat16"})
    assert Gather.make({**values, "dtype": "bfloat16", "direction": "forward"}).touched == 1


# -- tolerance -----------------------------------------------------------------------------------


def verdict(case: Gather, bundle: Bundle, answer: tuple[Any, ...]) -> str | None:
    observed = case.observe(answer, bundle.probe)
    return why_wrong(accuracy(observed, bundle.reference, bundle.scales), bundle.tolerance)


def test_a_look_up_alone_is_exact() -> None:
    case = replace(BACKWARD, direction="forward")
    bundle = make_bundle(case, 0)
    (answer,) = case.compute(bundle.inputs)
    assert verdict(case, bundle, (answer,)) is None
    assert verdict(case, bundle, (answer * np.float32(1 + 2**-22),)) is not None


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize(("rows", "count"), [(50, 100), (3, 4000), (40, 4000)])
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_adding_up_in_the_type_itself_passes_whatever_the_count(
    dtype: str, rows: int, count: int, distribution: str
) -> None:
    element = DType(dtype)
    case = replace(BACKWARD, rows=rows, count=count, width=20, dtype=dtype, distribution=distribution)
    bundle = make_bundle(case, 1)
    wide = case.widened(bundle.inputs)
    total = np.zeros((rows, 20))
    for index, row in zip(bundle.inputs["indices"], wide["upstream"], strict=True):
        total[index] = widen(narrow(total[index] + row, element), element)
    output = case.forward(wide)
    assert verdict(case, bundle, (output, total)) is None
    assert verdict(case, bundle, (output, total * 0.5)) is not None


def test_one_gradient_that_is_left_out_is_seen() -> None:
    bundle = make_bundle(BACKWARD, 1)
    output, gradient = BACKWARD.compute(bundle.inputs)
    gradient[bundle.inputs["indices"][-1]] -= bundle.inputs["upstream"][-1]
    assert verdict(BACKWARD, bundle, (output, gradient)) is not None
