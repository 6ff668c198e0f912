"""The whole command, as a user types it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, run, squares

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8, "torch.compile@cpu": 0.5}


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
    assert page == results / "reports" / "latest" / "README.md"
    assert page.read_text(encoding="utf-8").startswith("# Report: `gemm`")
    assert list((page.parent / "figures").glob("*.png"))


def test_a_named_run_gets_a_folder_of_its_own(results: Path, harness: Command) -> None:
    """With --json one document, and a summary for a CI job on request."""
    done = harness("report", "latest", "--json", "--out", "out", "--summary", "summary.md")
    document = json.loads(done.stdout)
    assert document["page"] == f"out/{RUN}/README.md"
    assert "arms: 8 planned" in " ".join(document["runs"][RUN])
    assert (results / "summary.md").read_text(encoding="utf-8").startswith("### `gemm`, run")


def test_a_corrupt_file_is_named_on_standard_error(results: Path, harness: Command) -> None:
    """What can be shown is shown."""
    (results / "results" / "samples" / f"{RUN}.parquet").write_bytes(b"")
    done = harness("report")
    assert done.returncode == 0
    assert f"samples/{RUN}.parquet" in done.stderr


def test_an_empty_store_ends_with_five(tmp_path: Path, harness: Command) -> None:
    """And says how to begin."""
    done = harness("report")
    assert (done.returncode, done.stdout) == (5, "")
    assert "no run in results can be reported" in done.stderr
    assert "python -m harness quickstart" in done.stderr


def test_a_folder_that_cannot_be_written_ends_with_74(results: Path, harness: Command) -> None:
    """Named, with a remedy."""
    (results / "reports").write_text("a file")
    done = harness("report")
    assert done.returncode == 74
    assert "cannot write the report in reports/latest" in done.stderr
