"""The whole command, as a user types it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

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
    """To the byte and in the same folder, by the command that the report itself names."""
    assert harness("report", "--format", "all").returncode == 0
    folder = results / "reports" / "latest"
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {Path(name).suffix for name in before} == {".html", ".md", ".csv", ".png", ".svg", ".pdf", ".json"}
    assert before["manifest.json"].startswith(b'{\n  "schema": "harness.report/1"')
    command = json.loads(before["manifest.json"])["command"].split()
    assert command[:4] == ["python", "-m", "harness", "report"]
    shutil.rmtree(results / "reports")
    assert harness(*command[3:]).returncode == 0
    assert [path.name for path in (results / "reports").iterdir()] == ["latest"]
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("names", [(), ("latest",)])
def test_what_a_page_offers_finds_a_store_that_was_copied(
    results: Path, harness: Command, names: tuple[str, ...]
) -> None:
    """Under another name, while a store of the usual name is empty: the row is found, and the report written anew."""
    (results / "results").rename(results / "their results")
    asked = ("--results", "their results", "--out", "my reports", "--format", "md")
    assert harness("report", *names, *asked).returncode == 0
    (folder,) = (results / "my reports").iterdir()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    page = before["README.md"].decode()
    again = json.loads(before["manifest.json"])["command"]
    (shown,) = re.findall(r"^python -m harness report .*$", page, re.MULTILINE)
    shutil.rmtree(folder)
    for line in (again, shown):
        assert harness(*shlex.split(line)[3:]).returncode == 0, line
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    case = next(iter(squares(2)))
    assert harness("report", "latest", *asked, "--only", f"{case}::jax.jit@cpu").returncode == 0
    (alone,) = (results / "my reports").glob(f"{RUN}-*/README.md")
    (replay,) = re.findall(r"^python -m harness replay .*$", alone.read_text(encoding="utf-8"), re.MULTILINE)
    done = harness(*shlex.split(replay)[3:], "--yaml")
    assert done.returncode == 0, done.stderr
    assert "schema: harness.suite/1" in done.stdout


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
    told: dict[str, Any] = {"run_id": SECOND, "suite": "conv", "method_version": 2, "device_name": "Another CPU"}
    rows, samples = run(squares(2), SPEEDS, noise=0.001, **told)
    store(results / "results", rows, [replace(one, run_id=SECOND) for one in samples], state="partial")
    done = harness("report", "--format", "md")
    assert done.returncode == 0, done.stderr
    page = (results / "reports" / "latest" / "README.md").read_text(encoding="utf-8")
    top = page.partition("### ")[0]
    assert "The method of measuring is not the same everywhere" in top
    assert "not all measured on one machine" in top
    assert "| `device cpu` | `Imaginary CPU` | `Another CPU` |" in top
    assert f"## Suite `conv`, run `{SECOND}` (partial)" in page


def test_a_corrupt_file_is_named_on_standard_error(results: Path, harness: Command) -> None:
    """What can be shown is shown."""
    (results / "results" / "samples" / f"{RUN}.parquet").write_bytes(b"")
    done = harness("report", "--format", "md,csv")
    assert done.returncode == 0
    assert f"samples/{RUN}.parquet" in done.stderr
    assert f"samples/{RUN}.parquet" in (results / "reports" / "latest" / "README.md").read_text(encoding="utf-8")


def test_an_empty_store_ends_with_five(tmp_path: Path, harness: Command) -> None:
    """And says how to begin, in the summary of a CI job too."""
    done = harness("report", "--summary", "summary.md")
    assert (done.returncode, done.stdout) == (5, "")
    assert "no run in results can be reported" in done.stderr
    assert "python -m harness quickstart" in done.stderr
    said = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert said.startswith("### Nothing to report\n\nno run in results can be reported\n")
    assert "python -m harness quickstart" in said


def test_a_folder_that_cannot_be_written_ends_with_74(results: Path, harness: Command) -> None:
    """Named, with a remedy."""
    (results / "reports").write_text("a file")
    done = harness("report", "--format", "md")
    assert done.returncode == 74
    assert "cannot write the report in reports/latest" in done.stderr
