"""Choosing arms from the outside: filters, pasted names, what failed last, and the command for another try."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Command

# A call of "slow" takes so long that five rounds of it cannot pass within max_time: the arm fails.
SUITE = """\
schema: harness.suite/1
name: chosen
targets: [numpy@cpu]
measure: {profile: quick, rounds: 5, max_time: 100ms}
cases:
  - id: product
    workload: matmul
    matrix: {m: [8, 32]}
    n: 16
    k: 16
  - id: slow
    workload: matmul
    m: 1100
    n: 1100
    k: 1100
    dtype: float64
"""
SLOW = "slow::numpy.reference@cpu"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "a suite.yaml"
    path.write_text(SUITE)
    return path


def planned(harness: Command, *arguments: str) -> list[str]:
    done = harness("run", "a suite.yaml", "--dry-run", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return [arm["name"] for arm in json.loads(done.stdout)["arms"] if not arm["replica"]]


@pytest.mark.usefixtures("suite")
def test_filters_and_names_choose_the_same_arms(harness: Command) -> None:
    both = [f"product[m={m}]::numpy.reference@cpu" for m in (8, 32)]
    assert planned(harness, "--filter", "m < 100 and not dtype == float64") == both
    assert planned(harness, "--filter", "id ~ prod*", "--filter", "m in (32, 64)") == both[1:]
    assert planned(harness, "--only", both[0], "--only", both[1]) == both
    assert planned(harness, "--only", "product[m=8] numpy.reference@cpu") == both[:1]


@pytest.mark.usefixtures("suite")
@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--filter", "m > 5000"], 5, "here m is 8, 32, 1100"),
        (["--filter", "m >"], 2, "    ^"),
        (["--filter", "mm > 3"], 2, "did you mean 'm'?"),
        (["--filter", "__import__('os').system('x')"], 2, "--filter: "),
        (["--only", "product[m=9]"], 2, "no arm is called 'product[m=9]'"),
        (["--last-failed"], 5, "there is no run of the suite 'chosen' in results"),
        (["--set", "measure.profile=fast"], 2, "--set measure.profile=fast: profile must be"),
        (["--set", "measure.seed=3", "--seed", "4"], 2, "--set measure.seed and --seed say the same thing"),
    ],
)
def test_mistakes_are_told_and_end_with_their_code(
    harness: Command, tmp_path: Path, arguments: list[str], code: int, says: str
) -> None:
    done = harness("run", "a suite.yaml", *arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.usefixtures("suite")
def test_what_failed_is_run_again_by_the_command_that_is_printed(harness: Command, tmp_path: Path) -> None:
    done = harness("run", "a suite.yaml", "--durations", "2")
    assert done.returncode == 1, done.stderr
    assert "and 4 arms that took less" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("again:")]
    words = shlex.split(line.partition(":")[2])
    assert words[:4] == ["python", "-m", "harness", "run"]
    assert words[-2:] == ["--only", SLOW]
    assert planned(harness, "--last-failed") == [SLOW]
    # In time for it: the same arm again, under the name that was printed, and now nothing failed last.
    kept = [*words[3:], "--set", "measure.max_time=20s"]
    kept = kept[: kept.index("--durations")] + kept[kept.index("--durations") + 2 :]
    assert harness(*kept).returncode == 0
    rows = pd.read_parquet(tmp_path / "results" / "measurements")
    newest = rows[rows.run_id == rows.run_id.max()]
    assert list(newest.case) == ["slow", "slow"]
    manifest = json.loads((tmp_path / "results" / "runs" / f"{rows.run_id.max()}.json").read_text())
    assert manifest["overrides"] == ["measure.max_time=20s"]
    assert len(set(rows.suite_hash)) == 2
    nothing = harness("run", "a suite.yaml", "--last-failed")
    assert nothing.returncode == 5
    assert "nothing failed in" in nothing.stderr


@pytest.mark.usefixtures("suite")
def test_the_first_failure_ends_the_run(harness: Command, tmp_path: Path) -> None:
    done = harness("run", "a suite.yaml", "-x")
    assert done.returncode == 1, done.stderr
    assert "ended early (first failure)" in done.stderr
    rows = pd.read_parquet(tmp_path / "results" / "measurements")
    assert len(rows) == 6
    assert (rows.outcome == "failed").sum() == 1
    waiting = rows[rows.outcome == "not-run"]
    assert set(waiting.detail) == {f"not reached: stopped at the first failure, {SLOW}"}


@pytest.mark.usefixtures("suite")
def test_numbers_of_threads_are_compared(harness: Command, tmp_path: Path) -> None:
    """Each with a worker of its own; what this machine has no processors for is unavailable."""
    only = ["--only", "product[m=8]", "--only", "product[m=32]"]
    done = harness("run", "a suite.yaml", *only, "--set", "measure.threads=[1, all, 4096]")
    assert done.returncode == 0, done.stderr
    rows = pd.read_parquet(tmp_path / "results" / "measurements")
    one = rows[rows.label == "1-thread"]
    assert set(one.threads) == {1}
    assert set(one.outcome) == {"measured"}
    assert set(rows[rows.label == "4096-threads"].outcome) == {"unavailable"}
    assert not rows.duplicated(["run_id", "case_key", "target", "label", "replica"]).any()
    shown = harness("show", "latest", "--filter", "threads == 1").stdout
    assert "product[m=8], 1 thread" in shown
    assert "4096 threads" not in shown
