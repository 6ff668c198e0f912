"""What is marked on arms is told with its meaning; what is compiled in name only is called so wherever it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.report.findings import RunFindings
from harness.report.marks import _MEANINGS, meaning
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.core.report.paged import paged, table_called, texts
from tests.core.report.synthetic import REFERENCE, run, squares

COMPILED = "torch.compile@cpu"
ROOT = Path(__file__).parents[3]


def marked(*tags: str) -> RunFindings:
    """Return a run whose compiled arms have these tags."""
    made, samples = run(squares(2), {REFERENCE: 1.0, COMPILED: 0.5}, noise=0.001)
    rows = [replace(row, tags=tags, first_call_s=10.0) if row.target == COMPILED else row for row in made]
    return summarise(rows, sample_frame(samples))


def test_each_mark_has_a_row_for_each_target() -> None:
    table = table_called(paged(marked("layout=NCHW", "of-a-stranger")), "marks")
    assert texts(table, "arms") == ["2", "2"]
    assert [row.cells[0].text[1:-1] for row in table.rows] == ["layout=NCHW", "of-a-stranger"]
    assert texts(table, "what it means")[0].startswith("arrays have their axes in this order")
    assert texts(table, "what it means")[1] == "said by its backend"


def test_without_marks_there_is_no_table() -> None:
    assert "marks" not in {table.name for table in paged(marked()).tables()}


def test_what_is_compiled_in_name_only_is_called_so() -> None:
    document = paged(marked("nothing-compiled"))
    assert all(
        "nothing was compiled" in text for text in texts(table_called(document, "cases-compiled"), "in its class")
    )
    repaid = texts(table_called(document, "first-calls"), "repaid after")
    assert [text for text in repaid if text != "–"] == ["nothing was compiled"] * 2
    plain = paged(marked())
    assert not any(
        "nothing was compiled" in text for text in texts(table_called(plain, "cases-compiled"), "in its class")
    )
    assert "nothing was compiled" not in texts(table_called(plain, "first-calls"), "repaid after")


def test_a_meaning_is_of_a_mark_that_somebody_sets() -> None:
    sources = [path for room in ("backends", "workloads") for path in (ROOT / "harness" / room).rglob("*.py")]
    said = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for mark in _MEANINGS:
        assert f'"{mark}"' in said
        assert meaning(mark) != meaning("of-a-stranger")
