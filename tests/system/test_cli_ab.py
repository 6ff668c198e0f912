"""`harness ab` from the outside: two environments in one session, and what differs measured again by fresh processes.

NumPy stands in for a framework. A workload that does its work as often as a variable says is the upgrade
that made everything slower.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command, begin

SUITE = """\
schema: harness.suite/1
name: small
measure: {profile: quick, rounds: 8, max_time: 5s, margin: 20%}
cases:
  - {id: sum, workload: reduction, op: sum, shape: [64, 64], margin: 25%}
  - {id: product, workload: matmul, m: 64, n: 64, k: 64}
"""

OWN = """\
from __future__ import annotations

import os

import harness


@harness.workload
class Often(harness.Workload):
    size: int = harness.parameter("how many elements", low=1)

    @classmethod
    def examples(cls):
        yield cls(size=1000)

    def input_shapes(self):
        return {"x": (self.size,)}

    def output_shapes(self):
        return ((self.size,),)

    def compute(self, inputs):
        x = inputs["x"]
        for _ in range(int(os.environ.get("REPEAT", "1"))):
            y = x / (1 + abs(x))
        return (y,)

    def tolerance(self, reference, scales):
        return harness.Tolerance(bound=4 * self.element.epsilon, reason="a sum and a quotient, each rounded")
"""

OFTEN = """\
schema: harness.suite/1
name: often
measure: {rounds: 8, max_time: 5s}
cases:
  - {id: slower, workload: often, size: 50000}
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SUITE)
    return path


def manifests(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((folder / "results" / "runs").glob("*.json"))]


TRIES = 8  # of a session whose self-check holds: one honest interval in twenty misses 1, and more on a busy machine
DECIDED_OR_NOT = (0, 4)  # of equals: what a noisy machine leaves undecided is no pass


def test_the_same_environment_twice_is_measured_in_one_session(harness: Command, suite: Path, tmp_path: Path) -> None:
    assert suite.exists()
    done = harness("ab", "small.yaml", "--a", "numpy@cpu", "--b", "numpy@cpu", "--no-confirm")
    assert done.returncode in DECIDED_OR_NOT, done.stderr
    assert "b beside a, run" in done.stdout
    assert "profile standard: the suite asks for quick" in done.stderr
    (manifest,) = manifests(tmp_path)
    assert manifest["ab"] == {"a": "a", "b": "b"}
    assert manifest["reference"] == "a"
    assert manifest["measure"]["sets"] == 5
    assert set(manifest["environments"]) == {"a", "b"}
    assert sorted(manifest["measure"]["margins"].values()) == [0.25]
    assert f"next:    python -m harness gate {manifest['run_id']}" in done.stdout


def test_two_interpreters_are_both_recorded(harness: Command, suite: Path, tmp_path: Path) -> None:
    assert suite.exists()
    sides = (
        "--a",
        "numpy@cpu,label=here",
        "--b",
        f"numpy@cpu,python={sys.executable},env.OPENBLAS_NUM_THREADS=1,label=there",
    )
    done = harness("ab", "small.yaml", *sides, "--only", "sum", "--no-confirm", "--json", "--quiet")
    told = json.loads(done.stdout)
    assert (told["schema"], told["a"], told["b"]) == ("harness.ab/1", "here", "there")
    (comparison,) = told["page"]["comparisons"]
    assert [line["case"] for line in comparison["lines"]] == ["sum"]
    assert {row["label"] for row in told["run"]["measurements"]} == {"here", "there"}
    (manifest,) = manifests(tmp_path)
    here, there = manifest["target_specs"]
    assert (here["env"], there["env"]) == ({}, {"OPENBLAS_NUM_THREADS": "1"})
    assert (here["python"], Path(there["python"]).expanduser()) == ("", Path(sys.executable))


def slower_side(folder: Path) -> list[str]:
    """Fill `folder` with an upgrade that makes everything eight times slower; return the command that finds it."""
    folder.mkdir()
    (folder / "own.py").write_text(OWN)
    (folder / "often.yaml").write_text(OFTEN)
    return ["ab", "often.yaml", "--load", "own.py", "--a", "numpy@cpu", "--b", "numpy@cpu,env.REPEAT=8"]


def is_withheld(printed: str) -> bool:
    """Whether the session distrusts itself, as it has to now and then: it is to be measured again."""
    return "verdicts are withheld" in " ".join(printed.split())


def judged(harness: Command, tmp_path: Path, *options: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Hold the slower side against the other in a session that trusts itself; return its folder and what it said."""
    for attempt in range(TRIES):
        folder = tmp_path / f"attempt-{attempt}"
        done = harness(*slower_side(folder), *options, cwd=folder)
        if not is_withheld(done.stdout):
            return folder, done
    pytest.fail(f"no session of {TRIES} trusts itself:\n{done.stdout}")


def test_a_slower_side_is_measured_again_and_ends_with_3(harness: Command, tmp_path: Path) -> None:
    folder, done = judged(harness, tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "measuring again by fresh processes what differs: 1 difference" in done.stderr
    first, again = manifests(folder)
    assert again["confirms"] == first["run_id"]
    assert (again["measure"]["sets"], first["measure"]["sets"]) == (10, 5)
    assert again["seed"] != first["seed"]
    assert again["target_specs"] == first["target_specs"]
    assert f"again by fresh processes in the run {again['run_id']}" in done.stdout
    assert "fresh processes confirmed what was seen at first" in " ".join(done.stdout.split())
    gate = harness("gate", "--quiet", cwd=folder)
    assert gate.returncode == 3, gate.stdout + gate.stderr


def test_without_confirming_a_difference_is_a_hint(harness: Command, tmp_path: Path) -> None:
    folder, done = judged(harness, tmp_path, "--no-confirm")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not measured again (--no-confirm): 1 difference, hints and no verdicts" in done.stderr
    assert "; not measured again" in " ".join(done.stdout.split())
    assert len(manifests(folder)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_who_ends_it_while_it_measures_again_has_refuted_nothing(harness: Command, tmp_path: Path) -> None:
    for attempt in range(TRIES):
        folder = tmp_path / f"attempt-{attempt}"
        returncode, printed, errors = ended_while_it_measures_again(slower_side(folder), folder)
        if not is_withheld(printed):
            break
    assert returncode == 143, printed + errors
    assert "Traceback" not in errors
    said = " ".join(printed.split())
    assert "not confirmed because the confirmation was interrupted" in said
    assert "did not confirm" not in said
    assert [manifest["state"] for manifest in manifests(folder)] == ["complete", "partial"]
    assert harness("gate", cwd=folder).returncode == 3


def ended_while_it_measures_again(command: list[str], folder: Path) -> tuple[int, str, str]:
    """Send the signal once the confirmation has blocks; return how it ended, and what it wrote."""
    process = begin(*command, cwd=folder)
    end = time.monotonic() + 120
    while process.poll() is None and not measures_again(folder / "results"):
        assert time.monotonic() < end
        time.sleep(0.05)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    printed, errors = process.communicate(timeout=60)
    return process.returncode, printed, errors


def measures_again(results: Path) -> bool:
    """Whether one run has ended, and another has blocks."""
    ended = {path.stem for path in results.glob("runs/*.json")}
    others = [path for path in results.glob("journal/*.jsonl") if path.stem not in ended]
    return bool(ended) and any(b'"samples"' in path.read_bytes() for path in others)


def test_a_dry_run_measures_nothing(harness: Command, suite: Path, tmp_path: Path) -> None:
    assert suite.exists()
    done = harness("ab", "small.yaml", "--a", "numpy@cpu", "--b", "numpy@cpu", "--dry-run")
    assert "6 arms to measure, 0 settled; reference a; 5 process-sets of 8 rounds" in done.stdout
    assert not (tmp_path / "results").exists()


def test_a_failed_side_ends_with_1(harness: Command, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "often.yaml").write_text(OFTEN)
    sides = ("--a", "numpy@cpu", "--b", "numpy@cpu,env.REPEAT=none")
    done = harness("ab", "often.yaml", "--load", "own.py", *sides)
    assert done.returncode == 1, done.stderr
    assert "failed (1)" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--a", "numpy@cpu"], 2, "--b"),
        (["--a", "numpy@cpu", "--b", "nump@cpu"], 2, "did you mean 'numpy'"),
        (["--a", "numpy@cpu,label=x", "--b", "numpy@cpu,label=x"], 2, "both sides are called 'x'"),
        (["--a", "numpy@cpu", "--b", "numpy@cpu,python=no/such/python"], 6, "no/such/python is no program"),
        (["--a", "numpy@cpu", "--b", "numpy@gpu"], 6, "there is no gpu in this machine"),
        (["--a", "numpy@cpu", "--b", "numpy@cpu", "--set", "reference=numpy@cpu"], 2, "the two sides are --a and --b"),
        (["--a", "numpy@cpu", "--b", "numpy@cpu", "--only", "::a"], 5, "one side only"),
        (["--a", "numpy@cpu", "--b", "numpy@cpu", "--budget", "0s"], 2, "budget"),
    ],
)
def test_mistakes_are_told_and_end_with_their_code(
    harness: Command, suite: Path, arguments: list[str], code: int, says: str
) -> None:
    assert suite.exists()
    done = harness("ab", "small.yaml", *arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_interpreter_may_be_named_from_where_one_stands(harness: Command, suite: Path, tmp_path: Path) -> None:
    assert suite.exists()
    (tmp_path / "env").mkdir()
    script = tmp_path / "env" / "python"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    script.chmod(0o755)
    sides = ("--a", "numpy@cpu", "--b", f"numpy@cpu,python=env{os.sep}python")
    done = harness("ab", "small.yaml", *sides, "--only", "sum", "--no-confirm", "--quiet")
    assert done.returncode in DECIDED_OR_NOT, done.stderr
    (manifest,) = manifests(tmp_path)
    assert Path(manifest["target_specs"][1]["python"]).expanduser() == script
