"""Element types: rounding is to nearest even, widening is exact, bfloat16 is kept in uint16."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.core.dtype import DType, narrow, widen

FLOATS = (DType.FLOAT64, DType.FLOAT32, DType.BFLOAT16, DType.FLOAT16)
FINITE = st.floats(-60000, 60000, allow_nan=False)


def one(value: float) -> NDArray[np.float64]:
    return np.array([value], dtype=np.float64)


@pytest.mark.parametrize("dtype", list(DType))
def test_a_type_is_kept_in_as_many_bytes_as_it_takes(dtype: DType) -> None:
    assert np.dtype(dtype.storage).itemsize == dtype.itemsize


@pytest.mark.parametrize("dtype", [DType.FLOAT64, DType.FLOAT32, DType.FLOAT16])
def test_epsilon_is_the_gap_after_one(dtype: DType) -> None:
    assert dtype.epsilon == np.finfo(dtype.value).eps


def test_the_gap_after_one_in_bfloat16() -> None:
    stored = narrow(one(1.0), DType.BFLOAT16).astype(np.uint16)
    following = widen(stored + np.uint16(1), DType.BFLOAT16)
    assert following[0] - 1.0 == DType.BFLOAT16.epsilon


@pytest.mark.parametrize("dtype", FLOATS)
@given(value=FINITE)
def test_what_was_rounded_once_stays_as_it_is(dtype: DType, value: float) -> None:
    stored = narrow(one(value), dtype)
    again = narrow(widen(stored, dtype), dtype)
    assert stored.tobytes() == again.tobytes()


@given(value=FINITE)
def test_bfloat16_is_rounded_to_the_nearest_of_its_two_neighbours(value: float) -> None:
    single = float(np.float32(value))
    rounded = float(widen(narrow(one(single), DType.BFLOAT16), DType.BFLOAT16)[0])
    step = math.ldexp(1.0, max(math.frexp(single)[1] - 8, -133)) if single else 0.0
    assert abs(rounded - single) <= step / 2


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(1.0 + 2.0**-8, 1.0), (1.0 + 3 * 2.0**-8, 1.0 + 2.0**-6), (1.0 + 2.0**-8 + 2.0**-20, 1.0 + 2.0**-7), (-0.0, -0.0)],
)
def test_a_tie_in_bfloat16_goes_to_the_even_neighbour(value: float, rounded: float) -> None:
    assert widen(narrow(one(value), DType.BFLOAT16), DType.BFLOAT16)[0] == rounded


def test_the_largest_float32_rounds_to_infinity_and_infinity_stays() -> None:
    largest = float(np.finfo(np.float32).max)
    stored = narrow(np.array([largest, math.inf, -math.inf]), DType.BFLOAT16)
    assert widen(stored, DType.BFLOAT16).tolist() == [math.inf, math.inf, -math.inf]


def test_integers_are_rounded_to_even_and_never_wrap_around() -> None:
    values = np.array([0.5, 1.5, -0.5, 126.7, 1000.0, -1000.0])
    assert narrow(values, DType.INT8).tolist() == [0, 2, 0, 127, 127, -128]
    assert narrow(values, DType.INT8).dtype == np.int8


@given(value=st.integers(-128, 127))
def test_small_integers_pass_through_unchanged(value: int) -> None:
    assert widen(narrow(one(value), DType.INT8), DType.INT8)[0] == value
    assert DType.INT8.is_integer
