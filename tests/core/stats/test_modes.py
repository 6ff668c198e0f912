"""Two groups of processes: found where they are, seldom where they are not, and never called by a wrong count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.estimate import FloatArray
from harness.stats.modes import LEAST_GAP, WIDE, Groups, gaps_of, two_groups

SETS = st.integers(5, 24)


def by_definition(ordered: FloatArray) -> list[float]:
    """Each gap over the standard error of a difference of means of the two sides, by a loop."""
    found = []
    for at in range(1, ordered.size):
        low, high = ordered[:at], ordered[at:]
        squares = ((low - low.mean()) ** 2).sum() + ((high - high.mean()) ** 2).sum()
        error = math.sqrt(squares / (ordered.size - 2)) * math.sqrt(1 / low.size + 1 / high.size)
        found.append((high[0] - low[-1]) / error)
    return found


def test_three_of_five_at_ten_per_cent() -> None:
    """Gap 0.1 between sides of spread 0.001; by hand: sqrt((2e-6 + 0.5e-6) / 3) x sqrt(1/2 + 1/3) = 0.000833."""
    log = math.log(1.1)
    found = two_groups(np.array([log - 0.001, 0.0, log, 0.001, log + 0.001]))
    assert found is not None
    assert (found.low_sets, found.high_sets) == (2, 3)
    assert (found.log_low, found.log_high) == pytest.approx((0.0005, log))
    assert found.sets == 5
    assert found.apart == pytest.approx(0.1, abs=0.001)


def test_a_gap_is_measured_by_the_spread_of_both_sides() -> None:
    ordered = np.array([0.0, 0.001, 0.1, 0.101, 0.102])
    gaps, wide = gaps_of(ordered[None, :])
    assert gaps[0] == pytest.approx(np.diff(ordered))
    assert wide[0, 1] == pytest.approx(0.099 / (math.sqrt(2.5e-6 / 3) * math.sqrt(1 / 2 + 1 / 3)))


@given(values=st.lists(st.floats(-1, 1), min_size=5, max_size=20, unique=True))
def test_gaps_are_those_of_the_definition(values: list[float]) -> None:
    """A loop is the oracle; sides without spread are left to the tests by hand."""
    ordered = np.sort(values)
    if np.diff(ordered).min() < 1e-5:
        return
    assert gaps_of(ordered[None, :])[1][0] == pytest.approx(by_definition(ordered), rel=1e-6)


def test_a_lone_process_is_a_group_too() -> None:
    """Nine alike and one at 8 %: that is what a person wants to know."""
    found = two_groups(np.r_[0.08, np.linspace(-0.003, 0.003, 9)])
    assert found is not None
    assert (found.low_sets, found.high_sets) == (9, 1)


def test_sides_without_any_spread_are_two_groups() -> None:
    """A clock of coarse ticks."""
    found = two_groups(np.array([0.0, 0.0, 0.125, 0.125, 0.125]))
    assert found == Groups(low_sets=2, high_sets=3, log_low=0.0, log_high=0.125)


@pytest.mark.parametrize(
    "values",
    [
        [0.0] * 9,
        [0.0, 0.1, 0.1, 0.1],  # four are too few to tell a group from a straggler
        [0.0, 0.0001, 0.005, 0.0051, 0.0052],  # far apart beside their spread, and of no size that matters
        np.linspace(0, 1, 20).tolist(),
        [],
    ],
)
def test_no_groups_are_made_up(values: list[float]) -> None:
    assert two_groups(np.array(values, dtype=float)) is None


@pytest.mark.parametrize("sets", [5, 7, 10, 15, 20])
def test_sets_without_groups_show_some_in_one_of_a_hundred(sets: int) -> None:
    """The table against 40,000 samples of its own kind."""
    drawn = np.sort(np.random.default_rng(sets).normal(0, 0.5, (40000, sets)), axis=1)
    alarms = (gaps_of(drawn)[1].max(axis=1) > WIDE[sets]).mean()
    assert alarms == pytest.approx(0.01, abs=0.002)


def test_an_autotuner_that_picks_one_of_two_kernels_is_found() -> None:
    """Half of ten processes 10 % slower, 0.6 % between processes alike: found in nearly every sample with both."""
    rng = np.random.default_rng(3)
    slow = rng.random((500, 10)) < 0.5
    found = [two_groups(row) for row in np.where(slow, math.log(1.1), 0.0) + rng.normal(0, 0.006, (500, 10))]
    both = [(groups, int(row.sum())) for groups, row in zip(found, slow, strict=True) if 0 < row.sum() < 10]
    assert sum(groups is not None for groups, _ in both) / len(both) > 0.95
    assert np.mean([groups.high_sets == count for groups, count in both if groups]) > 0.99


@given(sets=SETS, seed=st.integers(0, 999), shift=st.floats(-3, 3), gap=st.floats(0.05, 1))
def test_swapping_the_arms_swaps_the_groups(sets: int, seed: int, shift: float, gap: float) -> None:
    """And where the ratio itself lies, in which order sets came, and gaps in the table do not matter."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.001, sets) + np.where(np.arange(sets) < 2, gap, 0.0)
    there, back = two_groups(values), two_groups(-values)
    moved = two_groups(np.r_[math.nan, rng.permutation(values + shift)])
    assert there is not None
    assert back is not None
    assert moved is not None
    assert (back.low_sets, back.high_sets) == (there.high_sets, there.low_sets) == (2, sets - 2)
    assert back.log_low == pytest.approx(-there.log_high)
    assert moved.log_high == pytest.approx(there.log_high + shift)
    assert there.log_high - there.log_low > LEAST_GAP
