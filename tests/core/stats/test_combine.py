"""The geometric mean over cases and its interval from resampled process-sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.combine import combine


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
