"""Pictures that a second process draws are those that would be drawn here, whatever becomes of that process."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.report.draw import ahead as module
from harness.report.draw.ahead import Ahead
from harness.report.load import Reported
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.report.write import compose, write
from tests.core.report.synthetic import REFERENCE, run, squares

FORMATS = ("md", "png", "svg")


@pytest.fixture(scope="module")
def reported() -> Reported:
    rows, samples = run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": 0.8}, noise=0.001)
    return Reported(runs=(summarise(rows, sample_frame(samples)),), problems=())


@pytest.fixture(autouse=True)
def always_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORTH", 1)
    monkeypatch.setattr(module, "available_cpus", lambda: [0, 1])


def figures(reported: Reported, folder: Path, ahead: Ahead | None) -> dict[str, bytes]:
    write(compose(reported, FORMATS, ahead=ahead), folder, ahead)
    return {path.name: path.read_bytes() for path in sorted((folder / "figures").iterdir())}


@pytest.fixture(scope="module")
def here(reported: Reported, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return figures(reported, tmp_path_factory.mktemp("here"), None)


def test_they_are_the_same(
    reported: Reported, tmp_path: Path, here: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.report.write._drawn", lambda *_: pytest.fail("it was drawn already"))
    with Ahead() as ahead:
        assert figures(reported, tmp_path, ahead) == here


@pytest.mark.parametrize(
    "child",
    [
        "raise SystemExit(1)",
        "pass",
        "print(1)",
        "import os; os._exit(9)",
        "import sys; sys.stdin.close(); x",
        f"import sys; print('welcome', flush=True); {module._CHILD}",
        "import pickle, sys; sys.stdout.buffer.write(pickle.dumps((('as-written-01', 'png'), b'half'))[:-3])",
    ],
)
def test_of_a_process_that_ends_too_soon_nothing_is_missing(
    reported: Reported, tmp_path: Path, here: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, child: str
) -> None:
    monkeypatch.setattr(module, "_CHILD", child)
    with Ahead() as ahead:
        assert figures(reported, tmp_path, ahead) == here


def test_without_a_second_process_nothing_is_missing(
    reported: Reported, tmp_path: Path, here: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr(subprocess, "Popen", refused)
    with Ahead() as ahead:
        assert figures(reported, tmp_path, ahead) == here


@pytest.mark.parametrize(("processors", "least"), [(1, 1), (8, 10_000)])
def test_none_is_begun_where_it_is_not_worth_it(
    reported: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int, least: int
) -> None:
    monkeypatch.setattr(module, "WORTH", least)
    monkeypatch.setattr(module, "available_cpus", lambda: range(processors))
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("a process was begun"))
    with Ahead() as ahead:
        assert figures(reported, tmp_path, ahead)


def test_who_leaves_early_leaves_no_process(reported: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that cannot be composed must not wait for its pictures."""
    monkeypatch.setattr(module, "_CHILD", "import time; time.sleep(600)")
    with Ahead() as ahead:
        compose(reported, FORMATS, ahead=ahead)
        process = ahead._process
    assert process is not None
    assert process.wait(60) != 0
