"""`harness run` from the outside: files, exit codes, signals. NumPy stands in for a framework; it starts at once."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Command, begin

SUITE = """\
schema: harness.suite/1
name: small
targets: [numpy@cpu]
measure: {profile: quick, max_time: 5s}
cases:
  - id: product
    workload: matmul
    matrix: {m: [8, 32]}
    n: 16
    k: 16
  - id: total
    workload: reduction
    op: sum
    shape: [64, 64]
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SUITE)
    return path


def rows_of(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "measurements")


def test_every_planned_arm_stands_in_parquet_exactly_once(harness: Command, suite: Path, tmp_path: Path) -> None:
    done = harness("run", str(suite))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    rows = rows_of(tmp_path / "results")
    keys = list(zip(rows.case, rows.target, rows.replica, strict=True))
    assert sorted(keys) == sorted(
        (case, "numpy.reference@cpu", replica)
        for case in ("product[m=8]", "product[m=32]", "total")
        for replica in (0, 1)
    )
    assert set(rows.outcome) == {"measured"}
    products = rows[rows.workload == "matmul"]
    by_hand = [2 * json.loads(params)["m"] * 16 * 16 for params in products.params]
    assert products.flops.tolist() == by_hand
    assert (products.flops_per_s - products.flops / products.time_s).abs().max() < 1
    assert all(len(set(hashes)) == 1 for _, hashes in rows.groupby("case_key").input_hash)
    assert "next:    python -m harness report" in done.stdout


def test_the_report_follows(harness: Command, suite: Path, tmp_path: Path) -> None:
    harness("run", str(suite), "--results", "kept")
    done = harness("report", "--results", "kept", "--out", "pages")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "pages" / "latest" / "README.md").read_text()
    assert "product[m=8]" in page


def test_the_same_seed_gives_the_same_inputs(harness: Command, suite: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        harness("run", str(suite), "--seed", "7", "--results", folder)
    one, two = (dict(rows_of(tmp_path / folder)[["case_key", "input_hash"]].to_numpy()) for folder in ("one", "two"))
    assert one == two


def test_json_is_one_document(harness: Command, suite: Path) -> None:
    done = harness("run", str(suite), "--json", "--quiet")
    told = json.loads(done.stdout)
    assert (told["schema"], told["exit_code"], len(told["measurements"])) == ("harness.run/1", 0, 6)
    assert done.stderr == ""


def test_a_dry_run_plans_and_keeps_nothing(harness: Command, suite: Path, tmp_path: Path) -> None:
    done = harness("run", str(suite), "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 arms to measure, 0 settled" in done.stdout
    assert not (tmp_path / "results").exists()
    told = json.loads(harness("run", str(suite), "--dry-run", "--json").stdout)
    assert {arm["flops"] for arm in told["arms"]} == {2 * 8 * 256, 2 * 32 * 256, None}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["no-such.yaml"], 2, "no-such.yaml"),
        (["small.yaml", "--target", "numpy@gpu"], 6, "there is no gpu in this machine"),
        (["small.yaml", "--require", "numpy@tpu"], 6, "there is no tpu in this machine"),
        (["small.yaml", "--target", "nump@cpu"], 2, "did you mean 'numpy'"),
        (["small.yaml", "--target", "numpy.fast@cpu"], 2, "reference"),
        (["small.yaml", "--target", "numpy"], 2, "backend[.mode]@device"),
        (["small.yaml", "--target", "numpy@cpu", "--target", "numpy@cpu"], 2, "give each its own label"),
        (["small.yaml", "--threads", "0"], 2, "must be 1 or more"),
        (["small.yaml", "--max-time", "fast"], 2, "duration"),
        (["small.yaml", "--budget", "0s"], 2, "budget"),
        (["small.yaml", "--seed", "9" * 99], 2, "whole number"),
        (["small.yaml", "--max-cases", "2"], 2, "small.yaml"),
    ],
)
def test_mistakes_are_told_and_end_with_their_code(
    harness: Command, suite: Path, arguments: list[str], code: int, says: str
) -> None:
    assert suite.exists()
    done = harness("run", *arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_results_that_cannot_be_written_are_known_before_anything_is_measured(
    harness: Command, suite: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    done = harness("run", str(suite), "--results", "taken")
    assert done.returncode == 74
    assert "taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_spent_budget_keeps_what_was_measured(harness: Command, suite: Path, tmp_path: Path) -> None:
    done = harness("run", str(suite), "--budget", "1ms")
    assert done.returncode == 124
    assert set(rows_of(tmp_path / "results").outcome) == {"not-run"}
    assert "ended early (budget)" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_with_130_and_keeps_what_was_measured(tmp_path: Path) -> None:
    long = SUITE.replace("quick", "standard").replace("[8, 32]", "[8, 16, 32, 64, 128, 256]")
    (tmp_path / "long.yaml").write_text(long)
    process = begin("run", "long.yaml", cwd=tmp_path)
    end = time.monotonic() + 60
    while not any(b'"samples"' in path.read_bytes() for path in tmp_path.glob("results/journal/*.jsonl")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    rows = rows_of(tmp_path / "results")
    assert len(rows) == 14
    assert (rows.outcome == "measured").any()
    assert "partial" in printed


def test_show_says_what_the_end_of_the_run_said(harness: Command, suite: Path) -> None:
    ended = harness("run", str(suite)).stdout
    shown = harness("show", "latest").stdout
    assert shown
    assert shown.strip() in ended


def test_quickstart_works_with_one_framework_alone(harness: Command) -> None:
    done = harness("quickstart", "--target", "numpy@cpu")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("same answer: yes") == 6
    assert "not a verdict" in done.stdout
    (suite,) = re.findall(r"python -m harness run (\S*suites/gemm\.yaml)", done.stdout)
    assert Path(suite).is_file()


def test_bare_harness_says_where_to_begin(harness: Command) -> None:
    done = harness()
    assert done.returncode == 2
    assert "python -m harness quickstart" in done.stderr
