"""Attention is stated right: its answer, its gradients, its work, and how far another answer may lie."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.dtype import DType, narrow, widen
from harness.testing.fake import round_to_tf32
from harness.workloads import attention, heads
from harness.workloads.accuracy import accuracy, why_wrong
from harness.workloads.attention import Attention
from harness.workloads.base import ParameterError
from harness.workloads.bundle import Bundle, make_bundle

lengths = st.integers(1, 5)
SMALL = Attention(batch=2, heads=2, query_length=5, key_length=5, head_dim=3, dtype="float64")
MIDDLE = Attention(batch=1, heads=2, query_length=96, key_length=96, head_dim=32)


def naive(query: Any, key: Any, value: Any, *, causal: bool) -> list[list[float]]:
    """Attend as it is defined, in Python's own floats."""
    rows = []
    for place, asked in enumerate(query):
        seen = range(place + 1 if causal else len(key))
        scores = [sum(float(a) * float(b) for a, b in zip(asked, key[j], strict=True)) for j in seen]
        powers = [math.exp(score / math.sqrt(len(asked))) for score in scores]
        total = sum(powers)
        rows.append([sum(p / total * float(value[j][c]) for j, p in enumerate(powers)) for c in range(len(asked))])
    return rows


@given(batch=st.integers(1, 2), count=st.integers(1, 3), queries=lengths, keys=lengths, width=lengths)
def test_the_reference_is_the_definition(batch: int, count: int, queries: int, keys: int, width: int) -> None:
    for causal in {False, queries == keys}:
        case = Attention(
            batch=batch, heads=count, query_length=queries, key_length=keys, head_dim=width, causal=causal,
            dtype="float64",
        )  # fmt: skip
        bundle = make_bundle(case, 1)
        query, key, value = (array.reshape(-1, *array.shape[2:]) for array in bundle.inputs.values())
        expected = [naive(*head, causal=causal) for head in zip(query, key, value, strict=True)]
        found = bundle.reference["output0"].reshape(query.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("changes", [{}, {"causal": True}, {"key_length": 7, "head_dim": 4}], ids=str)
def test_gradients_agree_with_small_steps(changes: dict[str, Any]) -> None:
    case = replace(SMALL, **changes, direction="forward_backward")
    inputs = make_bundle(case, 1).inputs
    _, *gradients = case.compute(inputs)
    step = 1e-5
    for name, gradient in zip(("query", "key", "value"), gradients, strict=True):
        for place in list(np.ndindex(gradient.shape))[::3]:
            ends = []
            for sign in (step, -step):
                nudged = {**inputs, name: np.array(inputs[name])}
                nudged[name][place] += sign
                ends.append(np.sum(case.forward(nudged) * inputs["upstream"]))
            assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(gradient[place], rel=1e-6, abs=1e-8)


def test_a_few_rows_at_a_time_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    case = replace(SMALL, causal=True, direction="forward_backward")
    inputs = make_bundle(case, 1).inputs
    whole = case.compute(inputs)
    monkeypatch.setattr(heads, "STEP_ELEMENTS", 11)  # two rows of five
    for one, other in zip(whole, case.compute(inputs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_large_scores_do_not_overflow() -> None:
    inputs = {name: np.full(shape, 100.0) for name, shape in SMALL.input_shapes().items()}
    np.testing.assert_allclose(SMALL.forward(inputs), 100.0)


# -- work ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "pairs", "flops"),
    [
        ({}, 6 * 4, 2 * 2 * 3 * 24 * 5),
        ({"query_length": 1}, 4, 2 * 2 * 3 * 4 * 5),
        ({"query_length": 4, "causal": True}, 10, 2 * 2 * 3 * 10 * 5),  # the masked pairs are left out
        ({"direction": "forward_backward"}, 24, 3 * 2 * 2 * 3 * 24 * 5),  # four products more
    ],
)
def test_work_is_counted_by_hand(changes: dict[str, Any], pairs: int, flops: int) -> None:
    case = replace(Attention(batch=1, heads=3, query_length=6, key_length=4, head_dim=5), **changes)
    assert (case.pairs, case.flops()) == (pairs, flops)
    assert case.items() == (case.query_length, "tokens")


def test_operands_and_gradients_move_once() -> None:
    case = Attention(batch=2, heads=3, query_length=6, key_length=4, head_dim=5, dtype="bfloat16")
    queries, keys = 2 * 3 * 6 * 5, 2 * 3 * 4 * 5
    assert case.moved_bytes() == 2 * (2 * queries + 2 * keys)
    assert replace(case, direction="forward_backward").moved_bytes() == 2 * (4 * queries + 4 * keys)


def test_a_mask_that_could_mean_two_things_is_refused() -> None:
    values = {"batch": 1, "heads": 1, "query_length": 1, "key_length": 9, "head_dim": 4}
    assert Attention.make(values).result_shape() == (1, 1, 1, 4)
    with pytest.raises(ParameterError, match="as many keys as queries") as caught:
        Attention.make({**values, "causal": True})
    assert "decoding" in str(caught.value.problems[0].hint)


def test_what_no_device_holds_is_refused() -> None:
    with pytest.raises(ParameterError, match="more than any device holds"):
        Attention.make({"batch": 2**20, "heads": 2**10, "query_length": 2**12, "key_length": 1, "head_dim": 64})


# -- tolerance -----------------------------------------------------------------------------------


def verdict(case: Attention, bundle: Bundle, answer: tuple[Any, ...]) -> str | None:
    observed = case.observe(answer, bundle.probe)
    return why_wrong(accuracy(observed, bundle.reference, bundle.scales), bundle.tolerance)


def rounded(arrays: dict[str, Any], dtype: DType) -> dict[str, Any]:
    return {name: widen(narrow(array, dtype), dtype).astype(np.float32) for name, array in arrays.items()}


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("direction", Attention.directions)
@pytest.mark.parametrize("seed", range(3))
def test_float32_passes_and_what_is_coarser_does_not(causal: bool, direction: str, seed: int) -> None:
    case = replace(MIDDLE, causal=causal, direction=direction)
    bundle = make_bundle(case, seed)
    coarse = {name: round_to_tf32(array) for name, array in bundle.inputs.items()}
    assert verdict(case, bundle, case.compute(bundle.inputs)) is None
    assert verdict(case, bundle, case.compute(coarse)) is not None
    assert verdict(case, bundle, case.compute(rounded(dict(bundle.inputs), DType.BFLOAT16))) is not None


def test_float64_passes_and_a_softmax_in_float32_does_not() -> None:
    case = replace(MIDDLE, dtype="float64")
    bundle = make_bundle(case, 0)
    assert verdict(case, bundle, case.compute(bundle.inputs)) is None
    short = case.compute({name: array.astype(np.float32) for name, array in bundle.inputs.items()})
    assert verdict(case, bundle, tuple(map(np.float64, short))) is not None


@pytest.mark.parametrize("dtype", [DType.BFLOAT16, DType.FLOAT16])
def test_short_types_may_round_on_the_way_and_not_add_up_in_16_bits(dtype: DType) -> None:
    case = Attention(batch=1, heads=2, query_length=2, key_length=2049, head_dim=16, dtype=str(dtype))
    bundle = make_bundle(case, 1)
    wide = {name: widen(array, dtype).astype(np.float32) for name, array in bundle.inputs.items()}

    def short(array: Any) -> Any:
        return widen(narrow(array, dtype), dtype).astype(np.float32)

    scores = short(wide["query"] @ wide["key"].swapaxes(-1, -2)) / 4
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = short(powers / powers.sum(axis=-1, keepdims=True))
    assert verdict(case, bundle, (short(weights @ wide["value"]),)) is None
    total = np.zeros((1, 2, 2, 16), dtype=np.float32)
    for place in range(case.key_length):
        total = short(total + weights[..., place : place + 1] * wide["value"][..., place : place + 1, :])
    assert verdict(case, bundle, (total,)) is not None


@pytest.mark.parametrize("seed", range(50))
def test_one_place_that_cancels_is_not_called_wrong(seed: int) -> None:
    case = Attention(
        batch=1, heads=1, query_length=9, key_length=9, head_dim=1, causal=True, direction="forward_backward"
    )
    bundle = make_bundle(case, seed)
    assert verdict(case, bundle, case.compute(bundle.inputs)) is None


# -- large cases are sampled ---------------------------------------------------------------------

LARGE = Attention(batch=2, heads=4, query_length=130, key_length=130, head_dim=16, direction="forward_backward")


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sample what would be computed in full."""
    monkeypatch.setattr(attention, "FULL_REFERENCE_FLOPS", 1000)


def test_only_what_is_large_is_sampled() -> None:
    assert not replace(LARGE, heads=64).is_sampled
    assert replace(LARGE, heads=16, query_length=2048, key_length=2048).is_sampled
    assert not replace(LARGE, heads=2048, query_length=1, key_length=65536).is_sampled  # too few queries to be alike


@pytest.mark.usefixtures("sampled")
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_right_answer_passes_by_samples(causal: bool, dtype: str) -> None:
    case = replace(LARGE, causal=causal, dtype=dtype)
    for seed in range(3):
        bundle = make_bundle(case, seed)
        assert bundle.reference["output3.heads"].shape == (2, 130, 16)
        assert bundle.reference["output1.rows"].shape == (8, 4, 16)
        wide = case.widened(bundle.inputs)
        answer = rounded({str(index): array for index, array in enumerate(case.compute(wide))}, DType(dtype))
        assert verdict(case, bundle, tuple(answer.values())) is None


def _zeroed(part: Any) -> None:
    part[...] = 0


def _not_a_number(part: Any) -> None:
    part[-1, -1] = np.nan


def _unscaled(part: Any) -> None:
    part *= 4  # the root of the head's width


def _shifted(part: Any) -> None:
    part[...] = np.roll(part, 1, axis=0)


@pytest.mark.usefixtures("sampled")
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("index", "fault"),
    [*itertools.product(range(4), (_zeroed, _not_a_number, _unscaled)), (0, _shifted), (1, _shifted)],
)
def test_a_fault_in_one_head_that_was_not_compared_in_full_is_seen(causal: bool, index: int, fault: Any) -> None:
    case = replace(LARGE, causal=causal, dtype="bfloat16")
    bundle = make_bundle(case, 2)
    outputs = [array.copy() for array in case.compute(case.widened(bundle.inputs))]
    head = next(head for head in range(case.head_count) if head not in bundle.probe["heads"])
    fault(outputs[index].reshape(case.head_count, *outputs[index].shape[2:])[head])
    assert verdict(case, bundle, tuple(outputs)) is not None
