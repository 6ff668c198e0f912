"""A series of sessions: kept at once, gone on with, and honest about who else was at work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from benchmarks.calibration import common, others
from benchmarks.calibration.figures import State
from benchmarks.calibration.keep import Entry, Journal, KeepError
from benchmarks.calibration.load import LONGEST_S, SHORTEST_S, periods
from benchmarks.calibration.others import Reading, between


def entry(number: int, series: str = "quiet", **more: Any) -> Entry:
    return {"series": series, "number": number, "shape": {"sets": 5}, **more}


# -- the journal ----------------------------------------------------------------------------------


def test_sessions_come_back_in_their_order_each_series_for_itself(tmp_path: Path) -> None:
    journal = Journal(tmp_path, script="aa")
    for number, series in enumerate(("quiet", "load", "quiet")):
        journal.add(entry(number, series))
    assert [each["number"] for each in journal.read("quiet")] == [0, 2]
    assert [each["number"] for each in Journal(tmp_path, script="aa").read("load")] == [1]


@pytest.mark.parametrize("rest", ["{", '{"script": "aa", "series": "quiet"', '{"script": "aa", "series": "quiet"}'])
def test_a_line_that_was_cut_short_is_a_session_that_never_ended(tmp_path: Path, rest: str) -> None:
    journal = Journal(tmp_path, script="aa")
    journal.add(entry(0))
    path = tmp_path / "journal.jsonl"
    path.write_text(path.read_text("utf-8") + rest, encoding="utf-8")
    assert [each["number"] for each in journal.read("quiet")] == [0]
    journal.add(entry(1))
    assert [each["number"] for each in journal.read("quiet")] == [0, 1]
    assert len(path.read_text("utf-8").splitlines()) == 2


def test_a_damaged_line_is_named_and_nothing_is_guessed(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text("[1]\n", encoding="utf-8")
    with pytest.raises(KeepError, match=r"journal\.jsonl, line 1: not a session"):
        Journal(tmp_path, script="aa").read("quiet")


def test_a_folder_of_another_script_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path, script="aa").add(entry(0))
    with pytest.raises(KeepError, match="belongs to aa, not to nights"):
        Journal(tmp_path, script="nights").read("quiet")


def test_what_is_no_number_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Journal(tmp_path, script="aa").add(entry(0, log=float("nan")))
    assert not (tmp_path / "journal.jsonl").exists()


# -- going on -------------------------------------------------------------------------------------


def options(folder: Path, **more: Any) -> common.Options:
    known: dict[str, Any] = {"keep": folder, "series": "quiet", "minutes": None, "seed": 1}
    return common.Options(**{**known, "quick": True, "tell": False, "json": False, **more})


def go_on(folder: Path, measured: list[int], *, stop_at: int | None = None, **more: Any) -> Sequence[Entry]:
    def session(number: int) -> Entry:
        if number == stop_at:
            raise KeyboardInterrupt
        measured.append(number)
        return {"found": number}

    shape = more.pop("shape", {"sets": 5})
    journal = Journal(folder, script="aa")
    return common.go_on(journal, options(folder, **more), shape, session, common.first(4))


def test_a_series_that_was_cut_short_goes_on_where_it_ended(tmp_path: Path) -> None:
    measured: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        go_on(tmp_path, measured, stop_at=2)
    entries = go_on(tmp_path, measured)
    assert measured == [0, 1, 2, 3]
    assert [each["found"] for each in entries] == [0, 1, 2, 3]
    assert go_on(tmp_path, measured) == entries
    assert measured == [0, 1, 2, 3]


def test_each_session_says_what_the_machine_was_like(tmp_path: Path) -> None:
    (first, *_) = go_on(tmp_path, [])
    assert set(first["meanwhile"]) == {"foreign", "steal", "load_before", "load_after", "quiet"}
    assert first["wall_s"] >= 0
    assert first["load_cpu_s"] == 0.0


def test_sessions_of_another_size_are_not_mixed(tmp_path: Path) -> None:
    go_on(tmp_path, [])
    with pytest.raises(KeepError, match="another size"):
        go_on(tmp_path, [], shape={"sets": 20})


def test_no_time_and_only_telling_measure_nothing(tmp_path: Path) -> None:
    measured: list[int] = []
    assert go_on(tmp_path, measured, tell=True) == []
    assert go_on(tmp_path, measured, minutes=0.0) == []
    assert measured == []


def test_seeds_differ_from_session_to_session_and_part_to_part_and_come_again(tmp_path: Path) -> None:
    known = options(tmp_path)
    seeds = [common.seed_of(known, number, part) for number in range(200) for part in range(3)]
    assert len(set(seeds)) == len(seeds)
    assert common.seed_of(known, 7, 2) == common.seed_of(options(tmp_path), 7, 2)


def test_what_is_wrong_is_one_sentence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def script() -> Any:
        raise KeepError("name another --keep")

    monkeypatch.setenv("PYTHONPATH", "")
    assert common.run_script(script) == 2
    assert capsys.readouterr().err == "name another --keep\n"


def test_an_interruption_says_that_nothing_is_lost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def script() -> Any:
        raise KeyboardInterrupt

    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    assert common.run_script(script) == 130
    assert "call again to go on" in capsys.readouterr().err


# -- who else was at work -------------------------------------------------------------------------


def reading(wall_s: float, ours_s: float, busy_s: float | None, steal_s: float | None = 0.0) -> Reading:
    return Reading(wall_s=wall_s, ours_s=ours_s, busy_s=busy_s, steal_s=steal_s, load=1.5)


def test_what_was_neither_ours_nor_our_loads_is_somebody_elses() -> None:
    found = between(reading(0, 10, 100), reading(50, 40, 150, 2.0), processors=2, helper_s=15.0)
    assert found.foreign == pytest.approx((50 - 30 - 15) / 100)
    assert found.steal == pytest.approx(0.02)
    assert found.quiet is True
    assert between(reading(0, 10, 100), reading(50, 40, 150), processors=2).quiet is False


def test_where_the_system_tells_nothing_quiet_is_unknown() -> None:
    found = between(reading(0, 0, None, None), reading(1, 0, None, None), processors=2)
    assert (found.foreign, found.steal, found.quiet) == (None, None, None)


def test_ticks_rounded_against_us_are_no_negative_share() -> None:
    assert between(reading(0, 0, 0), reading(1, 0.5, 0.49), processors=1).foreign == 0.0


def test_the_systems_totals_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "_ticks", lambda: 100)
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/stat").write_text("cpu  100 20 30 4000 500 6 7 80 0 0\ncpu0 1 2 3\n", encoding="ascii")
    (tmp_path / "proc/loadavg").write_text("0.25 0.5 0.75 1/99 1234\n", encoding="ascii")
    (tmp_path / "proc/7/stat").write_text("7 (a b) c) S 1 7 7 0 -1 4 0 0 0 0 250 50 0 0 20\n", encoding="ascii")
    found = others.read(tmp_path)
    assert (found.busy_s, found.steal_s, found.load) == pytest.approx((1.63, 0.8, 0.25))
    assert others.cpu_s_of(7, tmp_path) == pytest.approx(3.0)
    assert others.cpu_s_of(8, tmp_path) == 0.0


def test_a_system_without_such_files_is_read_all_the_same(tmp_path: Path) -> None:
    found = others.read(tmp_path)
    assert (found.busy_s, found.steal_s, found.load) == (None, None, None)


@pytest.mark.parametrize(
    ("quiet", "state"),
    [
        ([True] * 10, State.KEPT),
        ([True] * 9 + [False], State.KEPT),
        ([True] * 8 + [False] * 2, State.OPEN),
        ([True] * 9 + [None], State.OPEN),
        ([], State.OPEN),
    ],
)
def test_a_series_is_called_quiet_where_hardly_a_session_was_disturbed(quiet: list[bool | None], state: State) -> None:
    entries = [{"meanwhile": {"quiet": each}} for each in quiet]
    (promise,) = common.quiet_promise(entries, "quiet")
    assert promise.state is state
    assert common.quiet_promise(entries, "load") == []


# -- the load -------------------------------------------------------------------------------------


def test_the_load_comes_and_goes_at_seeded_times() -> None:
    found = list(islice(periods(3), 200))
    assert found == list(islice(periods(3), 200))
    assert found != list(islice(periods(4), 200))
    assert all(SHORTEST_S <= each <= LONGEST_S for period in found for each in (period.on_s, period.off_s))
    assert {period.copies for period in found} == {True, False}


def test_the_load_wants_a_processor_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "allowed", lambda: [3])
    with pytest.raises(KeepError, match="needs two"):
        go_on(tmp_path, [], series="load")


# -- what is printed ------------------------------------------------------------------------------


def test_json_has_the_figures_and_the_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    promised = common.quiet_promise([], "quiet")
    code = common.tell(options(tmp_path, quick=False, json=True), {"counts": [1]}, ["a sentence"], promised)
    document = json.loads(capsys.readouterr().out)
    assert code == 4
    assert document["counts"] == [1]
    assert [each["state"] for each in document["promises"]] == ["open"]


def test_tiny_sessions_judge_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert common.tell(options(tmp_path), {}, ["a sentence"], common.quiet_promise([], "quiet")) == 0
    assert capsys.readouterr().out == "a sentence\n"
