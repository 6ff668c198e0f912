"""The plug-in package of examples/: what the harness does not know of, it treats as its own."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import tokenize
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Command

needs_numba = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="Numba is not installed (dependency group `plugin`)"
)


@pytest.fixture(scope="module")
def plugin(root: Path) -> Path:
    return root / "examples" / "harness-example-plugin"


@pytest.fixture(scope="module")
def installed(plugin: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Install the package into a folder of its own, from the checkout alone, and return the path to it."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*command, "--target", str(folder), str(plugin)], check=True, timeout=120, capture_output=True)
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))}


def test_it_is_listed_as_if_it_were_built_in(harness: Command, installed: dict[str, str]) -> None:
    def names(what: str, env: dict[str, str] | None = None) -> set[str]:
        return {each["name"] for each in json.loads(harness("list", what, "--json", env=env).stdout)[what]}

    assert names("backends", installed) - names("backends") == {"numba"}
    assert names("workloads", installed) - names("workloads") == {"cumulative_sum"}


@needs_numba
def test_its_backend_keeps_the_contract(harness: Command, installed: dict[str, str]) -> None:
    """The backend in a few cases of each workload, as `check` chooses them; its own tests try the rest."""
    done = harness("check", "numba", "--json", env=installed)
    assert done.returncode == 0, done.stdout + done.stderr
    (verdict,) = json.loads(done.stdout)["targets"]
    assert verdict["cases"] >= 4
    assert not verdict["failures"]


def test_its_workload_keeps_the_contract_in_every_framework(
    harness: Command, installed: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "test_cumulative.py").write_text(
        "from harness_example.cumulative import CumulativeSum\n"
        "from harness.testing.plugin import workload_tests\n"
        "TestMine = workload_tests(CumulativeSum, backends=('numpy', 'torch', 'jax', 'tensorflow'))\n"
    )
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(tmp_path)]
    done = subprocess.run(
        [*tests, "-k", "not compile"],  # that has its minute in the package's own tests
        cwd=tmp_path,
        env={**os.environ, **installed},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@needs_numba
def test_its_suite_is_measured(harness: Command, installed: dict[str, str], plugin: Path, tmp_path: Path) -> None:
    done = harness("run", str(plugin / "plugin.yaml"), env=installed)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = pd.read_parquet(tmp_path / "results" / "measurements")
    numba = rows[rows.backend == "numba"].set_index("case").outcome.to_dict()
    assert numba == dict.fromkeys(("product", "total", "activation", "softmax"), "measured") | {"running": "refused"}
    assert (rows[rows.backend == "numpy"].outcome == "measured").all()


def test_nothing_in_the_harness_mentions_it(root: Path) -> None:
    for path in (root / "harness").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "harness_example" not in text
        assert "numba" not in text.lower(), path
        assert "cumulative" not in text.lower() or path.parent.name != "workloads", path


def code_lines(*paths: Path) -> int:
    """Count lines that hold code: not blank, no comment, no docstring."""
    count = 0
    for path in paths:
        lines: set[int] = set()
        fresh = True
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
            if token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT):
                fresh = fresh or token.type == tokenize.NEWLINE
            elif token.type != tokenize.ENDMARKER:
                if not (fresh and token.type == tokenize.STRING):
                    lines |= set(range(token.start[0], token.end[0] + 1))
                fresh = False
        count += len(lines)
    return count


def test_it_is_as_short_as_it_is_said_to_be(plugin: Path) -> None:
    folder = plugin / "src" / "harness_example"
    assert code_lines(folder / "info.py", folder / "backend.py") < 130
    assert code_lines(folder / "backend.py") < 100
    assert len((folder / "cumulative.py").read_text(encoding="utf-8").splitlines()) < 60
