"""Absolute times: checked against SciPy, and against what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.estimate import FloatArray, grouped_median, mean_interval, summarise, t_quantile, time_interval

TIMES = st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=40)


def test_the_time_is_the_median_over_sets_of_medians_over_blocks() -> None:
    """A set with many blocks weighs no more than a set with few."""
    found = summarise(np.array([0] * 3 + [1] + [2] * 2), np.array([1.0, 2.0, 30.0, 5.0, 3.0, 4.0]))
    assert (found.time_s, found.min_s, found.count, found.sets) == (3.5, 1.0, 6, 3)


def test_no_block_is_deleted_however_far_out_it_lies() -> None:
    """A stall of a second is in the 95th percentile and in the count."""
    found = summarise(np.zeros(10, dtype=int), np.array([1e-3] * 9 + [1.0]))
    assert found.count == 10
    assert found.p95_s == pytest.approx(np.quantile([1e-3] * 9 + [1.0], 0.95))


def test_one_set_gives_no_interval() -> None:
    """A single process says nothing about the spread between processes."""
    found = summarise(np.array([4, 4, 4]), np.array([1.0, 2.0, 3.0]))
    assert (found.low_s, found.high_s) == (None, None)


def test_the_interval_is_students_on_logarithms() -> None:
    """The oracle is SciPy's own interval."""
    per_set = np.array([1.00e-3, 1.02e-3, 0.99e-3, 1.01e-3, 1.005e-3])
    logs = np.log(per_set)
    low, high = stats.t.interval(0.95, 4, logs.mean(), stats.sem(logs))
    assert time_interval(per_set) == pytest.approx((np.exp(low), np.exp(high)), rel=1e-12)


@pytest.mark.parametrize("degrees", [1, 4, 9, 19])
def test_quantiles_are_those_of_student(degrees: int) -> None:
    """The oracle is SciPy's distribution, reached by another road."""
    assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-9)


def test_the_interval_holds_the_estimate_however_skewed_the_sets_are() -> None:
    """The centre is a mean of logarithms and the estimate a median, so this must be made so."""
    low, high = time_interval([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1e9, 1e9, 1e9, 1e9, 1e9, 1e9])
    assert low is not None
    assert high is not None
    assert low <= 1.0 <= high


@given(times=TIMES, sets=st.integers(1, 6))
def test_the_interval_always_holds_the_estimate(times: list[float], sets: int) -> None:
    """For any blocks in any number of sets."""
    found = summarise(np.arange(len(times)) % sets, np.array(times))
    assert found.min_s <= found.time_s
    if found.low_s is not None and found.high_s is not None:
        assert found.low_s <= found.time_s <= found.high_s


@given(times=TIMES, seed=st.integers(0, 99))
def test_the_order_of_blocks_and_the_names_of_sets_do_not_matter(times: list[float], seed: int) -> None:
    """Rows of a file come in any order."""
    sets, values = np.arange(len(times)) % 3, np.array(times)
    order = np.random.default_rng(seed).permutation(len(times))
    one, other = summarise(sets, values), summarise(sets[order] * 7 - 100, values[order])
    assert one.time_s == other.time_s
    assert one.low_s == pytest.approx(other.low_s)


@given(times=TIMES)
def test_units_do_not_matter(times: list[float]) -> None:
    """Milliseconds say what seconds say."""
    sets, values = np.arange(len(times)) % 4, np.array(times)
    one, other = summarise(sets, values), summarise(sets, values * 1000)
    assert other.time_s == pytest.approx(one.time_s * 1000)
    assert other.high_s == pytest.approx(None if one.high_s is None else one.high_s * 1000)


@given(rows=st.lists(st.tuples(st.integers(-3, 3), st.floats(-1e6, 1e6)), min_size=1, max_size=60))
def test_grouped_medians_are_numpys(rows: list[tuple[int, float]]) -> None:
    """The oracle is a loop over groups."""
    groups, values = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    names, medians = grouped_median(groups, values)
    assert names.tolist() == sorted(set(groups.tolist()))
    assert medians.tolist() == [np.median(values[groups == name]) for name in names]


def test_an_interval_covers_the_truth_as_often_as_it_says() -> None:
    """For four thousand sessions of five noisy sets, 95 % of the intervals hold the true value."""
    drawn = np.random.default_rng(1).normal(0.0, 0.05, size=(4000, 5))
    found = [mean_interval(row) for row in drawn]
    held = np.mean([one.low is not None and one.high is not None and one.low <= 0 <= one.high for one in found])
    assert held == pytest.approx(0.95, abs=0.012)


@given(
    values=st.lists(st.floats(-1, 1), min_size=2, max_size=9).map(np.array),
    confidence=st.floats(0.5, 0.9999),
)
def test_a_surer_interval_is_a_wider_one(values: FloatArray, confidence: float) -> None:
    """The oracle is SciPy's interval at that confidence."""
    found, usual = mean_interval(values, confidence), mean_interval(values, 0.5)
    low, high = stats.t.interval(confidence, values.size - 1, values.mean(), max(stats.sem(values), 1e-300))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert (found.high or 0) - (found.low or 0) >= (usual.high or 0) - (usual.low or 0)


@pytest.mark.parametrize("bad", [[], [0.0], [-1.0], [float("nan")], [float("inf")]])
def test_what_cannot_be_a_time_is_refused(bad: list[float]) -> None:
    """A block that took no time was not measured."""
    with pytest.raises(ValueError, match="time"):
        summarise(np.zeros(len(bad), dtype=int), np.array(bad))
