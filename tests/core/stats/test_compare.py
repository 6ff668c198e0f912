"""Ratios of arms: checked against SciPy, swapped, rescaled, and starved of data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.compare import Blocks, Ratio, Status, compare_many, compare_pair, cube_of
from harness.stats.estimate import FloatArray


def blocks(times: FloatArray, *, rounds: int = 30) -> Blocks:
    """Lay `times` out as sets of so many rounds."""
    at = np.arange(times.size)
    return Blocks(set=at // rounds, round=at % rounds, per_call_s=times)


def session(
    ratio: float, *, sets: int = 5, rounds: int = 30, seed: int = 0, noise: float = 0.01
) -> tuple[Blocks, Blocks]:
    """Two arms on a machine whose speed wanders by a factor of two: what only pairing sees through."""
    rng = np.random.default_rng(seed)
    machine = np.exp(rng.normal(0, 0.7, sets * rounds))
    a = 1e-3 * machine * np.exp(rng.normal(0, noise, sets * rounds))
    b = 1e-3 * ratio * machine * np.exp(rng.normal(0, noise, sets * rounds))
    return blocks(a, rounds=rounds), blocks(b, rounds=rounds)


def test_pairing_sees_through_a_machine_that_wanders() -> None:
    """Three per cent is found although the machine's speed changes by a factor of two between rounds."""
    found = compare_pair(*session(1.03))
    assert found.status is Status.SLOWER
    assert found.ratio == pytest.approx(1.03, abs=0.005)
    assert (found.sets, found.pairs) == (5, 150)


def test_the_interval_is_students_over_sets() -> None:
    """The oracle is SciPy's paired test on medians of sets, computed by a loop."""
    a, b = session(1.01, noise=0.05)
    logs = np.log(b.per_call_s / a.per_call_s)
    medians = [np.median(logs[a.set == index]) for index in range(5)]
    oracle = stats.ttest_1samp(medians, 0.0)
    interval = oracle.confidence_interval(0.95)
    found = compare_pair(a, b)
    assert found.log == pytest.approx(np.mean(medians), rel=1e-9)
    assert (found.log_low, found.log_high) == pytest.approx((interval.low, interval.high))
    assert (found.status is Status.TIE) == (oracle.pvalue >= 0.05)


def test_the_interval_is_as_sure_as_it_is_asked_to_be() -> None:
    """What is a difference at 95 % need not be one at the error that is left to a run of four looks."""
    a, b = session(1.0035)
    medians = [np.median(np.log(b.per_call_s / a.per_call_s)[a.set == index]) for index in range(5)]
    interval = stats.ttest_1samp(medians, 0.0).confidence_interval(0.9875)
    usual, surer = compare_pair(a, b), compare_pair(a, b, confidence=0.9875)
    assert (surer.log_low, surer.log_high) == pytest.approx((interval.low, interval.high))
    assert (usual.log, usual.status, surer.status) == (surer.log, Status.SLOWER, Status.TIE)


@given(ratio=st.floats(0.5, 2.0), sets=st.integers(1, 7), rounds=st.integers(1, 6), seed=st.integers(0, 999))
def test_swapping_the_arms_inverts_the_ratio_exactly(ratio: float, sets: int, rounds: int, seed: int) -> None:
    """To the last bit, and the verdict turns round."""
    a, b = session(ratio, sets=sets, rounds=rounds, seed=seed)
    one, other = compare_pair(a, b), compare_pair(b, a)
    assert one.log is not None
    assert one.log == -(other.log or 0.0)
    assert (one.log_low, one.log_high) == (negated(other.log_high), negated(other.log_low))
    turned = {Status.FASTER: Status.SLOWER, Status.SLOWER: Status.FASTER}
    assert other.status is turned.get(one.status, one.status)


def negated(value: float | None) -> float | None:
    """Return -`value`, where there is one."""
    return None if value is None else -value


@given(factor=st.floats(1e-6, 1e6), seed=st.integers(0, 99))
def test_units_do_not_matter(factor: float, seed: int) -> None:
    """A ratio of times has no unit."""
    a, b = session(1.1, rounds=5, seed=seed)
    scaled = [Blocks(set=one.set, round=one.round, per_call_s=one.per_call_s * factor) for one in (a, b)]
    assert compare_pair(*scaled).log == pytest.approx(compare_pair(a, b).log, abs=1e-9)


@given(seed=st.integers(0, 99), rounds=st.integers(1, 5))
def test_the_order_of_rows_does_not_matter(seed: int, rounds: int) -> None:
    """Nor where set numbers begin."""
    a, b = session(1.1, rounds=rounds, seed=seed)
    order = np.random.default_rng(seed).permutation(b.set.size)
    shuffled = Blocks(set=b.set[order] + 3, round=b.round[order], per_call_s=b.per_call_s[order])
    moved = Blocks(set=a.set + 3, round=a.round, per_call_s=a.per_call_s)
    assert compare_pair(moved, shuffled) == compare_pair(a, b)


def test_an_arm_ties_with_itself() -> None:
    """A difference of nothing is a tie, not a victory."""
    a, _ = session(1.0)
    found = compare_pair(a, a)
    assert (found.ratio, found.low, found.high, found.status) == (1.0, 1.0, 1.0, Status.TIE)


@pytest.mark.parametrize(("sets", "pairing"), [(1, "round"), (4, "round"), (9, "process")])
def test_too_few_sets_give_no_verdict(sets: int, pairing: str) -> None:
    """However large the difference is."""
    found = compare_pair(*session(3.0, sets=sets), pairing=pairing)
    assert found.status is Status.INDICATIVE
    assert found.ratio == pytest.approx(3.0, rel=0.5 if pairing == "process" else 0.02)


def test_one_set_has_a_ratio_without_an_interval() -> None:
    """Blocks within one process are no substitute for processes."""
    found = compare_pair(*session(2.0, sets=1))
    assert (found.low, found.high, found.covers_one, found.detectable) == (None, None, None, None)


def test_whole_processes_are_compared_by_their_medians() -> None:
    """Round 3 of one process has nothing to do with round 3 of another."""
    a, b = session(2.0, sets=10, rounds=9)
    order = np.random.default_rng(5).permutation(9)
    mixed = Blocks(set=b.set, round=order[b.round], per_call_s=b.per_call_s)
    assert compare_pair(a, b, pairing="process") == compare_pair(a, mixed, pairing="process")
    assert compare_pair(a, b, pairing="process").status is Status.SLOWER


def test_only_blocks_that_share_set_and_round_are_pairs() -> None:
    """An arm that lost rounds is compared where it was there, and the others cost it nothing."""
    a, b = session(1.5)
    kept = (b.set != 2) & (b.round % 2 == 0)
    found = compare_pair(a, Blocks(set=b.set[kept], round=b.round[kept], per_call_s=b.per_call_s[kept]))
    assert (found.sets, found.pairs, found.status) == (4, 60, Status.INDICATIVE)


def test_arms_that_never_met_are_not_comparable() -> None:
    """Nothing in common is not a ratio of 1."""
    a, b = session(1.0)
    found = compare_pair(a, Blocks(set=b.set + 100, round=b.round, per_call_s=b.per_call_s))
    assert found == Ratio(log=None, log_low=None, log_high=None, sets=0, pairs=0, status=Status.NOT_COMPARABLE)


def test_many_pairs_at_once_say_what_each_says_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cube is a way to be fast, not another statistic; nor do its portions matter."""
    monkeypatch.setattr("harness.stats.compare.PAIRS_AT_ONCE", 2)
    arms = [session(1 + index / 50, seed=index)[1] for index in range(4)]
    arms[3] = Blocks(set=arms[3].set[:70], round=arms[3].round[:70], per_call_s=arms[3].per_call_s[:70])
    lengths = [arm.set.size for arm in arms]
    cube = cube_of(
        np.repeat(np.arange(4), lengths),
        np.concatenate([arm.set for arm in arms]),
        np.concatenate([arm.round for arm in arms]),
        np.concatenate([arm.per_call_s for arm in arms]),
        arms=4,
    )
    pairs = [(0, 1), (2, 1), (0, 3), (3, 3), (1, 2)]
    assert compare_many(cube, pairs).ratios == tuple(compare_pair(arms[a], arms[b]) for a, b in pairs)


def test_no_pairs_are_no_ratios() -> None:
    """A run in which nothing was measured is still a run."""
    found = compare_many(cube_of(np.array([], int), np.array([], int), np.array([], int), np.array([]), arms=0), [])
    assert (found.ratios, found.per_set.shape[0]) == ((), 0)


def test_what_is_detectable_is_the_half_width() -> None:
    """As a share of the time."""
    found = Ratio(log=0.0, log_low=-0.02, log_high=0.02, sets=5, pairs=150, status=Status.TIE)
    assert found.detectable == pytest.approx(0.0202, abs=1e-4)


def test_identical_arms_are_called_different_as_rarely_as_promised() -> None:
    """Over a thousand sessions of two identical arms, five in a hundred."""
    rng = np.random.default_rng(3)
    cube = rng.normal(0, 0.02, (2000, 5, 1)) + rng.normal(0, 0.01, (2000, 5, 8))
    found = compare_many(cube, [(2 * index, 2 * index + 1) for index in range(1000)])
    false = sum(ratio.status is not Status.TIE for ratio in found.ratios)
    assert 30 <= false <= 70
