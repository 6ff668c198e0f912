"""Pages: answers first, every arm in it, no cell empty, the same bytes each time, whatever the names hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from harness.report.findings import Problem, RunFindings
from harness.report.headline import headline
from harness.report.load import Reported
from harness.report.markdown import page
from harness.report.pictures import pictures_of
from harness.report.rows import sample_frame
from harness.report.step_summary import summary
from harness.report.summarise import summarise
from harness.store.record import Measurement, Outcome
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured
from tests.core.report.test_escape import HOSTILE, Cells

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8, "torch.compile@cpu": 0.5, "numpy.reference@cpu": 3.0}
OURS = {"table", "thead", "tbody", "tr", "th", "td", "code", "p", "h1", "h2", "h3", "ul", "li", "pre", "img", "strong"}
MANIFEST = {
    "command": "python -m harness run suites/gemm.yaml",
    "machine": {"cpu": {"model": "Imaginary CPU", "logical": 2}, "memory": {"total_bytes": 8 << 30}, "gpus": []},
    "measure": {"profile": "standard"},
    "environments": {"jax.jit@cpu": {"framework_version": "9.9", "flags": ["--one", "--two"]}},
}


def found(rows: Sequence[Measurement] | None = None, *, sets: int = 5, state: str = "complete") -> RunFindings:
    """Return a run's findings; `rows` replace those that were made up."""
    made, samples = run(squares(3), SPEEDS, noise=0.001, sets=sets, seed=5)
    return summarise(rows or made, sample_frame(samples), manifest=MANIFEST, state=state)


def text_of(*runs: RunFindings, problems: Sequence[Problem] = ()) -> str:
    """Return the page."""
    return page(runs, problems, [pictures_of(one) for one in runs])


def cells(text: str) -> list[str]:
    """Return the cells of all tables."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [cell.strip() for row in rows for cell in row.strip("|").split(" | ")]


def test_the_answers_come_first() -> None:
    """Who wins, by how much, whether to believe it, what became of the arms, where, and how to do it again."""
    top = text_of(found()).partition("###")[0]
    assert "`torch.compile@cpu` is 1.60" in top
    assert "smallest difference that could be seen today is 0." in top
    assert "15 planned: 15 measured (3 of them for the self-check)" in top
    assert "Imaginary CPU, 2 logical processors, 8 GiB of memory" in top
    assert "`python -m harness run suites/gemm.yaml`" in top
    assert "3 wins, 0 ties, 0 losses" in top


def test_few_sets_are_called_indicative_at_once() -> None:
    """And no verdict stands anywhere."""
    text = text_of(found(sets=2))
    assert "indicative, no verdict" in text.partition("###")[0]
    assert not {"faster", "slower", "wins"} & set(cells(text.partition("## How to read")[0])) - {"wins"}
    assert cells(text).count("wins") == 2  # the heads of two columns


def test_a_failed_self_check_is_said_at_once() -> None:
    """With its interval."""
    rows, samples = run(squares(3), SPEEDS, noise=0.001, copy=1.2)
    top = " ".join(headline(summarise(rows, sample_frame(samples)), str))
    assert re.search(r"gave 1\.2\d* \[1\.\d+, 1\.\d+\] over 3 cases, which misses 1: verdicts are withheld", top)
    assert "verdict withheld: torch.compile@cpu" in top


def test_a_tie_is_called_a_tie() -> None:
    """Nobody is named the fastest."""
    rows, samples = run(squares(4), {REFERENCE: 1.0, "jax.jit@cpu": 1.0}, noise=0.01, seed=3)
    said = " ".join(headline(summarise(rows, sample_frame(samples)), str))
    assert "as-written: a tie:" in said
    assert "times as fast" not in said


def test_every_outcome_has_its_line_and_its_reason() -> None:
    """A rejected time stands there and nowhere else."""
    rows, samples = run(squares(1), SPEEDS)
    target = "jax.jit@cpu"
    base = next(row for row in rows if row.target == target)
    others = [
        unmeasured(replace(base, case=f"c-{outcome}", case_key=outcome), outcome, f"error: because {outcome}")
        for outcome in Outcome
        if outcome != "measured"
    ]
    others = [replace(row, predicted_s=0.25) if row.outcome == "predicted" else row for row in others]
    text = text_of(summarise([*rows, *others], sample_frame(samples)))
    for row in others:
        assert f"| `{row.case}` | `{target}` | {row.outcome} |" in text
        assert f"error: because {row.outcome}" in text
    assert "V1, V4: error: because invalid; rejected time" in text
    assert "the compiler estimates 250 ms" in text
    assert text.count("rejected time") == 1


@pytest.mark.parametrize(
    "runs",
    [
        [found()],
        [found(sets=1)],
        [found(state="partial")],
        [found([unmeasured(arm(), "refused", "no")])],
        [found([unmeasured(arm(), "not-run")])],
        [found(), found(sets=2)],
    ],
)
def test_no_cell_is_empty_or_no_number(runs: list[RunFindings]) -> None:
    """A gap says what it is."""
    text = text_of(*runs)
    assert all(cells(text))
    assert not re.search(r"\b(nan|inf|None)\b", text)
    heights = [len(line.strip("|").split(" | ")) for line in text.splitlines() if line.startswith("|")]
    assert min(heights) > 1


def test_partial_runs_and_bad_files_are_named() -> None:
    """Where the reader cannot miss them."""
    text = text_of(found(state="partial"), problems=[Problem(place="runs/a.json", message="not JSON")])
    assert "(partial)" in text
    assert "did not reach its end" in text
    assert "- `runs/a.json`: not JSON" in text


def test_each_run_has_a_section_of_its_own() -> None:
    """Numbers of different machines are never mixed."""
    second = replace(found(), run_id="20270102T030405678Z-0123456789ab")
    text = text_of(found(), second)
    assert text.count("### Who wins: compiled") == 2
    assert "numbers of different runs are never mixed" in text


def test_what_it_was_measured_on_is_there() -> None:
    """Facts of the manifest, flattened, and nothing of its bulk."""
    text = text_of(found())
    assert "| `environments.jax.jit@cpu.flags` | `--one, --two` |" in text
    assert "| `torch version` | `1.2.3` |" in text


def test_the_same_results_give_the_same_page() -> None:
    """To the byte."""
    assert text_of(found()) == text_of(found())


@given(name=st.sampled_from(HOSTILE) | st.text(max_size=60), detail=st.sampled_from(HOSTILE))
def test_hostile_names_are_text_everywhere(name: str, detail: str) -> None:
    """In tables, headlines, captions and the summary: no markup but our own."""
    rows = [
        replace(row, case=name or "x", label=name, suite=name, backend=name, framework_version=name, device_name=name)
        for row in run(squares(2), {REFERENCE: 1.0}, sets=1, rounds=1)[0]
    ]
    rows.append(unmeasured(replace(rows[0], case_key="other"), "failed", detail))
    manifest = {"command": detail, name: {name: detail}, "machine": {"cpu": {"model": name}}}
    run_found = summarise(rows, None, manifest=manifest, state="partial")
    text = text_of(run_found, problems=[Problem(place=name, message=detail)])
    assert tags(text) <= OURS
    assert tags(summary(Reported(runs=(run_found,), problems=()))) <= OURS
    for block in text.split("\n\n"):
        assert len({line.count("|") for line in block.splitlines() if line.startswith("|")}) <= 1, block


def tags(text: str) -> set[str]:
    """Return the tags that a page is rendered to."""
    cells = Cells()
    cells.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))
    return cells.tags


@pytest.mark.parametrize("budget", [400, 1_000, 3_000, 60_000])
def test_a_summary_keeps_within_its_bytes(budget: int) -> None:
    """And says how much it left out; the first headline is the last to go."""
    rows = [unmeasured(arm(f"c{at}"), "failed", "crashed: ärger " + "x" * 200) for at in range(300)]
    made = Reported(runs=(found(), summarise(rows, None)), problems=())
    text = summary(made, budget=budget)
    assert len(text.encode()) <= budget
    assert text.startswith("### `gemm`, run")
    assert re.search(r"Left out for want of room: \d+ of \d+ parts", text) or budget > 3_000
