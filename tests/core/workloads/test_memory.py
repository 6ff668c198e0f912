"""What is moved, where it lies, and that a copy is one to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.dtype import DType
from harness.workloads import memory
from harness.workloads.accuracy import accuracy, why_wrong
from harness.workloads.base import ParameterError
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.memory import LAYOUTS, Memory

OPS = ["copy", "triad"]
DTYPES = [str(dtype) for dtype in Memory.dtypes]


@given(
    size=st.integers(1024, 2**40),
    op=st.sampled_from(OPS),
    layout=st.sampled_from(LAYOUTS),
    dtype=st.sampled_from(DTYPES),
)
def test_the_working_set_is_never_passed_and_nearly_reached(size: int, op: str, layout: str, dtype: str) -> None:
    case = Memory(op=op, bytes=size, layout=layout, dtype=dtype)
    rows, columns = case.view_shape
    lost = size - case.moved_bytes()
    arrays = {"copy": 2, "triad": 3}[op]
    assert 0 <= lost < arrays * case.element.itemsize * (rows + 1)  # less than a whole column of each
    assert rows <= columns < 5 * rows
    assert case.output_shapes() == ((rows, columns),)
    assert case.flops() is None


@pytest.mark.parametrize(
    ("case", "shapes", "moved"),
    [
        (Memory(op="copy", bytes=16_384), {"b": (32, 64)}, 16_384),
        (Memory(op="copy", bytes=16_384, layout="transposed"), {"b": (64, 32)}, 16_384),
        (Memory(op="copy", bytes=16_384, layout="strided"), {"b": (32, 128)}, 16_384),
        (Memory(op="copy", bytes=16_384, dtype="bfloat16"), {"b": (64, 64)}, 16_384),
        (Memory(op="triad", bytes=12_288), {"b": (32, 32), "c": (32, 32)}, 12_288),
        (Memory(op="triad", bytes=20_000, layout="transposed"), {"b": (32, 52), "c": (52, 32)}, 12 * 32 * 52),
        (Memory(op="triad", bytes=20_000, layout="strided"), {"b": (32, 104), "c": (32, 104)}, 12 * 32 * 52),
    ],
)
def test_lengths_and_bytes_by_hand(case: Memory, shapes: dict[str, Any], moved: int) -> None:
    assert (case.input_shapes(), case.moved_bytes()) == (shapes, moved)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("op", OPS)
def test_the_reference_is_a_loop_over_elements(op: str, layout: str) -> None:
    case = Memory(op=op, bytes=2048, layout=layout, dtype="float64")
    inputs = make_bundle(case, 3).inputs
    (answer,) = case.compute(inputs)
    assert answer.flags.c_contiguous
    for row, column in np.ndindex(answer.shape):
        place = {"contiguous": (row, column), "transposed": (column, row), "strided": (row, 2 * column)}[layout]
        first = place if op == "copy" or layout == "strided" else (row, column)
        expected = inputs["b"][first] + (3 * inputs["c"][place] if op == "triad" else 0)
        assert answer[row, column] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("size", [1023, 2**40 + 1])
def test_what_is_too_small_to_time_or_too_large_to_hold_is_refused(size: int) -> None:
    with pytest.raises(ParameterError, match="bytes must lie between 1024 and 1099511627776"):
        Memory.make({"op": "copy", "bytes": size})


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_copy_holds_numbers_that_arithmetic_would_lose(dtype: str) -> None:
    case = Memory(op="copy", bytes=4096, dtype=dtype)
    bundle = make_bundle(case, 0)
    wide = case.widened(bundle.inputs)["b"].reshape(-1)
    assert (wide[0], np.signbit(wide[0])) == (0, True)
    assert 0 < wide[2] < 1e-6
    if DType(dtype) is not DType.FLOAT16:
        assert wide[2] < 1.2e-38
    assert verdict(case, bundle, wide.reshape(case.view_shape)) is None
    assert verdict(case, bundle, (wide + 0.0).reshape(case.view_shape)) is not None  # -0 + 0 is 0
    flushed = np.where(np.abs(wide) < 1e-6, np.copysign(0, wide), wide)
    assert verdict(case, bundle, flushed.reshape(case.view_shape)) is not None


def verdict(case: Memory, bundle: Bundle, answer: Any) -> str | None:
    observed = case.observe((answer,), bundle.probe)
    return why_wrong(accuracy(observed, bundle.reference, bundle.scales), bundle.tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", OPS)
def test_a_large_answer_is_judged_by_samples_and_by_rows(monkeypatch: pytest.MonkeyPatch, op: str, dtype: str) -> None:
    monkeypatch.setattr(memory, "WHOLE_ELEMENTS", 1000)
    monkeypatch.setattr(memory, "SAMPLES", 20)
    monkeypatch.setattr(memory, "STEP_ELEMENTS", 200)
    case = Memory(op=op, bytes=100_000, dtype=dtype)
    bundle = make_bundle(case, 7)
    assert "output0" not in bundle.reference
    (answer,) = case.compute(case.widened(bundle.inputs))
    assert verdict(case, bundle, answer) is None
    rows, columns = case.view_shape
    places = set(bundle.probe["places"].tolist())
    unseen = next(place for place in range(columns, rows * columns) if place not in places)
    answer.reshape(-1)[unseen] += 1000 * case.element.epsilon * columns
    assert verdict(case, bundle, answer) is not None
    assert verdict(case, bundle, answer[:-1]) is not None


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_triad_may_round_twice_and_no_more(dtype: str) -> None:
    from harness.core.dtype import narrow, widen

    case = Memory(op="triad", bytes=30_000, dtype=dtype)
    bundle = make_bundle(case, 1)
    b, c = case.widened(bundle.inputs).values()
    product = widen(narrow(3 * c, case.element), case.element)
    assert verdict(case, bundle, widen(narrow(b + product, case.element), case.element)) is None
    assert verdict(case, bundle, (b + product) * (1 + 8 * case.element.epsilon)) is not None
    assert verdict(case, bundle, b + 2 * c) is not None
