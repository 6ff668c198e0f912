"""What is committed to be shown: its files are unharmed, and its report is what these runs and these words give now."""

from __future__ import annotations

import contextlib
from itertools import zip_longest
from pathlib import Path

import pytest

from harness.cli import main
from harness.report.kinds import USUAL
from harness.report.load import load
from harness.report.marks import marks_of, meaning
from harness.report.write import Composed, compose
from harness.store.runs import find_runs

ROOT = Path(__file__).parents[2]
RESULTS, REPORTS = "results/reference", "reports/reference"
REPORT = ROOT / REPORTS / "latest"
AGAIN = f"python -m harness report --results {RESULTS} --out {REPORTS}"
SHOWN = 120  # letters of a line; those of a page may be long


@pytest.fixture(scope="module")
def made() -> Composed:
    """The report as the command makes it from the checkout, but for its pictures, which take long to draw."""
    with contextlib.chdir(ROOT):
        return compose(load(Path(RESULTS)), USUAL, out=Path(REPORTS))


def test_reference_results_are_unharmed() -> None:
    """Every file is the one that its run wrote."""
    assert main(["store", "verify", "--results", str(ROOT / RESULTS)]) == 0


def test_the_reference_report_is_what_its_command_writes_now(made: Composed) -> None:
    """To the byte: of just these runs, in the words and by the arithmetic of this checkout."""
    stale = list(filter(None, (_stale(name, data) for name, data in made.files.items())))
    assert not stale, f"the committed report is an old one; write it anew: {AGAIN}\n" + "\n".join(stale)


def test_the_reference_report_has_no_files_but_those_of_its_command(made: Composed) -> None:
    """And has each of its pictures."""
    wanted = {*made.files, *(f"figures/{picture.name}.png" for picture in made.pictures)}
    there = {path.relative_to(REPORT).as_posix() for path in REPORT.rglob("*") if path.is_file()}
    assert there == wanted, f"write the committed report anew: {AGAIN}"


def test_what_the_reference_results_say_of_themselves_is_how_they_were_made() -> None:
    """The page beside them has the command of each run, and that of their report."""
    said = (ROOT / RESULTS / "README.md").read_text(encoding="utf-8")
    runs = find_runs(ROOT / RESULTS)
    assert runs
    for run in runs:
        assert str(run.manifest["command"]) in said
    assert AGAIN in said.splitlines()


def test_what_is_marked_on_the_reference_results_has_a_meaning() -> None:
    """Whatever a backend of this project says of an arm is told in plain words."""
    arms = [arm for run in load(ROOT / RESULTS).runs for arm in run.arms]
    marks = {mark for arm in arms for mark in marks_of(arm)}
    assert marks
    assert not [mark for mark in marks if meaning(mark) == meaning("of-a-stranger")]


def _stale(name: str, data: bytes) -> str:
    """Say where a committed file and the same file made now part; nothing where they do not."""
    path = REPORT / name
    if not path.is_file():
        return f"{name} is missing"
    old, new = path.read_bytes(), data
    if old == new:
        return ""
    lines = zip_longest(*(text.decode("utf-8").split("\n") for text in (old, new)), fillvalue="(no line)")
    at, then, now = next((at, then, now) for at, (then, now) in enumerate(lines, start=1) if then != now)
    apart = next((at for at, (one, other) in enumerate(zip(then, now, strict=False)) if one != other), 0)
    first = max(0, apart - SHOWN // 2)
    return f"{name}, line {at}: {then[first:][:SHOWN]!r} is {now[first:][:SHOWN]!r} now"
