"""A block is long enough, not longer than it may be, and chosen by the quietest trial."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.measure.calibrate import LEAST_BLOCK_NS, MOST_BLOCK_NS, MOST_INNER, calibrate


@given(call_ns=st.integers(1, 10**10), fixed_ns=st.integers(0, 10**6))
def test_blocks_last_between_the_least_and_the_most(call_ns: int, fixed_ns: int) -> None:
    found = calibrate(lambda inner: fixed_ns + inner * call_ns)
    block = fixed_ns + found.inner * call_ns
    assert block >= LEAST_BLOCK_NS or found.inner == MOST_INNER
    assert found.inner == 1 or found.inner * found.call_ns <= MOST_BLOCK_NS


def test_one_slow_trial_does_not_choose_the_block() -> None:
    trials = iter([20_000_000, *[100_000] * 4])
    found = calibrate(lambda inner: next(trials, inner * 100_000))
    assert found.inner == 55


def test_a_long_call_is_not_tried_five_times() -> None:
    tried: list[int] = []

    def time_block(inner: int) -> int:
        tried.append(inner)
        return 3_000_000_000

    found = calibrate(time_block)
    assert (found.inner, tried) == (1, [1])


def test_a_call_that_a_neighbour_makes_long_is_tried_until_it_is_seen_to_be_short() -> None:
    """Nothing foretells that a single call lasts as long as a block, so five slow trials are not believed."""
    trials = iter([8_000_000] * 9 + [25_000])
    found = calibrate(lambda inner: next(trials, inner * 25_000))
    assert found.inner == 220


def test_a_block_that_lasts_as_foretold_is_tried_no_more_than_five_times() -> None:
    tried: list[int] = []

    def time_block(inner: int) -> int:
        tried.append(inner)
        return inner * 1_000_000

    assert calibrate(time_block).inner == 6
    assert tried == [1] * 5 + [6] * 5


def test_a_call_that_is_truly_long_costs_no_more_than_a_few_blocks() -> None:
    tried: list[int] = []

    def time_block(inner: int) -> int:
        tried.append(inner)
        return 10_000_000

    assert calibrate(time_block).inner == 1
    assert len(tried) == 8
