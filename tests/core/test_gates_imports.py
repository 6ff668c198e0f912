"""The command line answers at once, and the parent process never holds a framework.

Linters see `import` statements; they do not see what `importlib` loads. These tests look at
`sys.modules` of a real process.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

FRAMEWORKS = ("torch", "jax", "jaxlib", "tensorflow", "keras")
HEAVY = (*FRAMEWORKS, "numpy", "pandas", "matplotlib", "scipy", "pyarrow", "pydantic", "yaml")

PROBE = """
import json, sys
from harness.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code or 0
print(json.dumps({"code": int(code), "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def loaded_by(*arguments: str) -> tuple[int, set[str]]:
    """Run a command in a fresh interpreter; return its exit code and all that was imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    said = json.loads(done.stderr.splitlines()[-1])
    return said["code"], set(said["modules"])


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("run", "--help"), ("doctor", "--help")])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code, modules = loaded_by(*arguments)
    assert code == 0
    assert modules.isdisjoint(HEAVY), sorted(modules.intersection(HEAVY))


def test_help_loads_little_beside_argparse() -> None:
    """Twice the time of `import argparse` is the most it may take, and dataclasses alone are half of that time."""
    _, modules = loaded_by("--help")
    assert modules.isdisjoint({"dataclasses", "inspect", "shutil", "typing", "pathlib", "harness.errors"})


@pytest.mark.parametrize(
    "arguments", [("show", "suites/gemm.yaml"), ("validate", "suites/gemm.yaml"), ("list", "workloads"), ("schema",)]
)
def test_planning_a_suite_loads_no_framework(
    arguments: tuple[str, ...], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    code, modules = loaded_by(*arguments)
    assert code == 0
    assert modules.isdisjoint(FRAMEWORKS), sorted(modules.intersection(FRAMEWORKS))


def test_this_gate_sees_what_is_imported() -> None:
    """The probe is no formality: a module that a command does import shows up."""
    _, modules = loaded_by("--help")
    assert "argparse" in modules
    assert "harness.cli" in modules


def test_every_module_says_what_it_is_for(root: Path) -> None:
    """A docstring of at least one sentence, and postponed annotations, in every module of the package."""
    for path in sorted((root / "harness").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = ast.get_docstring(tree) or ""
        assert "." in said, f"{path.relative_to(root)} does not open with a sentence"
        futures = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
        says_types = any(isinstance(n, ast.FunctionDef | ast.ClassDef | ast.AnnAssign) for n in tree.body)
        assert futures or not says_types, f"{path.relative_to(root)} lacks `from __future__ import annotations`"


def test_a_command_with_the_name_of_a_builtin_harms_none_that_follow(capsys: pytest.CaptureFixture[str]) -> None:
    """Importing ``harness.cli.list`` makes `list` a name in ``harness.cli``, where it hides the builtin."""
    from harness.cli import main

    for _ in range(2):
        assert main(["list", "workloads"]) == 0
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert "matmul" in capsys.readouterr().out
