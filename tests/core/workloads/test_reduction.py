"""A reduction is stated right: its answer, its bytes, and how far another answer may lie."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.dtype import DType, narrow, widen
from harness.workloads.accuracy import accuracy, why_wrong
from harness.workloads.base import ParameterError
from harness.workloads.bundle import Bundle, make_bundle
from harness.workloads.reduction import AXES, OPERATIONS, Reduction

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4)

NAIVE: dict[str, Any] = {
    "sum": math.fsum,
    "mean": lambda xs: math.fsum(xs) / len(xs),
    "max": max,
    "logsumexp": lambda xs: math.log(math.fsum(math.exp(x) for x in xs)),
    "l2norm": lambda xs: math.sqrt(math.fsum(x * x for x in xs)),
}


def verdict(case: Reduction, bundle: Bundle, answer: Any) -> str | None:
    observed = case.observe((np.asarray(answer),), bundle.probe)
    return why_wrong(accuracy(observed, bundle.reference, bundle.scales), bundle.tolerance)


@given(op=st.sampled_from(OPERATIONS), axis=st.sampled_from(AXES), shape=shapes)
def test_the_reference_is_the_definition(op: str, axis: str, shape: list[int]) -> None:
    case = Reduction(op=op, shape=tuple(shape), axis=axis, dtype="float64")
    bundle = make_bundle(case, 1)
    x = bundle.inputs["x"]
    rows = {
        "all": x.reshape(1, -1),
        "first": x.reshape(shape[0], -1).T,
        "last": x.reshape(-1, shape[-1]),
    }[axis]
    expected = np.array([NAIVE[op](row.tolist()) for row in rows]).reshape(case.output_shapes()[0])
    np.testing.assert_allclose(bundle.reference["output0"], expected, rtol=1e-12, atol=1e-12)


def test_a_logsumexp_of_large_numbers_does_not_overflow() -> None:
    case = Reduction(op="logsumexp", shape=(2,), dtype="float64")
    found = case.reference({"x": np.array([1000.0, 1000.0])}, {})["output0"]
    assert found == pytest.approx(1000 + math.log(2))


@pytest.mark.parametrize(
    ("case", "moved", "outputs", "reduced"),
    [
        (Reduction(op="sum", shape=(10, 20)), 4 * 201, (), 200),
        (Reduction(op="sum", shape=(10, 20), axis="first"), 4 * 220, (20,), 10),
        (Reduction(op="sum", shape=(10, 20), axis="last", dtype="bfloat16"), 2 * 210, (10,), 20),
        (Reduction(op="max", shape=(2, 3, 4), axis="first", dtype="float64"), 8 * 36, (3, 4), 2),
        (Reduction(op="mean", shape=(5,), dtype="float16"), 2 * 6, (), 5),
    ],
)
def test_work_is_counted_by_hand(case: Reduction, moved: int, outputs: tuple[int, ...], reduced: int) -> None:
    assert case.moved_bytes() == moved
    assert case.output_shapes() == (outputs,)
    assert case.reduced == reduced
    assert case.flops() is None  # reading is the work


@given(shape=shapes, axis=st.sampled_from(AXES), by=st.integers(2, 9))
def test_bytes_grow_in_proportion(shape: list[int], axis: str, by: int) -> None:
    case = Reduction(op="sum", shape=tuple(shape), axis=axis)
    larger = Reduction(op="sum", shape=(shape[0] * by, *shape[1:]), axis=axis)
    assert larger.input_bytes() == by * case.input_bytes()
    assert larger.output_bytes() in (case.output_bytes(), by * case.output_bytes())


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("count", [16, 4096])
def test_float32_passes_and_bfloat16_does_not(op: str, axis: str, count: int) -> None:
    case = Reduction(op=op, shape=(count, 64) if axis == "first" else (64, count), axis=axis)
    bundle = make_bundle(case, 3)
    x = bundle.inputs["x"]
    assert verdict(case, bundle, _in_float32(op, x, case.axes)) is None
    if op in ("logsumexp", "l2norm") and case.reduced > 10_000:
        return  # coarse inputs average out in long sums of positive numbers: no bound could tell them
    coarse = widen(narrow(x, DType.BFLOAT16), DType.BFLOAT16).astype(np.float32)
    assert verdict(case, bundle, _in_float32(op, coarse, case.axes)) is not None


@pytest.mark.parametrize("op", ["sum", "mean", "l2norm"])
def test_sums_kept_in_sixteen_bits_are_refused(op: str) -> None:
    case = Reduction(op=op, shape=(32, 2048), axis="last", dtype="float16")
    bundle = make_bundle(case, 3)
    x = bundle.inputs["x"]
    terms = np.square(x) if op == "l2norm" else x
    total = np.add.accumulate(terms, axis=1, dtype=np.float16)[:, -1]
    short = np.sqrt(total) if op == "l2norm" else total / np.float16(1 if op == "sum" else 2048)
    assert verdict(case, bundle, _in_float32(op, x.astype(np.float32), (1,)).astype(np.float16)) is None
    assert verdict(case, bundle, short) is not None


def _in_float32(op: str, x: Any, axes: tuple[int, ...]) -> Any:
    match op:
        case "sum":
            return np.sum(x, axis=axes)
        case "mean":
            return np.mean(x, axis=axes)
        case "max":
            return np.max(x, axis=axes)
        case "l2norm":
            return np.sqrt(np.sum(np.square(x), axis=axes))
    return np.log(np.sum(np.exp(x), axis=axes))


def test_shapes_that_no_device_holds_are_refused() -> None:
    with pytest.raises(ParameterError, match="more than any device holds"):
        Reduction.make({"op": "sum", "shape": [2**20, 2**20]})
    with pytest.raises(ParameterError, match="between 1 and 8 axes"):
        Reduction.make({"op": "sum", "shape": [1] * 9})
    with pytest.raises(ParameterError, match="between 1 and 8 axes"):
        Reduction.make({"op": "sum", "shape": []})
