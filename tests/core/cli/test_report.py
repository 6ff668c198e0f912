"""The command `report`: what it leaves where there is nothing to report, and when garbage is looked for.

The collector does not look while values are made that all stay.
"""

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
from harness.report.room import BUDGET_BYTES
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, run, squares


@pytest.fixture
def command(tmp_path: Path) -> Iterator[list[str]]:
    """The command, on a store with one run; the collector is as it was afterwards."""
    store(tmp_path / "results", *run(squares(1), {REFERENCE: 1.0}))
    before = gc.isenabled()
    yield ["report", "--format", "md", "--results", str(tmp_path / "results"), "--out", str(tmp_path / "out")]
    (gc.enable if before else gc.disable)()


@pytest.mark.parametrize(
    ("names", "says"),
    [([], "no run in"), (["latest"], "complete runs"), (["--only", "no such case"], "no row is called no such case")],
)
def test_where_there_is_nothing_to_report_the_summary_says_so(
    tmp_path: Path, command: list[str], names: list[str], says: str
) -> None:
    """Below what stands there: without a word, the page of a job would look as if nobody had asked."""
    summary, empty = tmp_path / "summary.md", str(tmp_path / "empty")
    summary.write_text("# A job\n", encoding="utf-8")
    asked = command if "--only" in names else ["report", "--results", empty, "--out", str(tmp_path / "out")]
    assert main([*asked, *names, "--summary", str(summary)]) == 5
    first, _, rest = summary.read_text(encoding="utf-8").partition("### Nothing to report\n")
    assert first == "# A job\n"
    assert says in rest
    assert not (tmp_path / "out").exists()


def test_names_of_files_that_could_not_be_used_are_text_in_a_summary(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for number in range(999):
        (tmp_path / "runs" / f"<img src=x{number}> | `a` [b](c).json").write_text("{", encoding="utf-8")
    summary = tmp_path / "summary.md"
    assert main(["report", "--results", str(tmp_path), "--summary", str(summary)]) == 5
    text = summary.read_text(encoding="utf-8")
    assert "<img" not in text
    assert "](" not in text
    assert len(text.encode()) <= BUDGET_BYTES
    assert "more to say than there is room for" in text


def test_a_summary_that_cannot_be_written_is_told_before_that_there_is_nothing(tmp_path: Path) -> None:
    assert main(["report", "--results", str(tmp_path), "--summary", str(tmp_path / "no" / "summary.md")]) == 74


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
