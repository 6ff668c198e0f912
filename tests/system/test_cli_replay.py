"""`harness replay` on what was really measured. NumPy stands in for a framework; it starts at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import Command

SUITE = """\
schema: harness.suite/1
name: small
targets: [{target: numpy@cpu, label: a}, {target: numpy@cpu, label: b}]
measure: {profile: standard, rounds: 10, max_time: 1s, threads: 1}
cases:
  - {id: product, workload: matmul, m: 32, n: 32, k: 32}
  - {id: sum, workload: reduction, op: sum, shape: [64, 64]}
"""
ANSWERS = {"agrees": 0, "disagrees": 3, "cannot tell": 4}


@pytest.fixture
def measured(tmp_path: Path, harness: Command) -> Path:
    """A run, made with a seed that was drawn."""
    (tmp_path / "small.yaml").write_text(SUITE, encoding="utf-8")
    done = harness("run", "small.yaml", "--quiet")
    assert done.returncode == 0, done.stderr
    return tmp_path


def manifests(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text("utf-8")) for path in sorted((folder / "results" / "runs").glob("*.json"))]


def test_a_row_is_measured_again_on_the_same_inputs_and_answered(measured: Path, harness: Command) -> None:
    """What the numbers are is the machine's affair; that the answer follows from them is ours."""
    done = harness("replay", "latest::product::b", "--json", "--quiet")
    told = json.loads(done.stdout)
    assert done.returncode == ANSWERS[told["answer"]], done.stderr
    assert told["sentence"].startswith(f"{told['answer']}: ")
    first, again = manifests(measured)
    assert (told["then"]["run_id"], told["now"]["run_id"]) == (first["run_id"], again["run_id"])
    assert again["replays"]["run_id"] == first["run_id"]
    assert (again["seed"], again["threads"], again["measure"]["sets"]) == (first["seed"], 1, 5)
    assert (told["then"]["ratio"]["sets"], told["now"]["ratio"]["sets"]) == (5, 5)
    assert told["one_machine"]
    rows = pd.read_parquet(measured / "results" / "measurements")
    products = rows[rows.case_key == told["then"]["case_key"]]
    assert set(products.outcome) == {"measured"}
    assert len(set(products.input_hash)) == 1
    assert set(rows[rows.run_id == again["run_id"]].case_key) == {told["then"]["case_key"]}

    key = told["then"]["case_key"]
    quick = harness("replay", f"{key[:8]}::b", "--profile", "quick")
    assert quick.returncode == 4, quick.stdout + quick.stderr
    assert "there were 5 then and 1 now" in " ".join(quick.stdout.split())
    assert first["run_id"] in quick.stdout  # and not the repetition, which has that case too
    assert f"next:    python -m harness report {manifests(measured)[-1]['run_id']}" in quick.stdout

    theirs = measured / "results" / "measurements" / f"{first['run_id']}.parquet"
    elsewhere = harness("replay", f"{theirs}::sum::b", "--profile", "quick", "--results", "mine", "--quiet")
    assert elsewhere.returncode == 4, elsewhere.stderr
    assert len(list((measured / "mine" / "runs").glob("*.json"))) == 1


def test_the_suite_of_a_row_is_one_that_can_be_run(measured: Path, harness: Command) -> None:
    done = harness("replay", "latest::sum::b", "--yaml")
    assert (done.returncode, done.stderr) == (0, "")
    (measured / "again.yaml").write_text(done.stdout, encoding="utf-8")
    assert harness("validate", "again.yaml").returncode == 0
    planned = json.loads(harness("run", "again.yaml", "--dry-run", "--json").stdout)
    assert planned["reference"] == "a"
    assert [arm["target"] for arm in planned["arms"]] == ["a", "a", "b"]
    assert len({arm["case_key"] for arm in planned["arms"]}) == 1
