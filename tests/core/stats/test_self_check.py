"""The reference against itself: a hair's breadth is no alarm, a difference that matters is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.estimate import TOLERATED, agree


@pytest.mark.parametrize(
    ("low", "high", "fine"),
    [
        (0.98, 1.02, True),  # it cannot tell them apart, however wide
        (1.0002, 1.002, True),  # sure, and of no size
        (1.0002, 1.02, False),  # sure, and perhaps of some size
        (1.05, 1.06, False),
        (0.94, 0.95, False),
    ],
)
def test_two_copies_agree_unless_they_surely_differ_by_what_matters(low: float, high: float, *, fine: bool) -> None:
    assert agree(math.log(low), math.log(high)) is fine


@given(low=st.floats(-1, 1), width=st.floats(0, 1))
def test_which_copy_comes_first_does_not_matter(low: float, width: float) -> None:
    assert agree(low, low + width) == agree(-low - width, -low)


def test_the_tolerance_is_smaller_than_any_verdict() -> None:
    assert TOLERATED < 0.02
