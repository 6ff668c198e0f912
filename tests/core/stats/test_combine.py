"""The geometric mean over cases and its interval from resampled process-sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.combine import carried, combine
from harness.stats.estimate import FloatArray


def test_without_gaps_the_interval_is_students_over_sets() -> None:
    """The oracle is SciPy's interval over each set's own mean."""
    per_set = np.random.default_rng(0).normal(0.1, 0.02, (7, 5))
    found = combine(per_set)
    means = per_set.mean(axis=0)
    low, high = stats.t.interval(0.95, 4, means.mean(), stats.sem(means))
    assert found is not None
    assert (found.log, found.log_low, found.log_high) == pytest.approx((per_set.mean(), low, high))
    assert (found.cases, found.sets) == (7, 5)


def test_the_centre_is_the_geometric_mean() -> None:
    """Twice as fast here and half as fast there is even."""
    found = combine(np.log([[2.0] * 5, [0.5] * 5]))
    assert found is not None
    assert found.ratio == pytest.approx(stats.gmean([2.0, 0.5]))
    assert found.covers_one


def test_many_cases_do_not_make_few_sets_sure() -> None:
    """An error that a process-set shares among its cases does not average out over cases."""
    shared = np.random.default_rng(2).normal(0, 0.05, 5)
    found = combine(np.tile(shared, (1000, 1)))
    alone = combine(shared[None, :])
    assert found is not None
    assert alone is not None
    assert found.log_high == pytest.approx(alone.log_high)


@given(
    values=st.lists(st.lists(st.floats(-3, 3), min_size=5, max_size=5), min_size=1, max_size=6),
    gaps=st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_swapping_inverts_it_and_the_interval_holds_it(values: list[list[float]], gaps: list[bool]) -> None:
    """With whatever gaps."""
    per_set = np.where(np.array(gaps[: 5 * len(values)]).reshape(-1, 5), np.nan, np.array(values))
    one, other = combine(per_set), combine(-per_set)
    if one is None or other is None:
        assert not np.isfinite(per_set).any()
        return
    assert one.log == -other.log
    assert one.cases == np.isfinite(per_set).any(axis=1).sum()
    if one.log_low is not None and one.log_high is not None and other.log_high is not None:
        assert one.log_low <= one.log <= one.log_high
        assert one.log_low == pytest.approx(-other.log_high)


def test_the_interval_is_as_sure_as_it_is_asked_to_be() -> None:
    """A run that was looked at four times has a quarter of the error left for it."""
    per_set = np.random.default_rng(0).normal(0.1, 0.02, (7, 5))
    found, means = combine(per_set, confidence=0.9875), per_set.mean(axis=0)
    low, high = stats.t.interval(0.9875, 4, means.mean(), stats.sem(means))
    assert found is not None
    assert (found.log_low, found.log_high) == pytest.approx((low, high))


def test_a_case_with_one_set_leaves_no_interval() -> None:
    """And a table of nothing gives nothing."""
    found = combine(np.array([[0.1, np.nan], [0.2, 0.3]]))
    assert found is not None
    assert (found.low, found.high, found.covers_one) == (None, None, None)
    assert combine(np.full((2, 3), np.nan)) is None
    assert combine(np.empty((0, 5))) is None


def places(per_set: FloatArray) -> list[int]:
    return [at for at, _ in carried(per_set)]


def test_cases_that_a_mean_hangs_on_are_named_by_their_places_among_all() -> None:
    """A case that no set has is none of those that the mean is made of."""
    per_set = np.log([[np.nan, np.nan], [1.0, 1.0], [1.0, np.nan], [8.0, 8.0]])
    assert places(per_set) == [3, 1]
    assert [left for _, left in carried(per_set)] == pytest.approx([0.0, np.log(8) / 2])
    assert not carried(per_set[:3])  # of two, either would


def test_no_case_carries_a_mean_that_hardly_moves_without_it() -> None:
    assert not carried(np.log([[1.2], [1.0], [1.0]]))  # 1.063 with it, and 1 without
    assert places(np.log([[1.4], [1.0], [1.0]])) == [0]


def test_both_ends_are_named_and_one_that_turns_the_mean_round() -> None:
    assert places(np.log([[3.0], [1.1], [0.4]])) == [0, 2]
    assert places(np.log([[1.06], [1.0], [0.99], [0.99]])) == [0]  # 1.0096 with it, and 0.993 without
