"""The gate as other programs meet it: its exit code, `git bisect run`, and what it takes to load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, run, squares

AB = {"a": REFERENCE, "b": "jax.jit@cpu"}

# Stands in for building a commit and measuring it with `ab`: how slow it is, or that it cannot be built, is in a file.
MEASURE = """
import pathlib, shutil, sys
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, run, squares

said = pathlib.Path("speed").read_text().strip()
if said == "broken":
    sys.exit(125)
results = pathlib.Path(sys.argv[1])
shutil.rmtree(results, ignore_errors=True)
rows, samples = run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": float(said)}, noise=0.0005)
store(results, rows, samples, ab={"a": REFERENCE, "b": "jax.jit@cpu"})
"""


def kept(root: Path, speed: float) -> None:
    rows, samples = run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": speed}, noise=0.0005)
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


def test_a_pin_is_held_against_a_run_of_another_folder(tmp_path: Path, harness: Command) -> None:
    """A folder of reference results that is kept in git, and the results of today."""
    kept(tmp_path / "reference", 1.0)
    kept(tmp_path / "results", 1.0)
    assert harness("baseline", "set", "main", "latest", "--reason", "why", "--results", "reference").returncode == 0
    done = harness("gate", "results/::jax.jit@cpu", "--base", f"pin:main::{REFERENCE}", "--results", "reference")
    assert (done.returncode, done.stdout.splitlines()[0][:4]) == (0, "PASS")


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    name = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    return subprocess.run(
        ["git", *name, *arguments], cwd=folder, env=os.environ | alone, capture_output=True, text=True, check=True
    )


def test_git_bisect_finds_the_commit_that_made_it_slower(tmp_path: Path, root: Path) -> None:
    """Of eight commits two cannot be built, and of the others the one that is slower is found."""
    tree = tmp_path / "tree"
    tree.mkdir()
    git(tree, "init", "-q", "-b", "main")
    commits: list[str] = []
    for speed in ("1.0", "1.001", "broken", "0.999", "1.0", "1.08", "1.081", "broken", "1.08"):
        (tree / "speed").write_text(speed + "\n" * len(commits), encoding="utf-8")
        git(tree, "add", "speed")
        git(tree, "commit", "-q", "-m", speed)
        commits.append(git(tree, "rev-parse", "HEAD").stdout.strip())
    (tmp_path / "measure.py").write_text(MEASURE, encoding="utf-8")
    script = tmp_path / "slower.sh"
    script.write_text(
        "#!/usr/bin/env bash\n"
        f'PYTHONPATH="{root}" "{sys.executable}" "{tmp_path}/measure.py" "{tmp_path}/results" || exit 125\n'
        f'exec "{sys.executable}" -m harness gate --bisect --results "{tmp_path}/results"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    git(tree, "bisect", "start", commits[-1], commits[0])
    done = git(tree, "bisect", "run", str(script))
    assert f"{commits[5]} is the first bad commit" in done.stdout, done.stdout + done.stderr


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
