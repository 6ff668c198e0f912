"""Several runs on one page: each in a part of its own, with anchors of its own, and what does not go together said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.report.content import (
    Bullets,
    Cell,
    Code,
    Column,
    Fold,
    Light,
    Prose,
    Row,
    Section,
    Table,
    Trust,
    link,
    plain,
)
from harness.report.findings import RunFindings
from harness.report.pages.prefixed import Prefix
from harness.report.picture import Lanes
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.core.report.paged import page, paged
from tests.core.report.synthetic import REFERENCE, run, squares

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8, "torch.compile@cpu": 0.5}
SECOND = "20270102T030405678Z-0123456789ab"


def found(run_id: str = "", **values: Any) -> RunFindings:
    """Return what a run says; the rows may say something else."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001, seed=5)
    named = [replace(row, run_id=run_id or row.run_id, **values) for row in rows]
    blocks = [replace(one, run_id=run_id or one.run_id) for one in samples]
    return summarise(named, sample_frame(blocks))


def test_each_run_has_a_part_of_its_own() -> None:
    """Numbers of different machines are never mixed."""
    text = page(found(), found(SECOND))
    assert text.count("### Who wins: compiled") == 2
    assert text.count(f"## Suite `gemm`, run `{SECOND}`") == 1
    assert "2 runs, each in a part of its own" in text.partition("### ")[0]
    assert "numbers of different runs are never mixed" in text
    assert text.count("## How this was measured") == 1
    assert "each in a part of its own" not in page(found())


def test_anchors_of_the_first_run_are_bare_and_those_of_the_second_are_not() -> None:
    """So that a link to a page of one run still leads there when another run comes with it."""
    alone, both = paged(found()), paged(found(), found(SECOND))
    names = [table.name for table in alone.tables() if table.name != "glossary-words"]
    assert [table.name for table in both.tables()] == [*names, *(f"r2-{name}" for name in names), "glossary-words"]
    pictures = [picture.name for picture in alone.pictures()]
    drawn = [picture.name for picture in both.pictures()]
    assert drawn[: len(pictures)] == pictures
    assert len(drawn) == 2 * len(pictures)
    assert all(name.startswith("r2-") for name in drawn[len(pictures) :])
    contests = [contest for contest in both.contests if contest.key.startswith("r2-")]
    assert len(contests) == len(alone.contests)
    assert all(row.startswith("r2-") for one in contests for rows in one.arms.values() for row in rows)
    lanes = [lane.key for one in both.pictures() if isinstance(one, Lanes) for lane in one.lanes]
    assert len([key for key in lanes if key.startswith("r2-")]) == len(lanes) / 2


def test_a_prefix_reaches_every_anchor_and_link_but_shared_ones() -> None:
    """Whatever a section is made of."""
    there = f"{link('there', 'cases')} and {link('method', 'methods')}"
    table = Table(
        name="cases",
        title=there,
        columns=(Column(title="a"),),
        rows=(Row(cells=(Cell(text=there, value=1),), anchor="cases-1"),),
        note=there,
    )
    blocks = (Prose(text=there), Bullets(items=(there,)), Light(trust=Trust.GOOD, text=there), Code(lines=("x",)))
    section = Section(anchor="answer", title=there, blocks=(*blocks, Fold(title=there, blocks=(table,))))
    moved = Prefix(text="r2-", shared={"methods"}).section(section)
    shown = repr(moved)
    assert shown.count(repr(link("there", "r2-cases"))[1:-1]) == shown.count(repr(link("method", "methods"))[1:-1]) == 8
    assert repr(link("there", "cases"))[1:-1] not in shown
    assert moved.anchor == "r2-answer"
    fold = moved.blocks[-1]
    assert isinstance(fold, Fold)
    (inside,) = fold.blocks
    assert isinstance(inside, Table)
    assert (inside.name, inside.rows[0].anchor) == ("r2-cases", "r2-cases-1")
    assert plain(inside.title) == plain(there)
    assert Prefix(text="r2-", shared={"methods"}).section(moved) == moved
    assert Prefix(text="", shared=()).section(section) is section


def test_methods_that_differ_are_said_on_top() -> None:
    """Whatever was measured in one way says nothing beside what was measured in another."""
    text = page(found(), found(SECOND, method_version=2)).partition("### ")[0]
    assert "The method of measuring is not the same everywhere (version 1 and version 2)" in text
    assert "method of measuring" not in page(found(), found(SECOND)).partition("### ")[0]


def test_machines_that_differ_are_said_on_top() -> None:
    """By the names of their environments."""
    text = page(found(), found(SECOND, env_id="env-2")).partition("### ")[0]
    assert "not all of one machine in one setting (`env-1`, `env-2`)" in text
    assert "one machine" not in page(found(), found(SECOND)).partition("### ")[0]
