"""The command `report` and the collector of garbage: it does not look while values are made that all stay."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.report import load, write
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, run, squares


@pytest.fixture
def command(tmp_path: Path) -> Iterator[list[str]]:
    """The command, on a store with one run; the collector is as it was afterwards."""
    store(tmp_path / "results", *run(squares(1), {REFERENCE: 1.0}))
    before = gc.isenabled()
    yield ["report", "--format", "md", "--results", str(tmp_path / "results"), "--out", str(tmp_path / "out")]
    (gc.enable if before else gc.disable)()


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize(("more", "code"), [([], 0), (["19990101"], 2)])
def test_the_collector_is_as_it_was_when_the_command_has_ended(
    command: list[str], *, on: bool, more: list[str], code: int
) -> None:
    (gc.enable if on else gc.disable)()
    assert main([*command, *more]) == code
    assert (gc.isenabled(), gc.get_freeze_count()) == (on, 0)


def test_values_that_stay_are_made_without_looking_and_never_looked_through(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures are drawn with the collector at work, for they leave garbage behind."""
    seen: dict[str, tuple[bool, bool]] = {}

    def watched(name: str, act: Any) -> Any:
        def watch(*given: Any, **more: Any) -> Any:
            seen[name] = (gc.isenabled(), gc.get_freeze_count() > 0)
            return act(*given, **more)

        return watch

    monkeypatch.setattr(load, "load", watched("load", load.load))
    monkeypatch.setattr(write, "compose", watched("compose", write.compose))
    monkeypatch.setattr(write, "write", watched("write", write.write))
    gc.enable()
    assert main(command) == 0
    assert seen == {"load": (False, False), "compose": (False, False), "write": (True, True)}


def test_markdown_needs_no_pandas(command: list[str]) -> None:
    """Whose import takes longer than the rows of a large run: for a summary of ten thousand arms that tells."""
    told = f"import sys; from harness.cli import main; main({command!r}); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
