"""The page of one verdict: it claims what its numbers carry, and holds all that they stand on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NothingSelected
from harness.report.content import Block, Bullets, Code, Document, Fold, Light, Prose, Table, Trust, plain
from harness.report.draw import scene_of
from harness.report.draw.scene import Label
from harness.report.escape import visible
from harness.report.findings import RunFindings
from harness.report.leads import capital
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.report.verdict_page import verdict
from tests.core.report.synthetic import REFERENCE, RUN, hash_of, retargeted, run, squares, unmeasured
from tests.core.report.test_escape import HOSTILE

JAX, COMPILED, NUMPY = "jax.jit@cpu", "torch.compile@cpu", "numpy.reference@cpu"
SPEEDS = {REFERENCE: 1.0, JAX: 0.8, COMPILED: 0.5, NUMPY: 3.0}
CASE = next(iter(squares(1)))


def found(*, sets: int = 5, copy: float = 1.0, state: str = "complete", **manifest: Any) -> RunFindings:
    """Return a run of three cases whose truth is known."""
    rows, samples = run(squares(3), SPEEDS, noise=0.001, sets=sets, seed=5, copy=copy)
    return summarise(rows, sample_frame(samples), manifest=manifest, state=state)


def blocks(document: Document) -> Iterator[Block]:
    """Yield all blocks of a page."""
    for section in document.sections:
        yield from _inner(section.blocks)


def _inner(held: Sequence[Block]) -> Iterator[Block]:
    for block in held:
        yield block
        if isinstance(block, Fold):
            yield from _inner(block.blocks)


def first(document: Document) -> str:
    """Return the sentence on top."""
    head = document.sections[0].blocks[0]
    assert isinstance(head, Prose)
    return plain(head.text)


def light(document: Document) -> Light:
    """Return whether to trust it."""
    (only,) = [block for block in blocks(document) if isinstance(block, Light)]
    return only


def codes(document: Document) -> list[str]:
    """Return all that is there to be copied."""
    return ["\n".join(block.lines) for block in blocks(document) if isinstance(block, Code)]


def test_a_verdict_is_a_sentence_with_its_interval() -> None:
    page = verdict(found(), f"{CASE}::{JAX}")
    who = rf"{re.escape(JAX)} is 1\.2[45]\d* x faster than {re.escape(REFERENCE)} at {re.escape(CASE)}"
    said = rf"{who} \(1\.2\d+ to 1\.2\d+, 5 fresh starts of each\)\."
    assert re.match(said, first(page))
    assert light(page).trust is Trust.GOOD
    assert page.description == first(page)


def test_the_first_picture_says_what_came_out_for_it_is_passed_on_alone() -> None:
    page = verdict(found(), f"{CASE}::{JAX}")
    picture, *others = page.pictures()
    sentence, trust, where = picture.told
    assert sentence == first(page)
    assert trust == f"{capital(light(page).trust.word)}: {light(page).text}"
    assert where.startswith(f"Run {RUN}; ")
    assert not any(other.told for other in others)
    scene = scene_of(picture)
    drawn = "".join(item.text for item in scene.items if isinstance(item, Label))
    assert sentence.replace(" ", "") in drawn.replace(" ", "")
    assert scene.height > scene_of(replace(picture, told=())).height


def test_all_that_it_stands_on_is_there() -> None:
    page = verdict(found(command="python -m harness run suites/gemm.yaml"), f"{CASE}::{JAX}")
    assert [section.anchor for section in page.sections] == [
        "verdict",
        "evidence",
        "self-check",
        "where",
        "again",
        "cite",
    ]
    assert list(page.pictures())
    (table,) = [block for block in blocks(page) if isinstance(block, Table)]
    assert {plain(row.cells[0].text) for row in table.rows} == set(SPEEDS)
    assert all(len(row.cells) == len(table.columns) for row in table.rows)
    copied = codes(page)
    assert any(text.startswith("python -m harness run suites/gemm.yaml") for text in copied)
    assert f"python -m harness replay '{RUN}::{CASE}::{JAX}'" in copied
    assert any("schema: harness.suite/1" in text for text in copied)
    assert any("@misc{" in text for text in copied)


@pytest.mark.parametrize(
    ("store", "place", "copied"),
    [
        ("results", "", f"'{RUN}::{CASE}::{JAX}'"),
        ("results/reference", "", f"'{RUN}::{CASE}::{JAX}' --results results/reference"),
        ("my kept", "a b/runs/x.json", f"'a b/runs/x.json::{CASE}::{JAX}' --results 'my kept'"),
    ],
)
def test_the_row_is_found_where_the_page_was_made_of_it(store: str, place: str, copied: str) -> None:
    page = verdict(replace(found(), store=Path(store), place=place), f"{CASE}::{JAX}")
    assert f"python -m harness replay {copied}" in codes(page)


def test_only_the_named_case_is_on_the_page() -> None:
    page = verdict(found(), CASE)
    names = [plain(cell.text) for table in page.tables() for row in table.rows for cell in row.cells]
    others = [case for case in squares(3) if case != CASE]
    assert not [case for case in others if case in " ".join(names)]
    head = page.sections[0].blocks[0]
    assert isinstance(head, Bullets)
    assert len(head.items) == len(SPEEDS)


def test_the_key_of_a_case_names_it_too() -> None:
    assert verdict(found(), f"{hash_of(CASE)}::{JAX}") == verdict(found(), f"{CASE}::{JAX}")


def test_another_class_is_no_contest() -> None:
    page = verdict(found(), f"{CASE}::{COMPILED}")
    assert "and that is no verdict: the two are of different classes" in first(page)
    assert light(page).trust is Trust.NONE


def test_beside_numpy_there_is_no_contest() -> None:
    """NumPy is of no class, so that the two are not of different ones."""
    made = run(squares(1), {REFERENCE: 1.0, JAX: 0.8, COMPILED: 0.5}, noise=0.001, seed=5)
    rows, samples = retargeted(*made, REFERENCE, NUMPY)
    page = verdict(summarise(rows, sample_frame(samples)), f"{CASE}::{COMPILED}")
    assert "and that is no verdict: the reference is never ranked" in first(page)
    assert "different classes" not in first(page)
    assert "it is shown and never ranked" in first(verdict(found(), f"{CASE}::{NUMPY}"))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ({"sets": 2}, "it rests on fewer fresh starts than a verdict needs"),
        ({"copy": 1.2}, "the reference, measured twice, differs from itself"),
    ],
)
def test_without_a_verdict_none_is_claimed(made: dict[str, Any], says: str) -> None:
    page = verdict(found(**made), f"{CASE}::{JAX}")
    assert says in first(page)
    assert "faster" not in first(page)
    assert light(page).trust is Trust.NONE


def test_what_is_to_be_known_beside_a_verdict_dims_the_light() -> None:
    assert light(verdict(found(state="partial"), f"{CASE}::{JAX}")).trust is Trust.CAREFUL
    noisy = found(noise={"grade": {"word": "noisy", "seen": 0.1, "sets": 5}})
    assert light(verdict(noisy, f"{CASE}::{JAX}")).trust is Trust.CAREFUL
    assert light(verdict(found(), CASE)).trust is Trust.CAREFUL  # the compiled arm and NumPy have none


def test_a_run_that_nobody_graded_is_graded_by_its_self_check() -> None:
    """As the page of the run has it."""
    calm = found()
    assert calm.manifest == {}
    rough = replace(calm, self_check=replace(calm.self_check, detectable=(0.1, 0.1, 0.1)))
    assert light(verdict(calm, f"{CASE}::{JAX}")).trust is Trust.GOOD
    assert light(verdict(rough, f"{CASE}::{JAX}")).trust is Trust.CAREFUL


def test_a_run_without_a_manifest_is_not_said_to_have_been_cut_short() -> None:
    assert "did not reach its end" in light(verdict(found(state="partial"), f"{CASE}::{JAX}")).text
    unlisted = light(verdict(found(state="unlisted"), f"{CASE}::{JAX}"))
    assert unlisted.trust is Trust.CAREFUL
    assert "no manifest" in unlisted.text


def test_what_was_not_measured_says_what_became_of_it() -> None:
    rows, samples = run(squares(1), SPEEDS, noise=0.001, seed=5)
    rows = [unmeasured(row, "invalid", "too <b>fast") if row.target == JAX else row for row in rows]
    page = verdict(summarise(rows, sample_frame(samples)), f"{CASE}::{JAX}")
    assert first(page) == f"{JAX} has no time at {CASE}: it ended as invalid (V1, V4): too <b>fast."
    assert light(page).trust is Trust.NONE


def test_nothing_measured_makes_a_page_all_the_same() -> None:
    rows, _ = run(squares(1), SPEEDS)
    rows = [replace(unmeasured(row, "refused", "not here"), sets=0, rounds=0) for row in rows]
    page = verdict(summarise(rows), CASE)
    assert light(page).trust is Trust.NONE
    assert list(page.tables())


def test_a_name_that_no_row_has_is_told_what_it_could_mean() -> None:
    with pytest.raises(NothingSelected, match="did you mean"):
        verdict(found(), f"{CASE}::jax.jit@gpu")


def test_pictures_and_tables_take_the_prefix() -> None:
    page = verdict(found(), CASE, prefix="r2-")
    assert all(picture.name.startswith("r2-") for picture in page.pictures())
    assert [block.name for block in blocks(page) if isinstance(block, Table)] == ["r2-verdict-arms"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_text(text: str) -> None:
    rows, samples = run(squares(1), {REFERENCE: 1.0, JAX: 0.8}, noise=0.001)
    rows = [
        replace(row, case=text, suite=text, device_name=text, framework_version=text, detail=text, params=text)
        for row in rows
    ]
    made = summarise(rows, sample_frame(samples), manifest={"command": text, "noise": text})
    page = verdict(made, f"{rows[0].case_key}::{JAX}")
    shown = [page.description, *codes(page), *(plain(b.text) for b in blocks(page) if isinstance(b, Prose | Light))]
    shown += [plain(item) for b in blocks(page) if isinstance(b, Bullets) for item in b.items]
    shown += [plain(cell.text) for table in page.tables() for row in table.rows for cell in row.cells]
    for said in (line for each in shown for line in each.split("\n")):
        assert visible(said, 100_000) == said


def test_the_same_run_gives_the_same_page() -> None:
    assert verdict(found(), CASE) == verdict(found(), CASE)
