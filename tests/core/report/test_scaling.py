"""Where numbers of threads are compared, contests are at equal threads and each target is its own yardstick."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.report.content import plain
from harness.report.findings import RunFindings, Standing
from harness.report.load import load
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.report.terminal import COLUMNS, table_of
from harness.store.record import Measurement, Sample
from tests.core.report.paged import page, paged
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, run, squares, unmeasured

JAX = "jax.jit@cpu"
AT = {1: (1.0, 2.0), 2: (0.5, 1.6), 8: (1.0, 1.0)}  # times of the reference and of JAX at that many threads


@pytest.fixture(scope="module")
def rows() -> tuple[list[Measurement], list[Sample]]:
    """Two cases on two targets at 1 and 2 threads; 8 are more than there are."""
    everything: list[Measurement] = []
    blocks: list[Sample] = []
    for threads, (reference, jax) in AT.items():
        label = f"{threads}-thread{'s' * (threads > 1)}"
        # One seed: the machine wanders alike under all of them, as it does within a round.
        made, samples = run(squares(2), {REFERENCE: reference, JAX: jax}, noise=0.001, seed=3, copy=reference)
        made = [replace(row, label=label, threads=threads) for row in made]
        if threads > 2:
            made = [unmeasured(row, "unavailable", "no room") for row in made if row.replica == 0]
            samples = []
        everything += made
        blocks += [replace(sample, label=label) for sample in samples]
    return everything, blocks


@pytest.fixture(scope="module")
def found(rows: tuple[list[Measurement], list[Sample]]) -> RunFindings:
    """What it says."""
    return summarise(rows[0], sample_frame(rows[1]))


def test_contests_are_at_equal_threads(found: RunFindings) -> None:
    """Each has its own reference, its own copy of it, and its own winner."""
    board = next(one for one in found.boards if one.mode_class == "as-written")
    assert [case.name for case in board.cases][:3] == [
        f"square[m=32,dtype=float32], {threads}" for threads in ("1 thread", "2 threads", "8 threads")
    ]
    ratios = {
        (case.name.rpartition(", ")[2], entry.arm.target): round(entry.beside_reference.ratio or 0, 1)
        for case in board.cases
        for entry in case.entries
        if entry.beside_reference
    }
    assert ratios == {("1 thread", JAX): 2.0, ("2 threads", JAX): 3.2}
    wins = [entry for case in board.cases for entry in case.entries if entry.standing is Standing.WINS]
    assert {entry.arm.target for entry in wins} == {REFERENCE}
    assert len(wins) == 4
    assert [one.target for one in board.overall] == [REFERENCE, JAX]
    assert board.common == 4
    assert (found.reference, found.self_check.cases, found.self_check.passed) == (REFERENCE, 4, True)


def test_each_target_is_its_own_yardstick(found: RunFindings) -> None:
    steps = {
        (one.case, one.target): [
            (step.threads, step.speed_up and round(step.speed_up.ratio or 0, 2)) for step in one.steps
        ]
        for one in found.scalings
    }
    assert len(steps) == 4
    assert {tuple(found) for key, found in steps.items() if key[1] == REFERENCE} == {((1, None), (2, 2.0), (8, None))}
    assert {tuple(found) for key, found in steps.items() if key[1] == JAX} == {((1, None), (2, 1.25), (8, None))}
    means = {(mean.target, mean.fewest, mean.threads): mean for mean in found.scaling_means}
    assert set(means) == {(REFERENCE, 1, 2), (JAX, 1, 2)}
    assert means[JAX, 1, 2].speed_up.ratio == pytest.approx(1.25, rel=0.01)
    assert means[JAX, 1, 2].cases == 2


def test_the_page_has_a_table_of_it(found: RunFindings) -> None:
    text = page(found)
    assert "### Scaling with threads" in text
    heads = ["1 thread", "2 threads", "2 threads: times as fast", "8 threads", "8 threads: times as fast"]
    assert f"| case | target | {' | '.join(heads)} |" in text
    (scaling,) = [table for table in paged(found).tables() if table.name == "scaling"]
    row = next(row for row in scaling.rows if plain(row.cells[1].text) == JAX)
    assert row.cells[4].value == pytest.approx(1.25, rel=0.01)
    assert row.cells[4].span is not None
    assert [cell.text for cell in row.cells[5:]] == ["unavailable", "–"]
    assert "`jax.jit@cpu`, 2 threads" in text  # every planned arm, with its number


def test_a_run_at_one_number_says_nothing_of_it() -> None:
    made, samples = run(squares(1), {REFERENCE: 1.0, JAX: 2.0})
    alone = summarise(made, sample_frame(samples))
    assert (alone.scalings, alone.scaling_means) == ((), ())
    assert "### Scaling" not in page(alone)


def test_the_terminal_names_the_number_with_the_case(rows: tuple[list[Measurement], list[Sample]]) -> None:
    lines = table_of(*rows).splitlines()
    assert "square[m=32,dtype=float32], 2 threads" in lines
    assert all(len(line) <= COLUMNS for line in lines)
    assert sum(line.endswith("reference") for line in lines) == 4


def test_one_arm_is_named_as_it_is_printed(rows: tuple[list[Measurement], list[Sample]], tmp_path: Path) -> None:
    store(tmp_path, *rows)
    for name, count in ((f"latest::{JAX}/2-threads", 2), ("latest::2-threads", 6), (f"latest::{JAX}", 6)):
        assert len(load(tmp_path, [name]).runs[0].arms) == count


def test_lines_of_different_threads_are_different_pictures(found: RunFindings) -> None:
    titles = [picture.title for picture in paged(found).pictures() if picture.title.startswith("Speed: ")]
    assert [title.rpartition(", ")[2] for title in titles] == ["at 1 thread", "at 2 threads"]
