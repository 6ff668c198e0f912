"""Shares, spreads, promises, and other tools' rules: exact numbers, and scipy as the judge of formulas."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.calibration import peers
from benchmarks.calibration.figures import (
    Promise,
    Share,
    Spread,
    State,
    at_least,
    at_most,
    binomial_interval,
    exit_code,
    no_more_than,
    percent,
    share_of,
    spread_of,
    times_narrower,
)
from harness.errors import ExitCode


def test_a_share_is_told_with_the_interval_of_independent_comparisons() -> None:
    found = share_of([(21, 480)])
    assert (found.count, found.of) == (21, 480)
    assert found.low == pytest.approx(0.02726, abs=5e-5)
    assert found.high == pytest.approx(0.06611, abs=5e-5)
    assert found.low_by_session is None  # one session has no spread
    assert str(found) == "21 of 480 (4.4 %; 2.7 % to 6.6 %)"


def test_nothing_of_all_and_all_of_all_end_where_shares_end() -> None:
    assert binomial_interval(0, 400) == pytest.approx((0.0, 1 - 0.025 ** (1 / 400)))
    assert binomial_interval(400, 400) == pytest.approx((0.025 ** (1 / 400), 1.0))


@given(st.integers(0, 60), st.integers(1, 60))
def test_the_interval_is_scipys(count: int, of: int) -> None:
    from scipy.stats import binomtest

    if count > of:
        count, of = of, count
    low, high = binomial_interval(count, of)
    theirs = binomtest(count, of).proportion_ci(0.95, method="exact")
    assert low == pytest.approx(theirs.low, abs=1e-9)
    assert high == pytest.approx(theirs.high, abs=1e-9)


def test_sessions_that_differ_widen_the_interval() -> None:
    """Four sessions of 12, all six hits in one of them: 6 / 48, and a spread over sessions of that size."""
    found = share_of([(0, 12), (6, 12), (0, 12), (0, 12)])
    residuals = [1.5, 4.5, 1.5, 1.5]
    error = math.sqrt(4 / 3 * sum(value**2 for value in residuals)) / 48
    assert found.high_by_session == pytest.approx(0.125 + 3.182446 * error, abs=1e-6)
    assert found.low_by_session == 0.0
    assert (found.high_by_session or 0.0) > found.high


def test_without_a_spread_over_sessions_there_is_no_second_interval() -> None:
    assert share_of([(0, 12), (0, 12), (0, 12)]).high_by_session is None
    assert share_of([]).of == 0
    assert str(share_of([])) == "none so far"


@pytest.mark.parametrize(
    ("share", "text"), [(0.044, "4.4 %"), (0.05, "5 %"), (0.0, "0 %"), (0.00333, "0.33 %"), (1, "100 %")]
)
def test_a_share_is_read_as_people_read_it(share: float, text: str) -> None:
    assert percent(share) == text


def share(count: int, of: int) -> Share:
    return share_of([(count, of)])


def test_a_promise_is_broken_only_by_more_than_chance() -> None:
    assert at_most("x", share(20, 400), 0.05, least=400).state is State.KEPT
    assert at_most("x", share(24, 400), 0.05, least=400).state is State.OPEN  # 6 %; 5 % lies within its interval
    assert at_most("x", share(40, 400), 0.05, least=400).state is State.BROKEN
    assert at_most("x", share(1, 40), 0.05, least=400).state is State.OPEN  # too few to tell
    assert at_least("x", share(90, 100), 0.9, least=100).state is State.KEPT
    assert at_least("x", share(87, 100), 0.9, least=100).state is State.OPEN
    assert at_least("x", share(70, 100), 0.9, least=100).state is State.BROKEN


def test_where_none_is_promised_one_breaks_it() -> None:
    assert no_more_than("x", share(0, 400), 0, least=400).state is State.KEPT
    assert no_more_than("x", share(1, 400), 0, least=400).state is State.BROKEN
    assert no_more_than("x", share(1, 3000), 1, least=3000).state is State.KEPT
    assert no_more_than("x", share(0, 0), 0, least=400).state is State.OPEN


def test_the_exit_code_tells_the_worst_of_the_promises() -> None:
    def made(state: State) -> Promise:
        return Promise(words="", found="", state=state)

    assert exit_code([made(State.KEPT)]) is ExitCode.FINE
    assert exit_code([made(State.KEPT), made(State.OPEN)]) is ExitCode.UNDECIDED
    assert exit_code([made(State.OPEN), made(State.BROKEN)]) is ExitCode.CASES_FAILED


def test_a_spread_is_told_as_so_many_times_narrower() -> None:
    ours, theirs = Spread(sd=0.01, count=10), Spread(sd=0.2, count=10)
    times, low, high = times_narrower(ours, theirs)
    assert times == pytest.approx(20)
    assert low == pytest.approx(20 / math.sqrt(4.02599), rel=1e-4)  # F(0.975; 9, 9)
    assert high == pytest.approx(20 * math.sqrt(4.02599), rel=1e-4)
    assert spread_of([0.3]) is None
    two = spread_of([0.0, 0.02])
    assert two is not None
    assert (two.sd, two.count) == pytest.approx((0.02 / math.sqrt(2), 2))


# -- the rules of other tools ---------------------------------------------------------------------


def values(rng: random.Random, processes: int, each: int, centre: float = 1.0) -> list[list[float]]:
    return [[centre * math.exp(rng.gauss(0, 0.02)) for _ in range(each)] for _ in range(processes)]


@pytest.mark.parametrize("seed", range(20))
def test_pyperfs_rule_is_the_pooled_t_test(seed: int) -> None:
    from scipy.stats import ttest_ind

    rng = random.Random(seed)  # noqa: S311
    a, b = values(rng, 5, 12), values(rng, 5, 12, 1.007)
    theirs = ttest_ind(np.ravel(a), np.ravel(b), equal_var=True).pvalue < 0.05
    assert peers.pyperf(a, b) is bool(theirs)


def test_pyperfs_rule_takes_sixty_values_of_all_processes_alike() -> None:
    quiet = [[1.0, 1.02] * 6 + [9.0] * 18 for _ in range(5)]  # what comes after twelve values is not looked at
    assert peers.pyperf(quiet, [[1.01, 1.01] * 6 + [50.0] * 18 for _ in range(5)]) is False
    assert peers.pyperf([[1.0] * 12] * 5, [[1.0] * 12] * 5) is False
    assert peers.pyperf([[1.0] * 12] * 5, [[1.1] * 12] * 5) is True


def test_pytest_benchmarks_rule_looks_at_the_mean_and_one_way() -> None:
    assert peers.pytest_benchmark([[1.0, 1.0]], [[1.06, 1.06]]) is True
    assert peers.pytest_benchmark([[1.0, 1.0]], [[1.04, 1.04]]) is False
    assert peers.pytest_benchmark([[1.0, 1.0]], [[0.5, 0.5]]) is False


def test_google_benchmarks_rule_takes_the_nine_that_lie_closest() -> None:
    rising = [1.0 + 0.01 * index for index in range(12)]
    steep = [1.0 + 0.1 * index for index in range(12)]
    assert peers.google_benchmark([[0.5] * 12, steep], [steep, [9.0] * 12]) is False  # 1.3 to 2.1 beside 1.0 to 1.8
    above = [2.0 + value for value in steep]
    assert peers.google_benchmark([steep, above], [steep, above]) is True  # the last of A beside the first of B
    assert peers.google_benchmark_in_turn([rising, [5.0] * 12], [rising, [7.0] * 12]) is False


def test_each_tool_is_asked_under_its_name() -> None:
    same = [[1.0, 1.1, 0.9] * 4] * 5
    assert peers.alarms(peers.SEQUENTIAL, same, same) == dict.fromkeys(peers.SEQUENTIAL, False)
    assert list(peers.IN_TURN) == list(peers.SEQUENTIAL)
