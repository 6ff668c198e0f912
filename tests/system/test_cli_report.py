"""The whole command, as a user types it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, run, squares

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8, "torch.compile@cpu": 0.5}
SECOND = "20270102T030405678Z-0123456789ab"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A store with one run, where the command looks for it."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001)
    store(tmp_path / "results", rows, samples)
    return tmp_path


def test_report_writes_a_page_and_says_where_and_what(results: Path, harness: Command) -> None:
    """The headline and the path, on standard output; nothing is odd, so nothing on standard error."""
    done = harness("report")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"gemm, run {RUN}"
    assert any(re.search(r"torch\.compile@cpu is 1\.(59|60)\d* \[", line) for line in lines)
    page = results / lines[-1]
    assert page == results / "reports" / "latest" / "index.html"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (page.parent / "README.md").read_text(encoding="utf-8").startswith("# Report: `gemm`")
    assert list((page.parent / "figures").glob("*.png"))
    assert (page.parent / "tables" / "cases-as-written.csv").read_text(encoding="utf-8").startswith("case,target,")


def test_a_named_run_gets_a_folder_of_its_own(results: Path, harness: Command) -> None:
    """With --json one document, and a summary for a CI job on request."""
    done = harness("report", "latest", "--json", "--out", "out", "--summary", "summary.md", "--format", "md,csv")
    document = json.loads(done.stdout)
    assert document["page"] == f"out/{RUN}/README.md"
    assert "arms: 8 planned" in " ".join(document["runs"][RUN])
    assert (results / "summary.md").read_text(encoding="utf-8").startswith("### `gemm`, run")
    assert not (results / "out" / RUN / "index.html").exists()


def test_all_formats_are_made_and_the_same_again(results: Path, harness: Command) -> None:
    """To the byte, by the command that the report itself names."""
    assert harness("report", "--format", "all").returncode == 0
    folder = results / "reports" / "latest"
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {Path(name).suffix for name in before} == {".html", ".md", ".csv", ".png", ".svg", ".pdf", ".json"}
    assert before["manifest.json"].startswith(b'{\n  "schema": "harness.report/1"')
    command = json.loads(before["manifest.json"])["command"].split()
    assert command[:4] == ["python", "-m", "harness", "report"]
    assert harness(*command[3:]).returncode == 0
    again = {path.name: path.read_bytes() for path in (results / "reports" / RUN).rglob("*") if path.is_file()}
    assert again == before


def test_one_case_can_be_reported_alone(results: Path, harness: Command) -> None:
    case = next(iter(squares(2)))
    done = harness("report", "latest", "--only", case, "--format", "md")
    assert done.returncode == 0, done.stderr
    assert case in (results / done.stdout.splitlines()[-1]).read_text(encoding="utf-8")
    unknown = harness("report", "latest", "--only", "no such case", "--format", "md")
    assert unknown.returncode != 0
    assert "Traceback" not in unknown.stderr


@pytest.mark.parametrize("formats", ["docx", "html,docx", ""])
def test_a_format_that_there_is_not_ends_with_two(results: Path, harness: Command, formats: str) -> None:
    """And names those that there are."""
    done = harness("report", "--format", formats)
    assert (done.returncode, done.stdout) == (2, "")
    assert "html, md, csv, png, svg, pdf and all" in done.stderr
    assert not (results / "reports").exists()


def test_runs_measured_in_different_ways_say_so_on_top(results: Path, harness: Command) -> None:
    """Each in its own part, nothing averaged."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001, run_id=SECOND, suite="conv", method_version=2, env_id="env-2")
    store(results / "results", rows, [replace(one, run_id=SECOND) for one in samples], state="partial")
    done = harness("report", "--format", "md")
    assert done.returncode == 0, done.stderr
    page = (results / "reports" / "latest" / "README.md").read_text(encoding="utf-8")
    top = page.partition("### ")[0]
    assert "The method of measuring is not the same everywhere" in top
    assert "not all of one machine" in top
    assert f"## Suite `conv`, run `{SECOND}` (partial)" in page


def test_a_corrupt_file_is_named_on_standard_error(results: Path, harness: Command) -> None:
    """What can be shown is shown."""
    (results / "results" / "samples" / f"{RUN}.parquet").write_bytes(b"")
    done = harness("report", "--format", "md,csv")
    assert done.returncode == 0
    assert f"samples/{RUN}.parquet" in done.stderr
    assert f"samples/{RUN}.parquet" in (results / "reports" / "latest" / "README.md").read_text(encoding="utf-8")


def test_an_empty_store_ends_with_five(tmp_path: Path, harness: Command) -> None:
    """And says how to begin."""
    done = harness("report")
    assert (done.returncode, done.stdout) == (5, "")
    assert "no run in results can be reported" in done.stderr
    assert "python -m harness quickstart" in done.stderr


def test_a_folder_that_cannot_be_written_ends_with_74(results: Path, harness: Command) -> None:
    """Named, with a remedy."""
    (results / "reports").write_text("a file")
    done = harness("report", "--format", "md")
    assert done.returncode == 74
    assert "cannot write the report in reports/latest" in done.stderr
