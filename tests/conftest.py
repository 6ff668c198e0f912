"""What every test shares: deterministic properties, and commands run as a user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# Two shared cores stall for longer than any sensible deadline, and a red build must be red again tomorrow.
settings.register_profile("gate", deadline=None, derandomize=True, database=None, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))

Command = Callable[..., subprocess.CompletedProcess[str]]


def begin(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Start ``python -m harness`` in a folder, for a test that sends it signals."""
    return subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Choose the backends of tests/contract; it must stand here, where pytest looks before it collects."""
    parser.addoption("--backends", default="", help="backends to hold to the contract, as in torch,jax")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def harness(tmp_path: Path) -> Command:
    """Run ``python -m harness`` in an empty folder, as a process of its own."""

    def run(
        *arguments: str, cwd: Path = tmp_path, env: Mapping[str, str] | None = None, timeout_s: float = 240.0
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=cwd,
            env={**os.environ, "NO_COLOR": "1", **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout_s,
            check=False,
        )

    return run
