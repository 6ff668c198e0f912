"""The pure parts of the script that holds grades against errors, and its neighbours, which end when told."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks.calibration import hogs, noise_grade
from benchmarks.calibration.figures import State


def session(
    seen: float, *copies: list[float], load: str = "none", number: int = 0, word: str = "fair"
) -> dict[str, Any]:
    cases = {f"case-{at}": values for at, values in enumerate(copies)}
    return {
        "series": load,
        "number": number,
        "grade": {"seen": seen, "word": word},
        "timed_share": 0.9,
        "copies": cases,
    }


def test_the_error_of_a_session_is_that_of_its_middle_case() -> None:
    """Copies at -1 and 1 % have a standard deviation of 1.41 %, and their ratio is off by 2 %."""
    one = session(0.01, [-0.01, 0.01], [0.0, 0.0], [0.5, -0.5], [])
    assert noise_grade.error_of(one) == pytest.approx(0.02)


def test_grades_that_order_sessions_as_their_errors_do_keep_the_promise() -> None:
    entries = [session(0.01 * at, [0.0, 0.001 * at**2], number=at) for at in range(1, 9)]
    known = noise_grade.figures(entries)
    assert known["rank_correlation"] == pytest.approx(1.0)
    assert noise_grade.promise(known).state is State.KEPT


def test_grades_that_say_nothing_break_it() -> None:
    errors = [5, 1, 4, 2, 3, 5, 2, 4, 1, 3] * 4
    entries = [session(0.01 * (at % 5 + 1), [0.0, 0.001 * error], number=at) for at, error in enumerate(errors)]
    known = noise_grade.figures(entries)
    assert abs(known["rank_correlation"]) < 0.5
    assert noise_grade.promise(known).state is State.BROKEN


def test_sessions_that_are_all_alike_leave_it_open() -> None:
    """Ranks of what differs by chance alone say nothing, in whichever order they are."""
    for sign in (1, -1):
        entries = [session(0.01 + sign * 0.0005 * at, [0.0, 0.005 + 0.0005 * at], number=at) for at in range(8)]
        found = noise_grade.promise(noise_grade.figures(entries))
        assert found.state is State.OPEN
        assert "all too alike, within 1." in found.found
    told = [session(0.01 + 1e-4 * at, [0.0, 0.001 * 2**at], number=at) for at in range(8)]  # grades alike, errors not
    assert noise_grade.figures(told)["span"] > noise_grade.SPAN


def test_too_few_sessions_leave_it_open() -> None:
    entries = [session(0.01, [0.0, 0.001]), session(0.02, [0.0, 0.002])]
    assert noise_grade.promise(noise_grade.figures(entries)).state is State.OPEN
    assert noise_grade.promise(noise_grade.figures([{**session(0.01), "grade": None}])).state is State.OPEN


def test_what_is_told_of_each_neighbour() -> None:
    entries = [session(0.01, [0.0, 0.001]), session(0.03, [0.0, 0.003], load="memory", word="noisy")]
    lines = list(noise_grade.sentences(noise_grade.figures(entries)))
    assert len(lines) == 2
    assert "3.00 % could be seen, copies were wrong by  0.30 %; 1 noisy" in lines[1]


def test_a_series_goes_on_where_it_ended() -> None:
    loads = ["none", "memory"]
    everything = list(noise_grade.missing([], loads, 2, seed=1))
    assert sorted(everything) == [("memory", 0), ("memory", 1), ("none", 0), ("none", 1)]
    assert {number for _, number in everything[:2]} == {0}
    done = [{"series": load, "number": number} for load, number in everything[:3]]
    assert list(noise_grade.missing(done, loads, 2, seed=1)) == everything[3:]


def test_where_each_copy_lies_beside_the_others() -> None:
    import pandas as pd

    rows = [
        {"set": at, "round": turn, "label": label, "wall_ns": 100 * pace * factor, "inner": 2}
        for at, ratio in ((0, 2.0), (1, 8.0))
        for turn, pace in enumerate((1.0, 7.0, 3.0))  # of the whole machine: it falls on all alike
        for label, factor in (("b", 1.0), ("c", ratio))
    ]
    assert noise_grade.places(pd.DataFrame(rows)) == pytest.approx([-math.log(2), math.log(2)])


def test_bursts_are_the_same_for_the_same_seed() -> None:
    first, second = (list(islice(hogs.bursts(3), 20)) for _ in range(2))
    assert first == second
    assert {name for name, _, _ in first} == set(hogs.WORKS)
    assert all(hogs.SHORTEST_S <= part <= hogs.LONGEST_S for _, *both in first for part in both)


def test_every_kind_of_neighbour_has_its_work() -> None:
    assert set(hogs.works()) == set(hogs.WORKS)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="nobody can be pinned here")
def test_a_neighbour_ends_when_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with hogs.hog("scalar", cpu=max(os.sched_getaffinity(0)), seed=1) as number:
        assert number is not None
        os.kill(number, 0)  # it is there
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    with hogs.hog(hogs.NONE, cpu=0, seed=1) as nobody:
        assert nobody is None


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="neighbours are pinned to processors")
def test_a_crowd_has_a_neighbour_on_every_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int, int]] = []

    @contextmanager
    def stand_in(kind: str, cpu: int, seed: int) -> Iterator[int]:
        asked.append((kind, cpu, seed))
        yield 40 + cpu

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 3, 5})
    monkeypatch.setattr(hogs, "_process", stand_in)
    with hogs.hog(hogs.CROWD, cpu=5, seed=1) as number:
        assert number == 45
    assert asked == [("bursts", 2, 4), ("bursts", 3, 5), ("bursts", 5, 1)]
