"""`--budget` and `--profile rigorous` from the outside: what is decided is up to the machine, what is told is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command

SUITE = """\
schema: harness.suite/1
name: small
targets: [numpy@cpu]
measure: {rounds: 6, max_time: 3s, target_ci: 20%}
cases:
  - {id: sum, workload: reduction, op: sum, matrix: {shape: [[32, 32], [64, 64]]}}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SUITE)
    return path


def manifest(folder: Path) -> dict[str, Any]:
    (path,) = (folder / "results" / "runs").glob("*.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("arguments", [("--profile", "rigorous"), ("--budget", "2m")])
def test_every_case_ends_or_is_told(harness: Command, suite: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = harness("run", str(suite), *arguments, "--json")
    told, kept = json.loads(done.stdout), manifest(tmp_path)
    assert kept["measure"]["looks"] == [5, 10, 15, 20]
    assert kept["measure"]["confidence"] == 0.9875
    keys = {row["case_key"] for row in told["measurements"]}
    assert {*kept["endings"], *(one["case_key"] for one in kept["undecided"])} == keys
    assert (told["endings"], told["undecided"]) == (kept["endings"], kept["undecided"])
    assert done.returncode == (124 if kept["undecided"] else 0), done.stderr
    assert "2 cases, ratios to be known within 20 %" in done.stderr
    assert {row["outcome"] for row in told["measurements"]} == {"measured"}
    assert min(row["sets"] for row in told["measurements"]) >= 5


def test_a_budget_too_small_for_a_verdict_says_so_and_is_kept(harness: Command, suite: Path, tmp_path: Path) -> None:
    done = harness("run", str(suite), "--budget", "1s")
    assert done.returncode == 124, done.stderr
    kept = manifest(tmp_path)
    assert (kept["state"], kept["stopped"], kept["endings"]) == ("partial", "budget", {})
    assert len(kept["undecided"]) == 2
    assert "2 cases, ratios to be known within 20 %: 2 undecided" in done.stderr


def test_quick_is_one_set_whatever_the_budget(harness: Command, suite: Path, tmp_path: Path) -> None:
    done = harness("run", str(suite), "--profile", "quick", "--budget", "2m")
    assert done.returncode == 0, done.stderr
    assert "looks" not in manifest(tmp_path)["measure"]


def test_a_dry_run_says_how_many_sets_there_may_be(harness: Command, suite: Path) -> None:
    done = harness("run", str(suite), "--profile", "rigorous", "--dry-run")
    assert "5 to 20 process-sets of 6 rounds" in done.stdout
    assert "at least" in done.stdout
