"""The command `gate`: what it compares, what it says, how it ends, on made-up runs in a real store."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness.cli import gate, main
from harness.core import plugins
from harness.errors import Terminated
from harness.report.comparison import Page
from harness.report.gate import ALLOWABLE
from harness.stats.verdict import Verdict
from harness.store.baselines import set_baseline
from harness.store.runs import resolve
from tests.core.report.judged import judgement
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, run, squares, unmeasured

JAX = "jax.jit@cpu"
OLD, NEW = "20260101T000000000Z-0123456789ab", "20260201T000000000Z-0123456789ab"
AB = {"a": REFERENCE, "b": JAX}

Said = Callable[..., tuple[int, str, str]]


def kept(
    root: Path,
    speed: float = 1.0,
    *,
    run_id: str = OLD,
    drop: str = "",
    fail: str = "",
    state: str = "complete",
    sets: int = 5,
    noise: float = 0.0005,
    **manifest: Any,
) -> str:
    """Store a run in which jax takes `speed` times as long as torch; an arm may be left out, or fail."""
    rows, samples = run(squares(2), {REFERENCE: 1.0, JAX: speed}, noise=noise, sets=sets, run_id=run_id)
    samples = [replace(each, run_id=run_id) for each in samples]
    rows = [row for row in rows if not (drop and row.target == JAX and row.case.startswith(drop))]
    rows = [
        unmeasured(row, "failed", detail="crashed: signal 11")
        if fail and row.target == JAX and row.case.startswith(fail)
        else row
        for row in rows
    ]
    known = {row.key[0:4] for row in rows if row.outcome == "measured"}
    return store(root, rows, [each for each in samples if key_of(each) in known], state=state, **manifest)


def key_of(sample: Any) -> tuple[Any, ...]:
    return (sample.run_id, sample.case_key, sample.target, sample.label)


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command in a folder of its own; return its code and what it said."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main([*arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def test_after_ab_no_name_is_needed(tmp_path: Path, said: Said) -> None:
    kept(tmp_path / "results", 1.0, ab=AB)
    code, out, err = said("gate")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "PASS: of 2 arms none is slower by more than 2 %: 2 equivalent"
    kept(tmp_path / "results", 1.10, run_id=NEW, ab=AB)
    code, out, _ = said("gate")
    assert code == 3
    assert out.startswith("FAIL, exit code 3: of 2 arms 2 regressed\n")
    assert f"{JAX} beside {REFERENCE} in the run {NEW}" in out
    assert said("gate", OLD)[0] == 0


def test_the_newest_run_is_not_the_one_that_confirms_it(tmp_path: Path, said: Said) -> None:
    """`ab` measures what it flagged again, and that run is newer and knows only some of the cases."""
    kept(tmp_path / "results", 1.10, ab=AB)
    kept(tmp_path / "results", 1.0, run_id=NEW, ab=AB, confirms=OLD)
    code, out, _ = said("gate")
    assert (code, f"in the run {OLD}" in out) == (0, True)
    assert f"flagged cases measured again in {NEW}" in " ".join(out.split())


def test_a_run_of_another_kind_needs_a_base(tmp_path: Path, said: Said) -> None:
    kept(tmp_path / "results")
    code, out, err = said("gate")
    assert (code, out) == (2, "")
    assert "is not one that `ab` made" in err
    assert "--base" in err
    assert said("gate", f"latest::{JAX}", "--base", f"latest::{REFERENCE}")[0] == 0


@pytest.mark.parametrize("ab", [7, {}, {"a": REFERENCE}, {"a": REFERENCE, "b": 3}, {"a": "", "b": JAX}])
def test_a_manifest_that_speaks_nonsense_of_ab_is_no_ab(tmp_path: Path, said: Said, ab: Any) -> None:
    kept(tmp_path / "results", ab=ab)
    assert said("gate")[0] == 2


def test_two_runs_are_not_comparable_and_the_remedy_is_named(tmp_path: Path, said: Said) -> None:
    kept(tmp_path / "results")
    kept(tmp_path / "results", run_id=NEW)
    code, out, _ = said("gate", "--base", OLD)
    assert code == 4
    assert out.startswith("FAIL, exit code 4: not one of 4 arms could be judged: 4 not comparable\n")
    assert "measure both sides in one session" in out
    assert said("gate", "--base", OLD, "--allow", "not-comparable")[0] == 4
    assert said("gate", "--base", OLD, "--through", REFERENCE)[0] == 0


def test_a_pin_is_a_base_and_an_old_one_warns(tmp_path: Path, said: Said) -> None:
    root = tmp_path / "results"
    kept(root)
    kept(root, 1.10, run_id=NEW)
    set_baseline(
        root, "main", resolve(root, OLD).run, reason="why", max_age_days=30, now=datetime(2026, 1, 2, tzinfo=UTC)
    )
    code, out, _ = said("gate", "--base", "pin:main", "--through", REFERENCE)
    assert code == 3
    assert "warning: the baseline main was set" in out
    code, out, _ = said("gate", "--base", "pin:main", "--through", REFERENCE, "--json", "-")
    (warning,) = json.loads(out)["warnings"]
    assert warning.startswith("the baseline main was set")
    (root / "samples" / f"{OLD}.parquet").unlink()
    code, _, err = said("gate", "--base", "pin:main")
    assert code == 74
    assert f"samples/{OLD}.parquet is gone" in err
    assert said("gate", "--base", "pin:mian")[0] == 2


def test_what_is_missing_or_failed_closes_until_it_is_allowed(tmp_path: Path, said: Said) -> None:
    """The case of one size is gone, and of the other the arm crashed."""
    root = tmp_path / "results"
    kept(root, ab=AB, drop="square[m=64")
    code, out, _ = said("gate")
    assert (code, "1 missing" in out) == (4, True)
    assert said("gate", "--allow", "missing")[0] == 0
    kept(root, run_id=NEW, ab=AB, fail="square[m=64")
    code, out, _ = said("gate")
    assert (code, "1 failed" in out) == (1, True)
    assert f"python -m harness show {NEW} tells how each arm ended" in out
    code, out, _ = said("gate", "--allow", "missing, failed")
    assert (code, "allowed: 1 failed" in out) == (0, True)


def test_too_few_sets_are_undecided(tmp_path: Path, said: Said) -> None:
    kept(tmp_path / "results", 1.5, sets=3, ab=AB)
    code, out, _ = said("gate")
    assert (code, "2 undecided" in out, "3 of 5 process-sets" in " ".join(out.split())) == (4, True, True)
    assert said("gate", "--allow", "inconclusive")[0] == 4  # or arms that took 1.5 times as long would pass
    assert said("gate", "--bisect", "--allow", "inconclusive")[0] == 125


def test_a_run_whose_self_check_failed_opens_nothing(tmp_path: Path, said: Said) -> None:
    """Its reference beside itself came out 1.2 times as slow, so every verdict is withheld."""
    rows, samples = run(squares(2), {REFERENCE: 1.0, JAX: 1.5}, noise=0.0005, copy=1.2)
    store(tmp_path / "results", rows, samples, ab=AB)
    code, out, _ = said("gate", "--allow", "inconclusive")
    assert (code, out.splitlines()[0]) == (4, "FAIL, exit code 4: not one of 2 arms could be judged: 2 undecided")


def test_beside_arms_that_were_judged_undecided_ones_can_be_allowed(tmp_path: Path, said: Said) -> None:
    """In one case of ten the reference disagrees with itself."""
    rows, samples = run(squares(9), {REFERENCE: 1.0, JAX: 1.0}, noise=0.0005)
    more = run({"odd": {}}, {REFERENCE: 1.0, JAX: 1.5}, noise=0.0005, copy=1.02)
    store(tmp_path / "results", [*rows, *more[0]], [*samples, *more[1]], ab=AB)
    assert said("gate")[0] == 4
    code, out, _ = said("gate", "--allow", "inconclusive")
    assert code == 0
    assert " ".join(out.split()).startswith(
        "PASS: of 10 arms 9 were judged, and none of them is slower by more than 2 %: 9 equivalent; "
        f"allowed: 1 undecided {JAX} beside"
    )


def test_margins_of_cases_win_over_the_general_one(tmp_path: Path, said: Said) -> None:
    rows, _ = run(squares(2), {REFERENCE: 1.0})
    own = {row.case_key: 0.2 for row in rows if row.case.startswith("square[m=32")}
    kept(tmp_path / "results", 1.10, ab=AB, measure={"margins": own})
    code, out, _ = said("gate", "--margin", "5%")
    assert code == 3
    assert out.startswith("FAIL, exit code 3: of 2 arms 1 regressed; the others: 1 equivalent\n")
    assert said("gate", "--margin", "15%")[0] == 0


def test_bisect_ends_as_git_wants_it(tmp_path: Path, said: Said) -> None:
    root = tmp_path / "results"
    code, _, err = said("gate", "--bisect")
    assert (code, "no latest" in err) == (125, True)
    kept(root, ab=AB)
    assert said("gate", "--bisect")[::2] == (0, "bisect: good (0)\n")
    kept(root, 1.10, run_id=NEW, ab=AB)
    assert said("gate", "--bisect")[::2] == (1, "bisect: bad (1)\n")
    assert said("gate", "--bisect", "--allow", "nonsense")[0] == 125
    kept(root, run_id="20260301T000000000Z-0123456789ab", ab=AB, drop="square")
    assert said("gate", "--bisect")[0] == 125


def test_a_bug_says_nothing_of_a_commit(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(args: argparse.Namespace) -> None:
        raise ZeroDivisionError(args.new)

    monkeypatch.setattr(gate, "_gate", broken)
    code, _, err = said("gate", "--bisect")
    assert (code, "ZeroDivisionError" in err) == (125, True)
    assert said("gate")[0] == 70


@pytest.mark.parametrize(("ended", "code"), [(Terminated("ended"), 143), (KeyboardInterrupt(), 130)])
def test_who_ends_it_ends_the_search(
    said: Said, monkeypatch: pytest.MonkeyPatch, ended: BaseException, code: int
) -> None:
    """At 125 git would skip the commit and go on with the next."""

    def stopped(args: argparse.Namespace) -> None:
        del args
        raise ended

    monkeypatch.setattr(gate, "_gate", stopped)
    assert said("gate", "--bisect")[0] == said("gate")[0] == code


def test_a_corrupt_file_ends_with_74_and_a_sentence(tmp_path: Path, said: Said) -> None:
    root = tmp_path / "results"
    kept(root, ab=AB)
    table = root / "measurements" / f"{OLD}.parquet"
    table.write_bytes(table.read_bytes()[:-100])
    code, out, err = said("gate")
    assert (code, out) == (74, "")
    assert f"{OLD}.parquet cannot be used" in err


def test_an_empty_store_ends_with_5(said: Said) -> None:
    code, _, err = said("gate")
    assert (code, "measure first" in err) == (5, True)


def test_all_is_written_to_files_too(tmp_path: Path, said: Said) -> None:
    kept(tmp_path / "results", 1.10, ab=AB)
    code, out, _ = said("gate", "--json", "v.json", "--markdown", "v.md", "--junit", "v.xml", "--export", "junit=w.xml")
    assert code == 3
    document = json.loads((tmp_path / "v.json").read_text("utf-8"))
    assert (document["schema"], document["exit_code"]) == ("harness.verdicts/1", 3)
    assert document["said"] == out.splitlines()[0]
    assert (tmp_path / "v.md").read_text("utf-8").startswith(f"### {document['said']}\n")
    root = ET.fromstring((tmp_path / "v.xml").read_bytes())  # noqa: S314  (what was written a moment ago)
    assert len(root.findall("testsuite/testcase/failure")) == 2
    assert (tmp_path / "w.xml").read_bytes() == (tmp_path / "v.xml").read_bytes()


def test_what_cannot_be_written_ends_with_74(tmp_path: Path, said: Said) -> None:
    kept(tmp_path / "results", ab=AB)
    code, _, err = said("gate", "--markdown", "nowhere/v.md")
    assert (code, "cannot write nowhere/v.md" in err) == (74, True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--allow", "regressed"), "a gate that lets regressions through is none"),
        (("--allow", "mising"), "did you mean 'missing'?"),
        (("--allow", ""), "nothing called ''"),
        (("--margin", "2"), "is not a share"),
        (("--margin", "0%"), "above 0 and below 100"),
        (("--margin", "100%"), "above 0 and below 100"),
        (("--export", "junit"), "write NAME=FILE"),
        (("--export", "=v.xml"), "write NAME=FILE"),
        (("--export", "juint=v.xml"), "did you mean 'junit'?"),
        (("--insist", "--through", JAX), "choose one"),
    ],
)
def test_a_slip_in_an_option_is_told_before_anything_is_written(
    tmp_path: Path, said: Said, arguments: tuple[str, ...], complaint: str
) -> None:
    kept(tmp_path / "results", ab=AB)
    code, out, err = said("gate", *arguments, "--markdown", "v.md")
    assert (code, out, (tmp_path / "v.md").exists()) == (2, "", False)
    assert complaint in err


def test_what_can_be_allowed_is_named_in_the_help() -> None:
    parser = argparse.ArgumentParser()
    gate.configure(parser)
    told = " ".join(parser.format_help().split())
    for verdict in ALLOWABLE:
        assert str(verdict) in told.replace("- ", "-")


class Observer(SimpleNamespace):
    closed = 0

    def close(self) -> None:
        type(self).closed += 1


def test_confirm_measures_flagged_cases_again_and_that_decides(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Page] = []

    def confirm(page: Page, *, results: Path, observer: Any, sets: int = 10) -> Page:
        asked.append(page)
        assert (results, sets) == (Path("results"), 10)
        (one,) = page.comparisons
        lines = tuple(replace(line, confirmed=judgement(Verdict.EQUIVALENT)) for line in one.lines)
        return replace(page, comparisons=(replace(one, lines=lines, confirmed_by=NEW),))

    monkeypatch.setattr("harness.confirming.confirm", confirm)
    monkeypatch.setattr("harness.run.progress.Silent", Observer)
    kept(tmp_path / "results", 1.10, ab=AB)
    code, out, _ = said("gate", "--confirm", "--quiet")
    assert (code, len(asked), Observer.closed) == (0, 1, 1)
    assert f"flagged cases measured again in {NEW}" in " ".join(out.split())
    kept(tmp_path / "results", 1.0, run_id=NEW, ab=AB)
    assert said("gate", "--confirm", "--quiet")[0] == 0
    assert len(asked) == 1  # nothing was flagged, so nothing is measured


def test_a_strangers_exporter_is_found(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_REGISTERED", {})
    plugins.register("harness.exporters", "short", lambda document: document["said"], module="mine", place="mine.py:1")
    kept(tmp_path / "results", ab=AB)
    assert said("gate", "--export", "short=v.txt")[0] == 0
    assert (tmp_path / "v.txt").read_text("utf-8").startswith("PASS: of 2 arms")
