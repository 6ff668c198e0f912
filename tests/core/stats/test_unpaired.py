"""Arms that never ran side by side: Welch's interval against SciPy, verdicts that ask for much, and the odd one out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.estimate import FloatArray
from harness.stats.unpaired import LEAST_RATIO, LEAST_SESSIONS, Node, apart, nodes

TIMES = st.lists(st.floats(1e-6, 1e-3), min_size=2, max_size=9, unique=True)
SPREAD = np.exp(np.array([-0.02, -0.01, 0.0, 0.01, 0.02]))  # standard error 0.0070711 of the logarithm


@given(base=TIMES, new=TIMES, confidence=st.floats(0.5, 0.999))
def test_the_interval_is_welchs(base: list[float], new: list[float], confidence: float) -> None:
    """The oracle is SciPy's test of two samples of unequal variance."""
    oracle = stats.ttest_ind(np.log(new), np.log(base), equal_var=False).confidence_interval(confidence)
    found = apart(base, new, confidence=confidence)
    assert found.log_low == pytest.approx(oracle.low, rel=1e-6, abs=1e-9)
    assert found.log_high == pytest.approx(oracle.high, rel=1e-6, abs=1e-9)
    assert found.log == pytest.approx(math.log(stats.gmean(new) / stats.gmean(base)), abs=1e-9)


@given(base=TIMES, new=TIMES)
def test_swapping_the_two_inverts_it(base: list[float], new: list[float]) -> None:
    one, other = apart(base, new), apart(new, base)
    assert (one.log, one.log_low, one.too_close) == (-other.log, -(other.log_high or 0.0), other.too_close)
    assert one.sessions == other.sessions[::-1]


@pytest.mark.parametrize(
    ("ratio", "sessions", "too_close"),
    [
        (1.26, 5, False),
        (1 / 1.26, 5, False),
        (1.24, 5, True),  # sure, and no larger than a bad hour
        (1.26, 4, True),  # four sessions may all have had the same hour
        (3.0, 2, True),
    ],
)
def test_only_large_differences_over_enough_sessions_are_told(ratio: float, sessions: int, *, too_close: bool) -> None:
    """The interval reaches 2.306 x 0.01 to either side: it excludes 1 by far in all of these."""
    found = apart(SPREAD[:sessions], SPREAD[:sessions] * ratio)
    assert found.too_close is too_close
    assert found.ratio == pytest.approx(ratio)
    assert (found.low or 0) < ratio < (found.high or math.inf)
    assert found.sessions == (sessions, sessions)


def test_a_large_ratio_of_wide_spread_is_too_close_to_call() -> None:
    """At thirty times the spread each standard error is 0.2121, that of the difference 0.3: 2.306 x 0.3 = 0.69."""
    wide = SPREAD**30
    found = apart(wide, wide * LEAST_RATIO * 1.2)
    assert found.too_close
    assert found.log_low == pytest.approx(math.log(1.5) - stats.t.ppf(0.975, 8) * 0.3, rel=1e-6)


def test_a_single_session_has_no_interval() -> None:
    found = apart([1.0], [2.0] * 5)
    assert found.ratio == pytest.approx(2.0)
    assert (found.low, found.high, found.too_close) == (None, None, True)


def test_sessions_without_any_spread_are_certain() -> None:
    found = apart([1.0] * 5, [2.0] * 5)
    assert (found.low, found.high) == pytest.approx((2.0, 2.0))
    assert not found.too_close


@pytest.mark.parametrize("bad", [[], [0.0], [math.nan, 1.0]])
def test_what_is_no_time_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="time"):
        apart([1.0, 1.1], bad)


# -- machines of one kind -------------------------------------------------------------------------


def machines(*ratios: float, sessions: int = LEAST_SESSIONS, cases: int = 4) -> dict[str, FloatArray]:
    """Machines m0, m1, ... that take so many times as long in every case, with 1 % between sessions."""
    of_case = np.geomspace(1e-5, 1e-2, cases)
    spread = np.exp(np.linspace(-0.01, 0.01, sessions))
    return {f"m{at}": ratio * spread[:, None] * of_case for at, ratio in enumerate(ratios)}


def odd(found: list[Node]) -> list[str]:
    return [node.name for node in found if node.odd]


def test_the_odd_one_out_is_found_and_no_other() -> None:
    """The median machine is the measure, so one that is odd does not make the others so."""
    found = nodes(machines(1.0, 1.2, 1.0, 1.0))
    assert odd(found) == ["m1"]
    assert found[1].ratio == pytest.approx(1.2)
    assert (found[1].sessions, found[1].cases) == (5, 4)
    assert odd(nodes(machines(1.0, 0.8, 1.0))) == ["m1"]


def test_its_interval_is_students_at_its_share_of_the_error() -> None:
    """Four machines are tested, so each has a quarter of the 5 %. The oracle is SciPy."""
    found = nodes(machines(1.0, 1.2, 1.0, 1.0))[1]
    per_session = np.log(1.2) + np.linspace(-0.01, 0.01, 5)
    low, high = stats.t.interval(1 - 0.05 / 4, 4, per_session.mean(), stats.sem(per_session))
    assert (found.low, found.high) == pytest.approx((math.exp(low), math.exp(high)))


@pytest.mark.parametrize(
    "times",
    [
        machines(1.0, 1.5),  # of two nobody can say which
        machines(1.0, 1.04, 1.0),  # within what machines of a kind differ by
        machines(1.0, 1.5, 1.0, sessions=4),
        machines(1.0, 1.5, 1.0, sessions=1),
        {},
    ],
)
def test_nobody_is_called_odd_without_enough_to_go_by(times: dict[str, FloatArray]) -> None:
    assert odd(nodes(times)) == []


def test_only_cases_that_three_machines_share_count() -> None:
    """A case of one machine says nothing of the others, and a machine that shares none has no number."""
    times = machines(1.0, 1.2, 1.0, 1.0)
    alone = np.full((5, 4), np.nan)
    times["m4"] = alone
    for name in ("m2", "m3"):
        times[name][:, 0] = np.nan
    found = {node.name: node for node in nodes(times)}
    assert found["m1"].cases == 3
    assert found["m1"].ratio == pytest.approx(1.2)
    assert found["m4"] == Node(name="m4", log=None, log_low=None, log_high=None, sessions=0, cases=0, odd=False)
    assert (found["m4"].ratio, found["m4"].low, found["m4"].high) == (None, None, None)


def test_machines_that_are_alike_are_seldom_called_odd() -> None:
    """Five hundred times three machines whose sessions differ by 5 %: at most one in twenty, and in fact far fewer."""
    rng = np.random.default_rng(8)
    drawn = np.exp(rng.normal(0, 0.05, (500, 3, 5, 1)) + rng.normal(0, 0.01, (500, 3, 5, 4)))
    alarms = sum(bool(odd(nodes({str(at): times for at, times in enumerate(each)}))) for each in drawn)
    assert alarms <= 10
