"""What is committed to be shown: its files are unharmed, and its report is of just these runs."""

from __future__ import annotations

from pathlib import Path

from harness.cli import main
from harness.store.runs import find_runs

ROOT = Path(__file__).parents[2]
RESULTS, REPORT = ROOT / "results/reference", ROOT / "reports/reference/latest"


def test_reference_results_are_unharmed() -> None:
    """Every file is the one that its run wrote."""
    assert main(["store", "verify", "--results", str(RESULTS)]) == 0


def test_the_reference_report_is_of_the_reference_results() -> None:
    """Each run is in the page and in its Markdown."""
    runs = find_runs(RESULTS)
    assert runs
    for page in ("index.html", "README.md"):
        text = (REPORT / page).read_text(encoding="utf-8")
        assert all(run.run_id in text for run in runs), page


def test_what_the_reference_results_say_of_themselves_is_how_they_were_made() -> None:
    """The page beside them has the command of each run."""
    said = (RESULTS / "README.md").read_text(encoding="utf-8")
    for run in find_runs(RESULTS):
        assert str(run.manifest["command"]) in said
