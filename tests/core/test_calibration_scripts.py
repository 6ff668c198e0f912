"""The scripts' own figures, on made-up sessions with exact numbers; and that what is planted is really done."""

from __future__ import annotations

import argparse
import importlib
import json
import math
import re
import shlex
import sys
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.calibration import (
    aa,
    common,
    hogs,
    nights,
    noise_grade,
    peers,
    planted,
    power,
    replay,
    run_to_run,
    simulate,
    tools,
)
from benchmarks.calibration.figures import State
from benchmarks.calibration.keep import Entry, Journal, KeepError
from benchmarks.calibration.measuring import Pair, flagged, found, judged, only, pairs_suite, read_pair, twins
from benchmarks.calibration.replay import Effects
from harness.backends.numpy import NumPy
from harness.backends.registry import find_backend
from harness.core.device import Device
from harness.run.plan import make_plan
from harness.workloads.matmul import Matmul

AROUND = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])  # sd 1.58: half of the interval of five is 1.96 times the step


def pair(centre: float, step: float = 0.001, case: str = "c", sets: int = 5) -> Pair:
    logs = np.resize(AROUND, sets) * step + math.log1p(centre)
    return Pair(case=case, key=case, per_set=tuple(float(value) for value in logs), inner=100)


# -- pairs ----------------------------------------------------------------------------------------


def test_found_and_flagged_are_different_things() -> None:
    same, small, large, lost = pair(0), pair(0.01), pair(0.05), Pair(case="l", key="l", per_set=(), inner=0, lost="x")
    all_of_them = [same, small, large, lost]
    assert found(all_of_them) == [small, large]
    assert flagged(all_of_them) == [large]
    assert len(judged(all_of_them)) == 3
    assert judged([lost]) == []


def test_pairs_with_fewer_sets_stand_beside_those_with_more() -> None:
    sets = [one.sets for one in judged([pair(0, sets=5), pair(0, sets=20)])]
    assert sets == [5, 20]


def test_a_pair_comes_back_as_it_was_kept() -> None:
    lost = Pair(case="l", key="l", per_set=(), inner=0, lost="b is failed: crashed")
    for one in (pair(0.01), lost):
        assert read_pair(one.plain()) == one


def test_what_was_flagged_is_measured_again_alone_on_the_same_two_arms() -> None:
    suite = pairs_suite("x", aa.cases(), twins("numpy@cpu"), threads=1, seed=5)
    chosen = suite.cases[3]
    again = only(suite, [Pair(case=chosen.name, key=chosen.key, per_set=(), inner=0)], seed=6)
    assert [case.name for case in again.cases] == [chosen.name]
    assert [target.label for target in again.targets or ()] == ["a", "b"]
    assert (again.measure.seed, again.measure.threads) == (6, 1)


# -- A/A ------------------------------------------------------------------------------------------


def aa_entry(pairs: list[Pair], again: list[Pair], alarm: bool = False) -> dict[str, Any]:
    alarms = dict.fromkeys(peers.SEQUENTIAL, alarm)
    return {
        "pairs": [each.plain() for each in pairs],
        "again": [each.plain() for each in again],
        "in_turn": {each.key: dict.fromkeys(peers.SEQUENTIAL, False) for each in pairs},
        "sequential": {pairs[0].key: {"a": [[1.0]], "b": [[1.0]], "alarms": alarms}},
        "wall_s": 60.0,
        "meanwhile": {"quiet": True},
    }


def test_only_what_fresh_processes_say_too_is_raised() -> None:
    refuted = aa_entry([pair(0.05, case="x"), pair(0.0, case="y")], [pair(0.0, case="x")], alarm=True)
    raised = aa_entry([pair(0.05, case="x"), pair(0.01, case="y")], [pair(0.05, case="x", sets=10)])
    counts = aa.figures([refuted, raised])["counts"]
    assert counts["raw"] == [(1, 2), (2, 2)]
    assert counts["flagged"] == [(1, 2), (1, 2)]
    assert counts["raised"] == [(0, 2), (1, 2)]
    assert counts["unconfirmed"] == [(0, 1), (0, 1)]
    assert aa.comparisons([refuted, raised]) == 4


def test_what_could_not_be_compared_is_counted_apart() -> None:
    lost = Pair(case="l", key="l", per_set=(), inner=0, lost="b is invalid: V4")
    known = aa.figures([aa_entry([pair(0.05, case="x"), lost], [lost])])
    assert known["counts"]["lost"] == [(1, 2)]
    assert known["counts"]["unconfirmed"] == [(1, 1)]
    assert known["counts"]["raised"] == [(0, 1)]


def test_the_other_tools_stand_beside_it() -> None:
    entries = [aa_entry([pair(0.0, case="x"), pair(0.0, case="y")], [], alarm=True)]
    known = aa.figures(entries)
    assert known["sequential"]["pyperf"] == [(1, 1)]
    assert known["in_turn"]["pyperf"] == [(0, 2)]
    text = "\n".join(aa.sentences(entries, known, "quiet"))
    assert "  pyperf: 0 of 2 (0 %; 0 % to 84.2 %); 1 of 1 (100 %; 2.5 % to 100 %)" in text


def test_four_hundred_quiet_comparisons_keep_the_promises_and_one_alarm_breaks_them() -> None:
    quiet = [aa_entry([pair(0.0, case=str(number)) for number in range(12)], []) for _ in range(34)]
    assert {each.state for each in aa.promises(quiet, aa.figures(quiet), "quiet")} == {State.KEPT}
    alarm = aa_entry([pair(0.05, case="x")], [pair(0.05, case="x", sets=10)])
    states = [each.state for each in aa.promises([*quiet, alarm], aa.figures([*quiet, alarm]), "quiet")]
    assert states == [State.KEPT, State.BROKEN, State.KEPT]
    states = [each.state for each in aa.promises(quiet[:3], aa.figures(quiet[:3]), "quiet")]
    assert states == [State.OPEN, State.OPEN, State.KEPT]


def told(monkeypatch: pytest.MonkeyPatch, script: Any, *words: object) -> int:
    """Call a script with these words, and return how it ends."""
    monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, words)])
    return int(script.main())


def keep(folder: Path, *entries: dict[str, Any], series: str = "quiet", **shape: Any) -> Path:
    """Keep sessions of `aa` as they were measured."""
    journal = Journal(folder, script="aa")
    for number, entry in enumerate(entries):
        journal.add({"series": series, "number": number, "shape": {"target": "numpy@cpu", **shape}, **entry})
    return folder


def test_series_that_are_each_too_short_keep_the_promises_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice 240 comparisons in 40 minutes, of another target and another size: each is open, and both are not."""
    entries = [{**aa_entry([pair(0.0, case=str(at)) for at in range(12)], []), "wall_s": 120.0}] * 20
    first = keep(tmp_path / "first", *entries)
    second = keep(tmp_path / "second", *entries, target="torch@cpu", sets=7, series="load")
    assert told(monkeypatch, aa, "--keep", first, "--tell") == 4
    assert told(monkeypatch, aa, "--keep", second, "--series", "load", "--tell") == 4
    capsys.readouterr()
    assert told(monkeypatch, aa, "--keep", first, "--keep", second, "--tell") == 0
    text = capsys.readouterr().out
    assert "first, numpy@cpu, quiet: 20 sessions, 40 minutes;" in text
    assert "second, torch@cpu, load: 20 sessions, 40 minutes;" in text
    assert "kept: at most 5 % of intervals of identical arms miss 1: 0 of 480" in text
    assert "kept: no identical arms are raised: 0 of 480" in text
    assert "kept: this was measured for at least 60 minutes: 80 minutes" in text
    assert told(monkeypatch, aa, "--keep", first, "--keep", second, "--tell", "--series", "load") == 4


def test_what_is_told_together_is_told_of_whole_sessions_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missed = keep(tmp_path / "missed", aa_entry([pair(0.01, case="x"), pair(0.0, case="y")], []))
    fine = keep(tmp_path / "fine", *[aa_entry([pair(0.0, case="x"), pair(0.0, case="y")], [])] * 3)
    folders = (missed, fine, fine / "../missed")
    words = [word for folder in folders for word in ("--keep", folder)]
    assert told(monkeypatch, aa, *words, "--tell", "--json") == 4
    document = json.loads(capsys.readouterr().out)
    assert document["counts"]["raw"] == [[1, 2], [0, 2], [0, 2], [0, 2]]
    assert [(part["folder"], part["counts"]["raw"]) for part in document["parts"]] == [
        ("missed", [[1, 2]]),
        ("fine", [[0, 2]] * 3),
    ]
    assert {each["state"] for each in document["promises"]} == {"open", "kept"}


def test_one_alarm_in_any_series_breaks_what_all_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alarm = keep(tmp_path / "alarm", aa_entry([pair(0.05, case="x")], [pair(0.05, case="x", sets=10)]))
    fine = keep(tmp_path / "fine", *[aa_entry([pair(0.0, case=str(at)) for at in range(12)], [])] * 80)
    assert told(monkeypatch, aa, "--keep", alarm, "--keep", fine, "--tell") == 1


def test_several_folders_are_told_and_not_measured_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = keep(tmp_path / "known", aa_entry([pair(0.0)], []))
    with pytest.raises(SystemExit) as ended:
        told(monkeypatch, aa, "--keep", known, "--keep", tmp_path / "other")
    assert ended.value.code == 2
    assert "several are told together, with --tell" in capsys.readouterr().err
    with pytest.raises(KeepError, match="mistyped holds no sessions"):
        told(monkeypatch, aa, "--keep", known, "--keep", tmp_path / "mistyped", "--tell")
    assert not (tmp_path / "mistyped").exists()


def test_the_cases_of_a_session_are_twelve_and_differ() -> None:
    suite = pairs_suite("x", aa.cases(), twins("numpy@cpu"), threads=1, seed=1)
    assert len(make_plan(suite, self_check=False, processors=lambda: 2).arms) == 24


# -- what is planted ------------------------------------------------------------------------------


@pytest.mark.parametrize("calls", planted.CALLS)
def test_one_call_really_makes_so_many(calls: int) -> None:
    seen: list[int] = []

    def count(value: int) -> int:
        seen.append(value)
        return len(seen)

    assert planted.many(count, calls)(7) == calls
    assert seen == [7] * calls


def test_a_planted_backend_gives_the_other_ones_answers() -> None:
    workload = Matmul(m=4, n=3, k=5)
    inputs = workload.inputs(np.random.default_rng(0))
    slow = planted.numpy(device=Device("cpu"), mode="x51", threads=1)
    honest = NumPy(device=Device("cpu"), mode="reference", threads=1)
    ours, theirs = slow.prepare(workload, inputs), honest.prepare(workload, inputs)
    np.testing.assert_array_equal(ours.function(*ours.arguments), theirs.function(*theirs.arguments))
    assert slow.facts() == honest.facts()


def test_planted_backends_are_known_to_whoever_asks_here_and_to_nobody_else() -> None:
    info = planted.find("planted-torch")
    assert [mode.name for mode in info.modes] == ["x50", "x51", "x20", "x21"]
    assert info.implementation == "benchmarks.calibration.planted:torch"
    assert info.environment(Device("cpu"), "x50") == find_backend("torch").environment(Device("cpu"), "eager")
    assert info.refuses(Matmul(m=2, n=2, k=2), "x51", Device("cpu")) is None
    assert info.refuses(Matmul(m=2, n=2, k=2, math="tf32"), "x51", Device("cpu")) is not None
    assert planted.find("numpy") is find_backend("numpy")


# -- power ----------------------------------------------------------------------------------------


def test_every_four_sessions_have_each_kind_once_in_an_order_that_is_drawn() -> None:
    drawn = [power.kind_of(number, 1).name for number in range(400)]
    assert all(len(set(drawn[start : start + 4])) == 4 for start in range(0, 400, 4))
    assert len({tuple(drawn[start : start + 4]) for start in range(0, 400, 4)}) > 10
    assert drawn == [power.kind_of(number, 1).name for number in range(400)]
    assert Counter(kind.planted for kind in power.KINDS) == {True: 2, False: 2}


def power_entry(kind: power.Kind, pairs: list[Pair], more: list[Pair], **said: float) -> dict[str, Any]:
    return {
        "kind": kind.name,
        "pairs": [each.plain() for each in pairs],
        "more": [each.plain() for each in more],
        "measuring_s": 2.5,
        "trial_wall_s": 20.0,
        "wall_s": 30.0,
        **said,
    }


def test_a_planted_difference_counts_where_it_was_found_in_time() -> None:
    five = power.FIVE
    quick = power_entry(five, [pair(0.05, case="x"), pair(0.0, case="y")], [pair(0.05, case="x", sets=15)])
    late = power_entry(five, [pair(0.05, case="x")], [pair(0.05, case="x", sets=15)], measuring_s=3.1)
    counts = power.figures([quick, late], five, frameworks=False)["counts"]
    assert counts["found"] == [(1, 2), (1, 1)]
    assert counts["in_time"] == [(1, 2), (0, 1)]
    assert counts["regressed"] == [(1, 2), (1, 1)]


def test_with_three_frameworks_the_whole_trial_has_to_end_in_time() -> None:
    slow = power_entry(power.TWO, [pair(0.02, case="x")], [pair(0.02, case="x", sets=15)], trial_wall_s=91.0)
    assert power.figures([slow], power.TWO, frameworks=True)["counts"]["in_time"] == [(0, 1)]
    assert power.figures([slow], power.TWO, frameworks=False)["counts"]["in_time"] == [(1, 1)]


def test_what_was_found_is_told_by_all_twenty_sets() -> None:
    """Five sets say 5 %, fifteen more say nothing: that is no regression, whatever the first five said."""
    entry = power_entry(power.FIVE, [pair(0.05, case="x")], [pair(0.0, case="x", sets=15)])
    (whole,) = power.together(entry)
    assert len(whole.per_set) == 20
    counts = power.figures([entry], power.FIVE, frameworks=False)["counts"]
    assert (counts["found"], counts["regressed"], counts["raised"]) == ([(1, 1)], [(0, 1)], [(0, 1)])


def test_the_promises_of_power_hold_apart_what_is_planted_and_what_is_not() -> None:
    entries = []
    for kind in power.KINDS:
        share = (kind.calls[1] - kind.calls[0]) / kind.calls[0]
        more = [pair(share, case="x", sets=15)] if kind.planted else []
        entries += [power_entry(kind, [pair(share, case="x")], more)] * 100
    known = {kind.name: power.figures(entries, kind, frameworks=False) for kind in power.KINDS}
    judged_promises = power.promises(known, frameworks=False, trials=100)
    assert [each.state for each in judged_promises] == [State.KEPT] * 5
    assert known["2 %"]["counts"]["regressed"][0] == (0, 1)  # a true 2 % does not exceed a margin of 2 %
    assert len(power.promises(known, frameworks=True, trials=100)) == 3  # nothing goes on to more sets there


def test_trials_are_pairs_that_were_compared() -> None:
    lost = Pair(case="l", key="l", per_set=(), inner=0, lost="x")
    entries = [power_entry(power.TWO, [pair(0.02), lost], []), power_entry(power.FIVE, [pair(0.05)], [])]
    assert [power.trials_of(entries, kind) for kind in (power.TWO, power.FIVE)] == [1, 1]


def test_sessions_with_three_frameworks_are_told_by_their_own_promises() -> None:
    """Whoever tells need not say again how it was measured."""
    entries: list[Entry] = [{"shape": {"frameworks": True}}]
    assert power.with_frameworks(entries, asked=False)
    assert not power.with_frameworks([], asked=False)


# -- nights ---------------------------------------------------------------------------------------


def test_a_night_has_three_hundred_cases_of_which_no_two_are_the_same() -> None:
    cases = nights.cases()
    assert len(cases) == 300
    assert len({case.key for case in cases}) == 300
    assert Counter(case.workload.name for case in cases) == dict.fromkeys(
        ("matmul", "reduction", "elementwise", "normalise"), 75
    )
    pairs_suite("x", cases, twins("numpy@cpu"), threads=1, seed=1)


def test_of_a_night_only_the_corrected_list_is_measured_again() -> None:
    """One pair of fifty that is barely beyond the margin: alone it is flagged, among fifty it is not."""
    barely = pair(0.0225, case="x")
    pairs = [barely, *(pair(0.0, case=str(number)) for number in range(49))]
    entry = {"pairs": [each.plain() for each in pairs], "again": [], "wall_s": 300.0, "meanwhile": {"quiet": True}}
    counts = nights.figures([entry])["counts"]
    assert (counts["alone"], counts["listed"], counts["told"]) == ([(1, 50)], [(0, 50)], [(0, 50)])
    again = {**entry, "again": [pair(0.05, case="x", sets=10).plain()]}
    assert nights.figures([again])["counts"]["told"] == [(1, 50)]


def test_one_flag_in_ten_nights_is_allowed_and_two_are_not() -> None:
    quiet = {"pairs": [pair(0.0).plain()] * 300, "again": [], "wall_s": 300.0, "meanwhile": {"quiet": True}}
    alarm = {**quiet, "again": [pair(0.05, sets=10).plain()]}
    for entries, state in (([quiet] * 9 + [alarm], State.KEPT), ([quiet] * 8 + [alarm] * 2, State.BROKEN)):
        assert nights.promises(entries, nights.figures(entries), "quiet", nights=10)[0].state is state
    few = [quiet] * 3
    assert nights.promises(few, nights.figures(few), "quiet", nights=10)[0].state is State.OPEN


# -- run to run -----------------------------------------------------------------------------------


def sessions_of(harness: list[float], timer: list[float]) -> list[dict[str, Any]]:
    return [
        {
            "tools": {"harness": {"log": ours, "wall_s": 40.0}, "Timer": {"log": theirs, "wall_s": 10.0}},
            "wall_s": 50.0,
            "meanwhile": {"quiet": True},
        }
        for ours, theirs in zip(harness, timer, strict=True)
    ]


def test_a_spread_is_held_against_a_tenth_of_the_other() -> None:
    step = [-1.0, 1.0] * 5
    for factor, state in ((20.0, State.KEPT), (8.0, State.OPEN), (2.0, State.BROKEN)):
        entries = sessions_of([0.001 * each for each in step], [0.001 * factor * each for each in step])
        promise, quiet = run_to_run.promises(entries, run_to_run.figures(entries), "quiet", sessions=10)
        assert (promise.state, quiet.state) == (state, State.KEPT)
    few = sessions_of([0.0, 0.1], [0.0, 0.1])
    assert run_to_run.promises(few, run_to_run.figures(few), "quiet", sessions=10)[0].state is State.OPEN


def test_a_session_without_a_ratio_is_told_not_hidden() -> None:
    entries = sessions_of([0.1, 0.2], [0.1, 0.2])
    entries[0]["tools"]["harness"] = {"lost": "b is failed: crashed", "wall_s": 3.0}
    known = run_to_run.figures(entries)
    assert known["logs"]["harness"] == [0.2]
    text = "\n".join(run_to_run.sentences(entries, known, "quiet"))
    assert "the harness had no ratio: b is failed: crashed" in text
    assert "pyperf is not installed here, or was left out" in text


def test_the_mean_of_pyperf_is_over_the_values_of_all_its_runs() -> None:
    """Its calibration run has warm-ups and no values."""
    runs = [{"warmups": [[1, 9.0]]}, {"values": [1.0, 2.0]}, {"values": [3.0]}]
    assert tools.mean_of({"benchmarks": [{"runs": runs}]}) == 2.0


@pytest.mark.parametrize("operation", tools.OPERATIONS)
def test_the_other_tools_are_asked_in_python_for_what_the_harness_measures(operation: str) -> None:
    """By the name that both frameworks have for it; the calls of PyTorch and of JAX are those of their backends."""
    for name, setup in tools.SETUP.items():
        compile(tools._filled(setup, operation, 512), name, "exec")
        compile(tools._filled(tools.STATEMENT[name], operation, 512), name, "eval")
    work = run_to_run.workload_of(operation, 512)
    assert {work.name, getattr(work, "op", "")} & {tools.FUNCTION[operation]}
    assert set(work.input_shapes().values()) == {(512, 512)}


# -- telling --------------------------------------------------------------------------------------


def options(folder: Path, **more: Any) -> common.Options:
    known: dict[str, Any] = {"keep": folder, "series": "quiet", "minutes": None, "seed": 1}
    return common.Options(**{**known, "quick": True, "tell": False, "json": False, **more})


def test_who_only_tells_need_not_know_the_shape(tmp_path: Path) -> None:
    journal, how = Journal(tmp_path, script="x"), options(tmp_path)
    entries = common.go_on(journal, how, {"sets": 5}, lambda number: {"found": number}, common.first(2))
    assert common.go_on(journal, replace(how, tell=True), {"sets": 20}, lambda _: {}, common.first(9)) == entries


def test_tiny_sessions_are_told_as_such_or_not_at_all(tmp_path: Path) -> None:
    journal, how = Journal(tmp_path, script="x"), options(tmp_path)
    common.go_on(journal, how, {}, lambda _: {}, common.first(1))
    with pytest.raises(KeepError, match=r"tiny sessions.*add --quick"):
        common.go_on(journal, replace(how, quick=False, tell=True), {}, lambda _: {}, common.first(1))


REFERENCE = Path(aa.__file__).parents[2] / "results/reference/calibration"
TOLD = [
    line
    for line in (REFERENCE / "README.md").read_text("utf-8").splitlines()
    if line.startswith("python -m benchmarks.calibration.") and line.endswith("--tell")
]


def test_what_the_reference_journals_say_is_what_their_page_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of its commands tells, pyperf here or not, and every share on the page is one that they print."""
    monkeypatch.chdir(REFERENCE.parents[2])
    monkeypatch.setattr(run_to_run, "find_spec", lambda _: None)
    said = ""
    for command in TOLD:
        _python, _m, module, *words = shlex.split(command)
        assert told(monkeypatch, importlib.import_module(module), *words) in (0, 1, 4), command
        said += capsys.readouterr().out
    page = (REFERENCE / "README.md").read_text("utf-8")
    shares = {share.replace(",", "") for share in re.findall(r"\d[\d,]* of \d[\d,]*\d", page)}
    assert len(shares) > 10
    assert {share for share in shares if not re.search(rf"\b{share}\b", said)} == set()


# -- simulation -----------------------------------------------------------------------------------


def test_without_recorded_rounds_what_is_promised_of_them_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.main(["--only", "traces"]) == 4
    text = capsys.readouterr().out
    assert "open: recorded rounds" in text
    assert "--traces results/reference" in text


def trace(sets: int) -> replay.Trace:
    logs = np.random.default_rng(sets).normal(0, 0.01, (sets, 30))
    return replay.Trace(case_key="c", name="x", twins=False, logs=logs)


def test_recorded_runs_of_one_process_set_leave_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of how processes differ they say nothing; with normal effects they serve."""
    monkeypatch.setattr(replay, "traces_of", lambda _: [trace(1)])
    study = simulate.Study(1000, 1, [], print)
    study.traces()
    assert study.open == ["recorded rounds, recorded effects: no pair has the 20 process-sets that are asked"]
    assert "normal effects 1.0%" in study.figures["traces"]


def test_what_chance_may_do_is_reckoned_by_the_sessions_that_were_drawn() -> None:
    """Of 400 sessions 10 % may miss by chance, of 20,000 not."""
    few, many = (simulate.Study(20_000, 1, [], print) for _ in range(2))
    few._promise("few", {5: 0.1}, 400)
    many._promise("many", {5: 0.1})
    assert few.broken == []
    assert many.broken == ["many: 10.0% of intervals miss with 5 sets"]


def test_all_pairs_that_serve_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "traces_of", lambda _: [trace(20), trace(21), trace(19)])
    study = simulate.Study(1000, 1, [], print)
    study.traces()
    recorded, normal = (study.figures["traces"][name] for name in ("recorded effects", "normal effects 1.0%"))
    assert (recorded["pairs"], recorded["sessions"]) == (2, 40)
    assert (normal["pairs"], normal["sessions"]) == (3, 60)


def test_the_reference_runs_serve_as_recorded_rounds() -> None:
    known = replay.traces_of([REFERENCE.parent])
    assert sum(each.serves(Effects.NORMAL) for each in known) > 100
    assert sum(each.serves(Effects.RECORDED) for each in known) > 20
    assert replay.as_recorded(known)["pairs"] > 10


# -- the grade ------------------------------------------------------------------------------------


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Measure sessions of the grade without measuring; what happened is told in order."""
    happened: list[str] = []

    def session(*_: object) -> Entry:
        happened.append("session")
        return {"grade": {"seen": 0.01, "word": "fair"}, "copies": {"c": [0.0, 0.01]}, "timed_share": 0.9}

    def hog(kind: str, **_: object) -> AbstractContextManager[None]:
        happened.append(kind)
        return nullcontext()

    monkeypatch.setattr(noise_grade, "_session", session)
    monkeypatch.setattr(noise_grade, "_processor", lambda: 0)
    monkeypatch.setattr(hogs, "hog", hog)
    monkeypatch.setattr(common, "listen", lambda: happened.append("listen"))

    def measure(**more: Any) -> tuple[list[Entry], list[str]]:
        known: dict[str, Any] = {"loads": ["none"], "sessions": 1, "sets": 5, "rounds": 15, "minutes": None}
        arguments = argparse.Namespace(**{**known, "seed": 1, "tell": False, **more})
        happened.clear()
        return noise_grade.series(Journal(tmp_path, script="noise_grade"), arguments), happened

    return measure


def test_sessions_of_the_grade_are_not_mixed_with_others_of_another_size(graded: Any) -> None:
    entries, _ = graded()
    assert entries[0]["shape"] == {"sets": 5, "rounds": 15, "block_ms": 5.0} | {
        "cases": [case.name for case in noise_grade.cases()],
        "copies": list(noise_grade.COPIES),
    }
    for other in ({"sets": 6}, {"rounds": 10}):
        with pytest.raises(KeepError, match="another size"):
            graded(sessions=2, **other)
    assert graded(sets=6, tell=True)[0] == entries


def test_sessions_whose_size_nobody_kept_are_not_gone_on_with(graded: Any, tmp_path: Path) -> None:
    Journal(tmp_path, script="noise_grade").add({"series": "none", "number": 0})
    with pytest.raises(KeepError, match="another size: unknown"):
        graded(sessions=2)


def test_a_session_of_the_grade_without_a_neighbour_begins_on_a_quiet_machine(graded: Any) -> None:
    assert graded(loads=["none"])[1] == ["listen", "none", "session"]
    assert graded(loads=["memory"])[1] == ["memory", "session"]


# -- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["aa", "power", "nights", "run_to_run"])
def test_the_readme_has_a_command_for_each_script(name: str) -> None:
    folder = Path(aa.__file__).parent
    assert f"python -m benchmarks.calibration.{name} --keep" in (folder / "README.md").read_text("utf-8")
    assert f"python -m benchmarks.calibration.{name} --keep DIR" in (folder / f"{name}.py").read_text("utf-8")
