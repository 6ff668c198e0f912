"""What could be seen, the word for it, and what finding a difference takes: exact numbers and simulations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.estimate import mean_interval
from harness.stats.noise import Effort, Grade, Spread, grade_of, seen_of, spread_of

T4 = 2.7764451051977987  # Student's t with 4 degrees of freedom, 95 % two-sided
T4_90 = 1.5332062740589438  # and 90 % one-sided


@pytest.mark.parametrize(
    ("seen", "grade"),
    [
        (0.0, Grade.QUIET),
        (0.01, Grade.QUIET),
        (0.0101, Grade.FAIR),
        (0.02, Grade.FAIR),
        (0.05, Grade.NOISY),
        (0.051, Grade.UNUSABLE),
        (math.inf, Grade.UNUSABLE),
    ],
)
def test_the_word_for_what_could_be_seen(seen: float, grade: Grade) -> None:
    assert grade_of(seen) is grade


def sets(*medians: float, rounds: int = 5) -> np.ndarray:
    """Process-sets whose rounds all say the same."""
    return np.repeat(np.array(medians)[:, None], rounds, axis=1)


def test_what_could_be_seen_is_half_the_interval_over_process_sets() -> None:
    logs = sets(0.00, 0.01, 0.02, 0.03, 0.04)
    found = seen_of([logs])
    assert found is not None
    interval = mean_interval(logs[:, 0])
    assert found.share == pytest.approx(math.expm1((interval.high - interval.low) / 2))  # type: ignore[operator]
    assert found.set_sd == pytest.approx(math.sqrt(0.00025))
    assert (found.sets, found.cases) == (5, 1)


def test_what_could_be_seen_is_as_sure_as_the_intervals_of_the_run() -> None:
    """A run that was looked at several times has wider ones."""
    logs = sets(0.00, 0.01, 0.02, 0.03, 0.04)
    found, usual = seen_of([logs], confidence=0.9875), seen_of([logs])
    assert found is not None
    assert usual is not None
    interval = mean_interval(logs[:, 0], 0.9875)
    assert found.share == pytest.approx(math.expm1((interval.high - interval.low) / 2))  # type: ignore[operator]
    assert found.share > usual.share
    assert found.set_sd == usual.set_sd
    rounds = np.array([[-0.01, -0.01, 0.0, 0.01, 0.01]])
    single, before = seen_of([rounds], confidence=0.9875), seen_of([rounds])
    assert single is not None
    assert before is not None
    assert single.share > before.share


def test_the_middle_one_of_several_cases_counts() -> None:
    wide, narrow, middle = (sets(0, *(scale,) * 4) for scale in (1.0, 0.001, 0.01))
    found, alone = seen_of([wide, narrow, middle]), seen_of([middle])
    assert found is not None
    assert alone is not None
    assert found.share == pytest.approx(alone.share)
    assert found.cases == 3


def test_a_single_process_set_tells_what_its_rounds_allow() -> None:
    rounds = np.array([[-0.01, -0.01, 0.0, 0.01, 0.01]])  # median 0, median deviation 0.01
    found = seen_of([rounds])
    assert found is not None
    assert found.share == pytest.approx(math.expm1(T4 * math.sqrt(math.pi / 2 / 5) * 0.014826))
    assert found.set_sd is None
    assert found.sets_to_find(0.02) is None


def test_cases_with_several_process_sets_go_before_those_with_one() -> None:
    several = sets(0.0, 0.001, 0.002, 0.001, 0.0)
    found, alone = seen_of([several, np.array([[0.0, 0.5, -0.5, 0.3, 0.1]])]), seen_of([several])
    assert found == alone


@pytest.mark.parametrize("cases", [[], [np.empty((0, 0))], [np.full((3, 4), np.nan)], [np.zeros((1, 4))]])
def test_nothing_is_seen_in_nothing(cases: list[np.ndarray]) -> None:
    assert seen_of(cases) is None


def test_gaps_do_not_count() -> None:
    logs = sets(0.0, 0.01, 0.02, 0.03, 0.04)
    gappy = np.vstack([logs, np.full(5, np.nan)])
    gappy[0, 3] = np.nan
    assert seen_of([gappy]) == seen_of([logs])


def test_how_many_process_sets_a_difference_takes() -> None:
    """With a spread of 1 % from set to set, 2 % takes the fewest K for which (t95 + t90) / sqrt(K) is at most 1.98."""
    logs = np.array([[-1.0], [-1.0], [0.0], [1.0], [1.0]]) * 0.01  # standard deviation 1 %
    found = seen_of([np.repeat(logs, 5, axis=1)])
    assert found is not None
    assert found.set_sd == pytest.approx(0.01)
    assert (T4 + T4_90) / math.sqrt(5) < math.log1p(0.02) / 0.01
    assert found.sets_to_find(0.02) == 5
    assert found.sets_to_find(0.01) == 13
    assert found.sets_to_find(0.0001) is None


def test_sets_to_find_are_enough_in_nine_of_ten_trials() -> None:
    rng = np.random.default_rng(1)
    logs = sets(-0.01, -0.01, 0.0, 0.01, 0.01)
    needed = seen_of([logs])
    assert needed is not None
    count = needed.sets_to_find(0.01)
    assert count is not None
    trials = rng.normal(math.log1p(0.01), 0.01, size=(4000, count))
    found = np.mean([mean_interval(trial).low > 0 for trial in trials])  # type: ignore[operator]
    assert 0.88 <= found <= 0.94


def test_spread_between_processes_is_what_rounds_do_not_explain() -> None:
    rounds = np.array([-0.01, -0.01, 0.0, 0.01, 0.01])
    logs = np.array([-0.02, 0.0, 0.02])[:, None] + rounds
    found = spread_of(logs)
    assert found is not None
    assert found.within == pytest.approx(0.014826)
    assert found.between == pytest.approx(math.sqrt(0.0004 - math.pi / 2 / 5 * 0.014826**2))
    assert spread_of(logs[:1]) is None


def test_sets_that_agree_better_than_their_rounds_have_no_spread_between() -> None:
    rounds = np.array([-0.01, -0.01, 0.0, 0.01, 0.01])
    found = spread_of(np.vstack([rounds, rounds, rounds]))
    assert found is not None
    assert found.between == 0.0


def test_spread_is_found_in_simulated_sessions() -> None:
    rng = np.random.default_rng(2)
    logs = rng.normal(0, 0.01, size=(400, 1)) + rng.normal(0, 0.05, size=(400, 60))
    found = spread_of(logs)
    assert found is not None
    assert found.within == pytest.approx(0.05, rel=0.05)
    assert found.between == pytest.approx(0.01, rel=0.15)


def test_the_error_of_a_session() -> None:
    spread = Spread(between=0.003, within=0.02)
    assert spread.error(sets=5, rounds=30) == pytest.approx(math.sqrt((0.003**2 + math.pi / 2 * 0.0004 / 30) / 5))
    assert spread.seen(sets=5) == pytest.approx(math.expm1(T4 * spread.error(sets=5, rounds=30)))


def test_finding_a_difference_takes_the_fewest_sets_whose_rounds_are_usual() -> None:
    spread = Spread(between=0.0, within=0.02)
    assert spread.effort(0.05) == Effort(sets=5, rounds=5)
    reach = (T4 + T4_90) / math.sqrt(5)
    assert spread.effort(0.02) == Effort(sets=5, rounds=math.ceil(math.pi / 2 * (0.02 * reach / math.log1p(0.02)) ** 2))
    assert spread.effort(0.02).seconds(0.01) == pytest.approx(2 * 5 * 6 * 0.01)  # type: ignore[union-attr]


def test_where_processes_differ_no_number_of_rounds_helps() -> None:
    spread = Spread(between=0.05, within=0.001)
    assert spread.effort(0.02) is None
    assert spread.effort(0.05) == Effort(sets=15, rounds=5)


def test_where_rounds_are_many_the_least_measuring_time_is_taken() -> None:
    spread = Spread(between=0.0, within=0.2)
    found = spread.effort(0.02)
    assert found is not None
    assert found.rounds > 30
    assert found.sets == 20  # more sets cost fewer rounds in all, for Student's t is narrower


@given(
    between=st.floats(0, 0.1),
    within=st.floats(0.0001, 0.5),
    difference=st.sampled_from([0.01, 0.02, 0.05]),
)
def test_an_effort_is_enough_and_a_larger_difference_takes_no_more(
    between: float, within: float, difference: float
) -> None:
    spread = Spread(between=between, within=within)
    found, easier = spread.effort(difference), spread.effort(2 * difference)
    if found is None:
        return
    assert spread.seen(sets=found.sets, rounds=found.rounds) < difference
    assert easier is not None
    assert easier.sets <= found.sets


def test_the_effort_finds_nine_in_ten_simulated_differences() -> None:
    rng = np.random.default_rng(3)
    spread = Spread(between=0.004, within=0.03)
    effort = spread.effort(0.02)
    assert effort is not None
    shape = (3000, effort.sets)
    medians = np.median(rng.normal(0, spread.within, size=(*shape, effort.rounds)), axis=2)
    medians += math.log1p(0.02) + rng.normal(0, spread.between, size=shape)
    found = np.mean([mean_interval(trial).low > 0 for trial in medians])  # type: ignore[operator]
    assert 0.87 <= found <= 0.96
