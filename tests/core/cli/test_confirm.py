"""Measuring again what was flagged, by `ab` and by `gate --confirm`: how it may end, and what is said then.

Nothing is measured here: runs are made up, as many as a test says, and put into a real store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.api import Measured, read
from harness.cli import main
from harness.errors import ExitCode, UsageError
from harness.run import again as plans
from harness.run import environments, runner
from harness.run.again import Again, Wanted
from harness.run.runner import RunResult
from harness.store.layout import Layout, RunPaths
from tests.core.report.sessions import CASE, ZERO, run_id, session, spread
from tests.core.report.synthetic import hash_of

A, B, C = (f"numpy.reference@cpu,label={name}" for name in "abc")
SLOWER, UNSURE = spread(0.1, 0.001), spread(0.01, 0.02)
TEN, SLOWER_AGAIN = (0.0,) * 10, spread(0.09, 0.001, 10)
CRASHED = ("failed", "crashed: signal 11")
INTERRUPTED = "not confirmed because the confirmation was interrupted"

SUITE = """\
schema: harness.suite/1
name: small
cases: [{id: product, workload: matmul, m: 8, n: 8, k: 8}]
"""
AB = ("ab", "small.yaml", "--a", "numpy@cpu", "--b", "numpy@cpu", "--quiet")

Said = Callable[..., tuple[int, str, str]]


@dataclass
class Runs:
    """The runs that are still to be measured, and those that were."""

    results: Path
    planned: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    wanted: list[tuple[tuple[str, str, str], ...]] = field(default_factory=list)

    def then(self, cases: Mapping[str, Any], code: int = 0, stopped: str = "", **more: Any) -> None:
        """Say what the next run gives, and how it ends."""
        self.planned.append({"cases": cases, "code": ExitCode(code), "stopped": stopped, "more": more})

    def add(self, cases: Mapping[str, Any], **more: Any) -> str:
        """Store a run."""
        self.count += 1
        said: dict[str, Any] = {"run": run_id(self.count), "reference": A, "copy": ZERO}
        return session(self.results, cases, **(said | more))

    def measure(self, plan: object, *, notes: Mapping[str, Any], **others: object) -> Measured:
        """Stand in for `harness.api.measure`."""
        del plan, others
        said = self.planned.pop(0)
        state = "partial" if said["stopped"] else "complete"
        name = self.add(said["cases"], **({"state": state, "manifest": dict(notes)} | said["more"]))
        layout = Layout(self.results)
        tables = {table: layout.table(table, name) for table in ("measurements", "samples")}
        result = RunResult(
            run_id=name,
            paths=RunPaths(**tables, manifest=layout.manifest(name)),
            measurements=(),
            exit_code=said["code"],
            stopped=said["stopped"],
            efficiency=None,
        )
        return Measured(**vars(read(self.results, name)), result=result)

    def plan(self, root: Path, wanted: Wanted) -> Again:
        """Stand in for `plan_again`: every target is called as it was."""
        assert root == Path("results")
        self.wanted.append(wanted.pairs)
        sides = ((wanted.base.run_id, 1), (wanted.new.run_id, 2))
        names = {(run, pair[at]): pair[at] for run, at in sides for pair in wanted.pairs}
        plan: Any = SimpleNamespace()
        return Again(plan=plan, names=names, known={})


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    made = Runs(Path("results"))
    monkeypatch.setattr("harness.api.measure", made.measure)
    monkeypatch.setattr(plans, "plan_again", made.plan)
    monkeypatch.setattr(environments, "environments_now", lambda plan: {})
    monkeypatch.setattr(runner, "confirming_pace", lambda plan, sets: None)
    return made


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command; return its code and what it said, without line breaks."""

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        told = capsys.readouterr()
        return code, " ".join(told.out.split()), " ".join(told.err.split())

    return command


def two(new: Any, base: Any = ZERO) -> dict[str, Any]:
    """Return one case on both sides."""
    return {CASE: {A: base, B: new}}


# -- ab --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stopped", "code"), [("terminated", 143), ("interrupt", 130), ("budget", 124)])
def test_a_confirmation_that_is_stopped_ends_ab_with_its_code_and_decides_nothing(
    runs: Runs, said: Said, stopped: str, code: int
) -> None:
    """Three sets of ten give no verdict; they must not be taken for one that cleared b."""
    runs.then(two(SLOWER))
    runs.then(two((0.0,) * 3, (0.0,) * 3), code, stopped, copy=(0.0,) * 3)
    ended, out, err = said(*AB)
    assert ended == code
    assert f"b is 1.105 x slower than a at {CASE}" in out
    assert INTERRUPTED in out
    assert "did not confirm" not in out
    assert err.endswith(f"{INTERRUPTED}: 1 difference, hints and no verdicts")
    code, out, _ = said("compare", "latest", "--json")
    (line,) = json.loads(out)["comparisons"][0]["lines"]
    assert (code, line["verdict"], line["confirmation"]) == (0, "regressed", "not measured again")


def test_a_program_is_told_that_the_confirmation_was_interrupted(runs: Runs, said: Said) -> None:
    runs.then(two(SLOWER))
    runs.then(two(TEN, TEN), 143, "terminated", copy=TEN)
    code, out, _ = said(*AB, "--json")
    (line,) = json.loads(out)["page"]["comparisons"][0]["lines"]
    assert (code, line["verdict"], line["confirmation"], line["confirmed_by"]) == (
        143,
        "regressed",
        "interrupted",
        None,
    )
    assert line["sentence"].endswith(f"; {INTERRUPTED}")


@pytest.mark.parametrize(
    ("cases", "copy", "says"),
    [
        (two(CRASHED, TEN), TEN, "failed (1) b beside a at"),
        (two(TEN, CRASHED), TEN, "failed (1) b beside a at"),
        (two(("invalid", "off by 1"), TEN), TEN, "invalid (1) b beside a at"),
        (two(SLOWER_AGAIN, TEN), CRASHED, "the reference was not measured twice in this run"),
    ],
)
def test_an_arm_that_fails_when_it_is_measured_again_ends_ab_with_1(
    runs: Runs, said: Said, cases: Mapping[str, Any], copy: Any, says: str
) -> None:
    runs.then(two(SLOWER))
    runs.then(cases, 1, copy=copy)
    code, out, err = said(*AB)
    assert code == 1
    assert says in out
    assert (
        f"an arm failed or was invalid when differences were measured again: python -m harness show {run_id(2)}" in err
    )


def test_an_arm_that_is_missing_in_the_confirmation_ends_ab_with_4(runs: Runs, said: Said) -> None:
    runs.then(two(SLOWER))
    runs.then(two(("refused", "no such product"), TEN), copy=TEN)
    code, out, _ = said(*AB)
    assert code == 4
    assert f"b beside a at {CASE} is missing: refused: no such product; so it ended when fresh processes" in out


def test_what_could_not_be_measured_again_at_all_is_undecided(runs: Runs, said: Said) -> None:
    runs.then(two(SLOWER))
    runs.then(two(("refused", "no"), ("refused", "no")), copy=None)
    code, _, err = said(*AB)
    assert (code, err) == (4, "could not be measured again: 1 difference, hints and no verdicts")


@pytest.mark.parametrize(
    ("logs", "code", "says"),
    [
        (SLOWER_AGAIN, 3, "fresh processes confirmed what was seen at first"),
        (TEN, 0, f"measured again by fresh processes in the run {run_id(2)}"),
    ],
)
def test_a_confirmation_that_reached_its_end_decides(runs: Runs, said: Said, logs: Any, code: int, says: str) -> None:
    runs.then(two(SLOWER))
    runs.then(two(logs, TEN), copy=TEN)
    ended, out, err = said(*AB)
    assert (ended, err) == (code, "")
    assert says in out
    assert runs.wanted == [((hash_of(CASE), "a", "b"),)]


def test_what_cannot_be_measured_again_keeps_the_code_of_its_reason(
    runs: Runs, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(root: Path, wanted: Wanted) -> Again:
        raise UsageError(f"{wanted.new.run_id} was measured by another method, see {root}")

    monkeypatch.setattr(plans, "plan_again", refuse)
    runs.then(two(SLOWER))
    code, out, err = said(*AB)
    assert code == 2
    assert "could be seen; not measured again" in out
    assert f"not measured again ({run_id(1)} was measured by another method" in err


@pytest.mark.parametrize(
    ("cases", "copy", "code"),
    [
        (two(UNSURE), ZERO, 4),  # undecided
        (two(ZERO[:3], ZERO[:3]), ZERO[:3], 4),  # too few sets
        (two(ZERO), spread(0.05, 0.001), 4),  # withheld
        (two(("refused", "no")), ZERO, 4),
        ({CASE: {A: ZERO, B: ZERO}, "b": {A: ZERO, B: ("refused", "no")}}, ZERO, 4),  # one is missing
        ({CASE: {A: ZERO, B: ZERO}, "b": {A: ZERO, B: UNSURE}}, ZERO, 0),  # one is undecided beside a decided one
        (two(ZERO), ZERO, 0),
    ],
)
def test_ab_is_no_pass_where_nothing_was_decided_or_something_is_missing(
    runs: Runs, said: Said, cases: Mapping[str, Any], copy: Any, code: int
) -> None:
    runs.then(cases, copy=copy)
    assert said(*AB)[0] == code


def test_the_session_s_own_end_comes_first(runs: Runs, said: Said) -> None:
    runs.then(two(("not-run", "budget"), ZERO), 124, "budget")
    assert said(*AB)[0] == 124
    runs.then(two(SLOWER), 143, "terminated")
    code, out, err = said(*AB)
    assert (code, runs.wanted) == (143, [])
    assert "could be seen; not measured again" in out
    assert err.endswith("not measured again (interrupted): 1 difference, hints and no verdicts")


# -- gate ------------------------------------------------------------------------------------------

CONFIRM = ("gate", "--confirm", "--quiet")
SIDES = {"ab": {"a": "a", "b": "b"}}


@pytest.mark.parametrize(("stopped", "code"), [("terminated", 143), ("interrupt", 130), ("budget", 124)])
def test_a_gate_whose_confirmation_is_stopped_gives_no_verdict(runs: Runs, said: Said, stopped: str, code: int) -> None:
    runs.add(two(SLOWER), manifest=SIDES)
    runs.then(two(TEN, TEN), code, stopped, copy=TEN)
    ended, out, _ = said(*CONFIRM)
    assert (ended, out) == (code, "")
    assert said("gate")[0] == 3  # what was flagged is as open as it was
    runs.then(two(TEN, TEN), copy=TEN)
    ended, out, _ = said(*CONFIRM)
    assert (ended, len(runs.wanted)) == (0, 2)
    assert f"flagged cases measured again in {run_id(3)}" in out


@pytest.mark.parametrize("cases", [two(CRASHED, TEN), two(TEN, CRASHED), two(("invalid", "off by 1"), TEN)])
def test_a_gate_is_closed_by_an_arm_that_fails_in_the_confirmation(
    runs: Runs, said: Said, cases: Mapping[str, Any]
) -> None:
    runs.add(two(SLOWER), manifest=SIDES)
    runs.then(cases, 1, copy=TEN)
    assert said(*CONFIRM)[0] == 1
    assert said("gate")[0] == 1


def test_who_measures_again_until_the_answer_pleases_measures_once(runs: Runs, said: Said) -> None:
    runs.add({CASE: {A: ZERO, B: SLOWER, C: SLOWER}}, manifest=SIDES)
    held = ("--base", f"{run_id(1)}::a")
    runs.then(two(SLOWER_AGAIN, TEN), copy=TEN)
    assert said("gate", f"{run_id(1)}::b", *held, *CONFIRM[1:])[0] == 3
    runs.then({CASE: {A: TEN, C: TEN}}, copy=TEN)
    assert said("gate", f"{run_id(1)}::c", *held, *CONFIRM[1:])[0] == 0
    assert [[pair[2] for pair in pairs] for pairs in runs.wanted] == [["b"], ["c"]]
    for target, code in (("b", 3), ("c", 0)):
        assert said("gate", f"{run_id(1)}::{target}", *held, *CONFIRM[1:])[0] == code  # nothing is left to be measured
    code, out, _ = said("gate", run_id(1), *held, *CONFIRM[1:])
    assert (code, "of 2 arms 1 regressed; the others: 1 equivalent" in out) == (3, True)


def test_only_what_no_run_has_is_measured_anew(runs: Runs, said: Said) -> None:
    """A tighter margin flags another case; the one that was refuted stays so."""
    little = spread(0.015, 0.0005, 10)
    runs.add({CASE: {A: ZERO, B: SLOWER}, "b": {A: ZERO, B: little[:5]}}, manifest=SIDES)
    runs.then(two(TEN, TEN), copy=TEN)
    assert said(*CONFIRM)[0] == 0
    runs.then({"b": {A: TEN, B: little}}, copy=TEN)
    code, out, _ = said(*CONFIRM, "--margin", "1%")
    assert code == 3
    assert "of 2 arms 1 regressed; the others: 1 equivalent" in out
    assert [len(pairs) for pairs in runs.wanted] == [1, 1]
    assert said(*CONFIRM, "--margin", "1%")[0] == 3


@pytest.mark.parametrize("way", [("--insist",), ("--through", "a")])
def test_two_runs_are_measured_again_once_too(runs: Runs, said: Said, way: tuple[str, ...]) -> None:
    runs.add({CASE: {A: ZERO, B: ZERO}})
    runs.add({CASE: {A: ZERO, C: SLOWER}})
    runs.then({CASE: {B: TEN, C: TEN}}, copy=TEN, reference=B)
    sides = (f"{run_id(2)}::c", "--base", f"{run_id(1)}::b", *way)
    assert said("gate", *sides)[0] == 3
    assert said("gate", *sides, *CONFIRM[1:])[0] == 0
    manifest = json.loads((runs.results / "runs" / f"{run_id(3)}.json").read_text("utf-8"))
    assert (manifest["confirms"], manifest["confirms_names"]) == (
        run_id(2),
        {run_id(1): {"b": "b"}, run_id(2): {"c": "c"}},
    )
    assert said("gate", *sides)[0] == said("gate", *sides, *CONFIRM[1:])[0] == 0
    assert len(runs.wanted) == 1
