"""Classes of arms: nobody is put behind another without proof."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stats.compare import Ratio, Status
from harness.stats.order import tie_classes

SPEEDS = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-3, 3), min_size=1, max_size=8)


def by(logs: Mapping[str, float], half: float) -> Callable[[str, str], Ratio]:
    """Ratios of arms whose times are known as logarithms, each within `half`."""

    def ratio(a: str, b: str) -> Ratio:
        log = logs[b] - logs[a]
        status = Status.TIE if abs(log) <= half else Status.FASTER if log < 0 else Status.SLOWER
        return Ratio(log=log, log_low=log - half, log_high=log + half, sets=5, pairs=150, status=status)

    return ratio


def test_what_cannot_be_told_apart_shares_a_class() -> None:
    """Medians would make four places of these; two is all that was proved."""
    ratio = by({"a": 0.3, "b": 0.0, "c": 0.05, "d": 0.35}, half=0.1)
    assert tie_classes(["a", "b", "c", "d"], ratio) == (("b", "c"), ("a", "d"))


def test_the_leader_decides_who_belongs_to_a_class() -> None:
    """Each is tied with the next, and the last is proved slower than the first: a chain is no class."""
    ratio = by({"a": 0.0, "b": 0.08, "c": 0.16}, half=0.1)
    assert tie_classes(["c", "b", "a"], ratio) == (("a", "b"), ("c",))


def test_an_arm_that_met_nobody_is_behind_nobody() -> None:
    """Not to be compared is no proof of anything."""
    known = by({"a": 0.0, "b": 0.5}, half=0.1)
    nothing = Ratio(log=None, log_low=None, log_high=None, sets=0, pairs=0, status=Status.NOT_COMPARABLE)
    classes = tie_classes(["a", "x", "b"], lambda a, b: nothing if "x" in (a, b) else known(a, b))
    assert classes == (("a", "x"), ("b",))


def test_where_pairs_do_not_agree_the_one_ahead_of_most_leads() -> None:
    """Ratios of different rounds may run in a circle; a class is still made, and everybody is in it."""
    ahead = {("a", "b"), ("b", "c"), ("c", "a"), ("a", "d"), ("b", "d"), ("c", "d")}

    def ratio(a: str, b: str) -> Ratio:
        log = 0.01 if (a, b) in ahead else -0.01
        return Ratio(log=log, log_low=log - 1, log_high=log + 1, sets=5, pairs=9, status=Status.TIE)

    assert tie_classes("abcd", ratio)[0][0] in "abc"
    assert sorted(tie_classes("abcd", ratio)[0]) == ["a", "b", "c", "d"]


def test_nobody_is_no_class() -> None:
    assert tie_classes([], by({}, 0.1)) == ()


@given(logs=SPEEDS, half=st.floats(0, 1))
def test_whoever_is_in_a_later_class_is_proved_slower_than_every_leader_before(
    logs: dict[str, float], half: float
) -> None:
    """And everybody stands somewhere, once."""
    ratio = by(logs, half)
    classes = tie_classes(sorted(logs), ratio)
    assert sorted(arm for each in classes for arm in each) == sorted(logs)
    for place, each in enumerate(classes):
        for arm in each:
            assert all(ratio(before[0], arm).status is Status.SLOWER for before in classes[:place])
            assert ratio(each[0], arm).status is not Status.SLOWER


@pytest.mark.parametrize("half", [0.0, 0.1, 1.0])
def test_the_order_in_which_arms_are_named_does_not_matter(half: float) -> None:
    logs = {"a": 0.3, "b": 0.0, "c": 0.05, "d": 0.9}
    assert len({tie_classes(named, by(logs, half)) for named in permutations("abcd")}) == 1
