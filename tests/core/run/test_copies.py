"""Which blocks grade a session: A and A' where they are, two arms where they are not."""

from __future__ import annotations

import math

import numpy as np

from harness.run.copies import Copies, logs_of
from harness.store.record import Sample
from tests.core.run.test_noise import sample


def rounds(wall_ns: int, **columns: object) -> list[Sample]:
    """Five process-sets of five rounds; the time of each set is a little longer than that of the one before."""
    return [
        sample(**{"set": number, "round": turn, "wall_ns": wall_ns * (100 + number), **columns})
        for number in range(5)
        for turn in range(5)
    ]


def noisy(wall_ns: int, **columns: object) -> list[Sample]:
    return [
        sample(**{"set": number, "round": turn, "wall_ns": wall_ns * (100 + 30 * (number % 2)), **columns})
        for number in range(5)
        for turn in range(5)
    ]


def word(*samples: list[Sample]) -> tuple[str, str] | None:
    found = Copies()
    for number in range(5):
        found.take([one for blocks in samples for one in blocks if one.set == number])
    grade = found.grade([])
    return (grade["word"], grade["basis"]) if grade else None


def test_a_reference_and_its_copy() -> None:
    assert word(rounds(1000), rounds(1000, replica=1)) == ("quiet", "self-check")


def test_another_arm_is_not_looked_at_where_there_is_a_copy() -> None:
    other = noisy(1000, target="b@cpu")
    assert word(rounds(1000), rounds(1000, replica=1), other) == ("quiet", "self-check")


def test_two_arms_stand_in_for_copies_however_different_they_are() -> None:
    assert word(rounds(1000), rounds(7000, target="b@cpu")) == ("quiet", "two arms")
    assert word(rounds(1000), noisy(7000, target="b@cpu")) == ("unusable", "two arms")


def test_a_case_without_a_copy_does_not_count_beside_one_that_has_one() -> None:
    bad = [rounds(1000, case_key="other"), noisy(1000, case_key="other", target="b@cpu")]
    assert word(rounds(1000), rounds(1000, replica=1), *bad) == ("quiet", "self-check")


def test_numbers_of_threads_are_copies_each_of_their_own() -> None:
    arms = [rounds(1000 * at, label=f"{at}-threads", replica=replica) for at in (1, 2) for replica in (0, 1)]
    assert word(*arms) == ("quiet", "self-check")


def test_nothing_is_said_of_one_arm_or_of_single_calls() -> None:
    assert word(rounds(1000)) is None
    assert word(rounds(1000, quantity="latency"), rounds(1000, quantity="latency", replica=1)) is None


def test_what_could_be_seen_is_at_the_confidence_of_the_ratios_of_the_run() -> None:
    grades = []
    for told in (None, 0.9875):
        found = Copies(confidence=told)
        found.take([*noisy(1000), *rounds(1000, replica=1)])
        grades.append(found.grade([]) or {})
    assert [grade["confidence"] for grade in grades] == [0.95, 0.9875]
    assert grades[1]["seen"] > grades[0]["seen"] > 0


def test_blocks_are_laid_out_by_set_and_round() -> None:
    first = [sample(set=3, round=0, wall_ns=200, inner=2), sample(set=5, round=2, wall_ns=100)]
    second = [sample(set=3, round=0, wall_ns=300), sample(set=5, round=2, wall_ns=50), sample(set=6, round=0)]
    found = logs_of(first, second)
    np.testing.assert_allclose(found, [[math.log(3), np.nan, np.nan], [np.nan, np.nan, -math.log(2)]])
    assert logs_of(first, []).size == 0
