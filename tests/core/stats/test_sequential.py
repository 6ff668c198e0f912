"""When to stop: each ending by hand, the chance against random draws, and the promise of all looks together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.estimate import FloatArray, t_quantile
from harness.stats.sequential import (
    LOOKS,
    Ending,
    Look,
    Rule,
    _chance_of_decided,
    _chance_of_precise,
    look,
    next_look,
)
from harness.stats.verdict import Verdict

RULE = Rule()
NEVER = Rule(hopeless=0.0)


def evenly(mean: float, step: float, sets: int = 5) -> FloatArray:
    """Sets at even steps about a mean. Of five, the standard error is 0.7071 steps, and 98.75 % reach 3.0517 steps."""
    return np.asarray(mean + step * (np.arange(sets) - (sets - 1) / 2), dtype=np.float64)


def at(per_set: FloatArray, rule: Rule = RULE, pairing: str = "round") -> Look:
    return look(per_set[None, :], rule, pairing=pairing)[0]


# -- each ending, by hand -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("per_set", "ending", "verdict"),
    [
        # 3.0517 x 0.00325 = 0.00992 is within ln 1.01 = 0.00995
        (evenly(0.03, 0.00325), Ending.PRECISE, Verdict.REGRESSED),
        (evenly(0.02, 0.00325), Ending.PRECISE, Verdict.SMALL_CHANGE),
        # 3.0517 x 0.005 = 0.01526: 0.0352 - 0.0153 lies above ln 1.02 = 0.0198
        (evenly(0.0352, 0.005), Ending.DECIDED, Verdict.REGRESSED),
        (evenly(-0.0352, 0.005), Ending.DECIDED, Verdict.IMPROVED),
        # one-sided 3.4954 x 0.7071 x 0.005 = 0.01236: 0.007 + 0.0124 is inside the margin
        (evenly(0.007, 0.005), Ending.DECIDED, Verdict.EQUIVALENT),
        # 0.0348 - 0.0153 is not above it: it goes on
        (evenly(0.0348, 0.005), None, Verdict.SMALL_CHANGE),
        # a spread of 7.9 % leaves 4.9 % at the last look: neither precise nor decided
        (evenly(0.0, 0.05), Ending.HOPELESS, Verdict.INCONCLUSIVE),
        # as wide, but 15 % slower: twenty sets would most likely prove it
        (evenly(0.15, 0.05), None, Verdict.INCONCLUSIVE),
        # the same again at the last look
        (evenly(0.02, 0.02, 20), Ending.EXHAUSTED, Verdict.INCONCLUSIVE),
        (np.full(5, math.nan), Ending.MISSING, Verdict.NOT_COMPARABLE),
    ],
)
def test_each_ending_by_hand(per_set: FloatArray, ending: Ending | None, verdict: Verdict) -> None:
    """At a quarter of the error five sets reach 4.3147 standard errors to either side."""
    said = at(per_set)
    assert (said.ending, said.judgement.verdict) == (ending, verdict)
    assert said.judgement.confidence == RULE.spent == 0.9875


def test_what_is_expected_of_the_last_look_is_by_the_spread_seen() -> None:
    """Now 3.0517 x 0.01; at twenty sets a spread of 0.015811 leaves 2.7586 x 0.015811 / 4.4721."""
    said = at(evenly(0.01, 0.01))
    assert said.half == said.uncertainty == pytest.approx(0.030509, abs=1e-6)
    assert said.expected_half == pytest.approx(0.009753, abs=1e-6)
    assert said.ending is None


def test_a_ratio_of_one_set_is_the_least_certain_of_all() -> None:
    """Nothing is known of its spread, so nothing can be said of its chance; it goes on."""
    said = at(np.array([0.5]))
    assert (said.ending, said.half, said.expected_half, said.chance) == (None, None, None, None)
    assert said.uncertainty == math.inf


def test_below_the_least_sets_nothing_ends() -> None:
    """Four sets may agree by chance; of whole processes it takes ten."""
    assert at(evenly(0.0, 1e-5, 4)).ending is None
    assert at(evenly(0.0, 1e-5, 5), Rule(looks=LOOKS["process"]), "process").ending is None
    assert at(evenly(0.0, 1e-5, 10), Rule(looks=LOOKS["process"]), "process").ending is Ending.PRECISE
    assert at(np.array([0.5]), Rule(looks=(1,))).ending is Ending.EXHAUSTED


def test_sets_without_spread_are_precise() -> None:
    said = at(np.zeros(5))
    assert (said.ending, said.half, said.chance) == (Ending.PRECISE, 0.0, None)


def test_who_never_gives_up_goes_on_to_the_last_look() -> None:
    assert at(evenly(0.0, 0.05), NEVER).ending is None
    assert at(evenly(0.0, 0.05, 20), NEVER).ending is Ending.EXHAUSTED


def test_the_target_and_the_margin_are_the_rules() -> None:
    """Asked for less, the same sets do."""
    assert at(evenly(0.03, 0.005), Rule(target=0.016)).ending is Ending.PRECISE
    assert at(evenly(0.03, 0.005), Rule(margin=0.01)).ending is Ending.DECIDED
    assert at(evenly(0.03, 0.005)).ending is None


@pytest.mark.parametrize(("sets", "due"), [(0, 5), (1, 5), (5, 10), (14, 15), (19, 20), (20, None), (31, None)])
def test_the_next_look_is_due_after_so_many_sets(sets: int, due: int | None) -> None:
    assert next_look(sets, LOOKS["round"]) == due


# -- the error that is spent ----------------------------------------------------------------------


@pytest.mark.parametrize("pairing", list(LOOKS))
def test_all_looks_share_the_error_and_hold_together(pairing: str) -> None:
    """However a measurement comes to end: in 20,000 of them fewer than 5 in 100 have any interval that misses."""
    rule = Rule(looks=LOOKS[pairing])
    assert (1 - rule.spent) * len(rule.looks) == pytest.approx(0.05)
    drawn = np.random.default_rng(4).normal(0.0, 1.0, (20000, rule.last))
    missed = np.zeros(20000, dtype=bool)
    for sets in rule.looks:
        seen = drawn[:, :sets]
        half = t_quantile(sets - 1, rule.spent) * seen.std(axis=1, ddof=1) / math.sqrt(sets)
        missed |= np.abs(seen.mean(axis=1)) > half
    assert 0.02 < missed.mean() < 0.045


def stopped(drawn: FloatArray, rule: Rule) -> list[Look]:
    """Measure each row until `rule` ends it, and return the looks it ended with."""
    ended: dict[int, Look] = {}
    for sets in rule.looks:
        left = [row for row in range(drawn.shape[0]) if row not in ended]
        found = look(drawn[left][:, :sets], rule)
        ended |= {row: said for row, said in zip(left, found, strict=True) if said.ending}
    return [ended[row] for row in range(drawn.shape[0])]


@pytest.mark.parametrize("truth", [0.0, 0.02, 0.035])
@pytest.mark.parametrize("spread", [0.006, 0.015])
def test_what_is_told_at_the_end_holds_whatever_ended_it(truth: float, spread: float) -> None:
    """By the rule itself, in 3,000 measurements, at most 5 in 100 intervals miss."""
    drawn = np.random.default_rng(6).normal(truth, spread, (3000, 20))
    ends = [said.judgement for said in stopped(drawn, RULE)]
    missed = sum(not (end.log_low or 0) <= truth <= (end.log_high or 0) for end in ends)
    assert missed / 3000 < 0.045


def test_giving_up_costs_few_differences_that_going_on_would_prove() -> None:
    """Five per cent slower under a spread of 3 %: of a hundred proved in the end, two are given up at most."""
    drawn = np.random.default_rng(9).normal(0.05, 0.03, (2000, 20))
    ends = [stopped(drawn, rule) for rule in (NEVER, RULE)]
    proved = [sum(said.judgement.verdict is Verdict.REGRESSED for said in each) for each in ends]
    assert proved[0] > 1800
    assert proved[1] > 0.98 * proved[0]


def test_giving_up_saves_what_would_come_to_nothing() -> None:
    """A spread of 10 % and no difference: hardly any comes to a verdict, and half of the sets are saved."""
    drawn = np.random.default_rng(10).normal(0.0, 0.1, (500, 20))
    ends = stopped(drawn, RULE)
    assert sum(said.ending is Ending.HOPELESS for said in ends) > 450
    assert np.mean([said.judgement.sets for said in ends]) < 10


# -- the chance -----------------------------------------------------------------------------------


def futures(seen: FloatArray, last: int, count: int = 40000) -> FloatArray:
    """Draw what may follow: a spread and a mean that the sets seen allow, then the sets to come by these."""
    rng = np.random.default_rng(12)
    spread = seen.std(ddof=1) * np.sqrt((seen.size - 1) / rng.chisquare(seen.size - 1, count))
    mean = seen.mean() + spread / math.sqrt(seen.size) * rng.normal(size=count)
    to_come = mean[:, None] + spread[:, None] * rng.normal(size=(count, last - seen.size))
    return np.hstack([np.tile(seen, (count, 1)), to_come])


@pytest.mark.parametrize(
    ("mean", "step", "sets"),
    [(0.0, 0.01, 5), (0.0, 0.015, 5), (0.03, 0.02, 5), (0.05, 0.02, 5), (-0.04, 0.004, 10), (0.01, 0.003, 15)],
)
def test_the_chance_is_the_share_of_futures_that_settle_it(mean: float, step: float, sets: int) -> None:
    """Drawn at random, as many as agree with what was seen; being decided is worked out with the spread seen."""
    seen = evenly(mean, step, sets)
    spread, centre = np.array([seen.std(ddof=1)]), np.array([seen.mean()])
    drawn = futures(seen, RULE.last)
    reach = stats.t.ppf(1 - 0.0125 / 2, 19) / math.sqrt(20)
    precise = float((drawn.std(axis=1, ddof=1) * reach <= math.log(1.01)).mean())
    assert float(_chance_of_precise(spread, np.array([sets]), RULE)[0]) == pytest.approx(precise, abs=0.01)
    means, edge = drawn.mean(axis=1), math.log(1.02)
    inside = edge - stats.t.ppf(1 - 0.0125, 19) / math.sqrt(20) * spread[0]
    beyond = np.abs(means) > edge + reach * spread[0]
    decided = float((beyond | (np.abs(means) < inside)).mean())
    assert float(_chance_of_decided(centre, spread, np.array([sets]), RULE)[0]) == pytest.approx(decided, abs=0.01)
    assert at(seen).chance == pytest.approx(max(precise, decided), abs=0.01)


@given(mean=st.floats(-0.2, 0.2), step=st.floats(1e-4, 0.1), sets=st.integers(2, 19))
def test_the_chance_is_one_and_the_same_for_both_directions(mean: float, step: float, sets: int) -> None:
    there, back = at(evenly(mean, step, sets)), at(-evenly(mean, step, sets))
    assert there.chance is not None
    assert 0 <= there.chance <= 1 + 1e-12
    assert back.chance == pytest.approx(there.chance, abs=1e-9)
    assert back.ending is there.ending


@given(seed=st.integers(0, 10**6))
def test_many_at_once_are_looked_at_as_one_by_one(seed: int) -> None:
    """With gaps and all."""
    rng = np.random.default_rng(seed)
    per_set = rng.normal(0, 0.02, (6, 10)) * rng.choice([0.0, 0.1, 1.0], (6, 1))
    per_set[rng.random((6, 10)) < rng.choice([0.0, 0.4, 0.9])] = math.nan
    together = [(said.ending, said.half, said.chance, said.judgement.verdict) for said in look(per_set)]
    alone = [at(row) for row in per_set]
    assert together == [(said.ending, said.half, said.chance, said.judgement.verdict) for said in alone]
