"""The gate as other programs meet it: its exit code, `git bisect run`, and what it takes to load."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cli import ab
from harness.errors import ExitCode
from tests.conftest import Command
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, run, squares, unmeasured

JAX = "jax.jit@cpu"
AB = {"a": REFERENCE, "b": JAX}
LATER = "20260203T030405678Z-0123456789ab"

# Stands in for measuring a commit with `ab`: how slow its build is, or that it cannot run here, is in a file.
MEASURE = """
import pathlib, sys
from dataclasses import replace
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, run, squares

said = pathlib.Path("speed").read_text().strip()
if said == "lost":
    sys.exit(6)
results = pathlib.Path("../bisect-results")
run_id = f"2026010{1 + len(list(results.glob('runs/*.json')))}T000000000Z-0123456789ab"
rows, samples = run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": float(said)}, noise=0.0005, run_id=run_id)
store(results, rows, [replace(each, run_id=run_id) for each in samples], ab={"a": REFERENCE, "b": "jax.jit@cpu"})
sys.exit(3 if float(said) > 1.02 else 0)
"""


def kept(root: Path, speed: float, *, run_id: str = RUN, sets: int = 5, seed: int = 0, crashed: bool = False) -> None:
    """Store a run in which jax takes `speed` times as long as torch in two cases, or crashed in the second."""
    rows, samples = run(squares(2), {REFERENCE: 1.0, JAX: speed}, noise=0.0005, sets=sets, seed=seed, run_id=run_id)
    samples = [replace(each, run_id=run_id) for each in samples]
    if crashed:
        lost = next(row for row in rows[::-1] if row.target == JAX)
        rows = [unmeasured(row, "failed", "crashed: signal 11") if row is lost else row for row in rows]
        samples = [each for each in samples if (each.case_key, each.target) != (lost.case_key, JAX)]
    store(root, rows, samples, ab=AB)


@pytest.mark.parametrize(("speed", "code", "word"), [(1.0, 0, "PASS"), (1.1, 3, "FAIL, exit code 3"), (0.8, 0, "PASS")])
def test_the_exit_code_says_what_the_first_line_says(
    tmp_path: Path, harness: Command, speed: float, code: int, word: str
) -> None:
    kept(tmp_path / "results", speed)
    done = harness("gate", "--json", "verdicts.json")
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith(f"{word}: of 2 arms ")
    assert json.loads((tmp_path / "verdicts.json").read_text("utf-8"))["exit_code"] == code


@pytest.mark.parametrize(("speed", "code", "word"), [(1.0, 0, "PASS"), (1.1, 3, "FAIL")])
def test_a_pin_is_held_against_a_run_of_another_folder_as_the_printed_command_says(
    tmp_path: Path, harness: Command, speed: float, code: int, word: str
) -> None:
    """A folder of reference results that is kept in git, and the results of today: two sessions."""
    kept(tmp_path / "reference", 1.0)
    kept(tmp_path / "results", speed, run_id=LATER, seed=1)
    pinned = harness("baseline", "set", "main", "latest", "--reason", "why", "--results", "reference")
    assert pinned.returncode == 0, pinned.stderr
    command = shlex.split(pinned.stdout.splitlines()[-1])
    assert command[:4] == ["python", "-m", "harness", "gate"]
    done = harness("gate", "results/", *command[4:])
    assert (done.returncode, done.stdout[:4]) == (code, word), done.stdout + done.stderr
    assert harness("gate", "results/", "--base", "pin:main", "--results", "reference").returncode == 4


def git(folder: Path, *arguments: str, env: Mapping[str, str] = os.environ) -> subprocess.CompletedProcess[str]:
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    name = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    return subprocess.run(
        ["git", *name, *arguments], cwd=folder, env={**env, **alone}, capture_output=True, text=True, check=True
    )


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def scene(
    folder: Path, root: Path, *, measuring: str, building: str = "exit 0"
) -> tuple[Path, Path, Mapping[str, str]]:
    """Lay out what the script of the guide wants to find: a tree, its environments, and the script itself.

    A shell does `measuring` in place of `ab` and `building` in place of pip; all else is done by the harness.
    """
    page = (root / "docs/gate.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"^```bash\n(#!/usr/bin/env bash\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    tree, script = folder / "tree", folder / "slower.sh"
    tree.mkdir()
    script.write_text(text, encoding="utf-8")
    script.chmod(0o755)
    executable(folder / "here/bin/python", building)
    executable(
        folder / "bin/python",
        f'printf "%s\\n" "$@" >>../asked\nif [ "$3" = ab ]; then {measuring}; fi\nexec "{sys.executable}" "$@"',
    )
    return tree, script, os.environ | {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def answered(tmp_path: Path, root: Path, code: int) -> int:
    """Return how the script ends where `ab` ends with `code`."""
    tree, script, env = scene(tmp_path, root, measuring=f"exit {code}")
    done = subprocess.run([script], cwd=tree, env=env, capture_output=True, timeout=120, check=False)
    return done.returncode


@pytest.mark.parametrize(
    ("code", "made", "told"),
    [
        (0, {"speed": 1.0}, 0),
        (3, {"speed": 1.1}, 1),
        (1, {"speed": 1.0, "crashed": True}, 125),
        (1, {"speed": 1.1, "crashed": True}, 1),  # bad, whatever failed beside it
        (4, {"speed": 1.1, "sets": 3}, 125),
    ],
)
def test_the_script_for_git_bisect_lets_the_gate_judge_what_ab_measured(
    tmp_path: Path, root: Path, code: int, made: dict[str, Any], told: int
) -> None:
    kept(tmp_path / "bisect-results", **made)
    assert answered(tmp_path, root, code) == told


@pytest.mark.parametrize("code", [*(int(code) for code in ExitCode if code not in (0, 1, 3, 4)), 139])
@pytest.mark.parametrize("speed", [1.0, 1.1])
def test_the_script_for_git_bisect_does_not_judge_a_commit_by_the_run_of_another(
    tmp_path: Path, root: Path, code: int, speed: float
) -> None:
    """Where `ab` measured nothing, or not to its end, the newest run says nothing of this commit."""
    kept(tmp_path / "bisect-results", speed)
    assert answered(tmp_path, root, code) == 125
    assert "gate" not in (tmp_path / "asked").read_text(encoding="utf-8").splitlines()


def test_the_script_for_git_bisect_asks_ab_for_what_it_takes(tmp_path: Path, root: Path) -> None:
    answered(tmp_path, root, 2)
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[:3] == ["-m", "harness", "ab"]
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    ab.configure(parser)
    found = parser.parse_args(asked[3:])
    sides = ab.sides_of(found.a, found.b)
    assert [(side.label, side.python) for side in sides] == [
        ("good", "../good/bin/python"),
        ("here", "../here/bin/python"),
    ]


def test_git_bisect_finds_the_commit_that_made_it_slower(tmp_path: Path, root: Path) -> None:
    """By the script of the guide. One commit cannot be built, one cannot be measured, and the others are judged."""
    (tmp_path / "measure.py").write_text(MEASURE, encoding="utf-8")
    measuring = f'export PYTHONPATH="{root}"; exec "{sys.executable}" ../measure.py'
    tree, script, env = scene(tmp_path, root, measuring=measuring, building="! grep -q unbuilt speed")
    git(tree, "init", "-q", "-b", "main")
    commits: list[str] = []
    for speed in ("1.0", "1.001", "0.999", "1.0", "unbuilt", "1.0", "1.08", "lost", "1.081"):
        (tree / "speed").write_text(speed + "\n" * len(commits), encoding="utf-8")
        git(tree, "add", "speed")
        git(tree, "commit", "-q", "-m", speed)
        commits.append(git(tree, "rev-parse", "HEAD").stdout.strip())
    git(tree, "bisect", "start", commits[-1], commits[0])
    done = git(tree, "bisect", "run", str(script), env=env)
    assert f"{commits[6]} is the first bad commit" in done.stdout, done.stdout + done.stderr
    assert f"git bisect skip {commits[4]}" in git(tree, "bisect", "log").stdout


def test_a_gate_loads_neither_frames_nor_pictures_nor_frameworks(tmp_path: Path) -> None:
    """They are most of the time that a gate would take."""
    kept(tmp_path / "results", 1.0)
    probe = "import sys; from harness.cli import main; code = main(sys.argv[1:]); print(code, *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe, "gate", "--junit", "v.xml", "--markdown", "v.md", "--json", "v.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    code, *modules = done.stdout.splitlines()[-1].split()
    assert code == "0"
    heavy = {"pandas", "matplotlib", "torch", "jax", "tensorflow", "pydantic", "yaml", "scipy.stats"}
    assert not heavy & set(modules)
    assert "harness.export.junit" in modules


def test_a_run_that_is_gone_behind_its_pin_ends_with_74(tmp_path: Path, harness: Command) -> None:
    kept(tmp_path / "results", 1.0)
    harness("baseline", "set", "main", "latest", "--reason", "why")
    (tmp_path / "results" / "runs" / f"{RUN}.json").unlink()
    done = harness("show", "pin:main")
    assert done.returncode == 74
    assert f"{RUN}.json is gone" in done.stderr
