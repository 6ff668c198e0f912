"""Several runs on one page: each in a part of its own, with anchors of its own, and what does not go together said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.report.answers import first_sentence
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
from harness.report.findings import Problem, RunFindings
from harness.report.pages.prefixed import Prefix
from harness.report.picture import Lanes
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.core.report.paged import anchors, page, paged, table_called, texts
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8, "torch.compile@cpu": 0.5}
SECOND = "20270102T030405678Z-0123456789ab"


MACHINE: dict[str, Any] = {
    "harness": "0.1.0",
    "python": {"version": "3.11.7", "implementation": "CPython"},
    "os": {"system": "Linux", "kernel": "6.1.0-28-amd64", "c_library": "glibc 2.36"},
    "cpu": {
        "architecture": "x86_64",
        "logical": 2,
        "affinity": [0, 1],
        "model": "AMD EPYC",
        "vectors": ["avx2", "avx512f"],
        "caches": [{"level": 1, "kind": "data", "bytes": 32768}, {"level": 3, "kind": "unified", "bytes": 33554432}],
        "mhz": 2596.142,
        "governor": None,
    },
    "memory": {"total_bytes": 25276502016, "available_bytes": 24489766912, "limit_bytes": None},
    "load": {"one_minute": 1.6279, "pressure_percent": {"cpu": 2.23}},
    "gpus": [],
    "packages": {"numpy": "2.4.6", "torch": "2.13.0+cpu", "jax": "0.10.2"},
    "environment": {},
}


def manifest(*targets: str, threads: int = 2, **machine: Any) -> dict[str, Any]:
    """Return what a run writes of itself that measured `targets` on a machine; clocks and load are as they pass."""
    worker = {"python": "3.11.7", "framework_version": "1.2.3", "device_name": "AMD EPYC", "threads": threads}
    passing = {"load": {"one_minute": 0.1 * len(targets)}, "memory": MACHINE["memory"] | {"available_bytes": threads}}
    return {
        "harness_version": "0.1.0",
        "method_version": 1,
        "suite_hash": "ab" * 32 if threads > 1 else "cd" * 32,
        "seed": 1059128992 + len(targets),
        "threads": threads,
        "measure": {"profile": "standard", "sets": 5, "rounds": 30},
        "targets": list(targets),
        "target_specs": [{"target": one, "name": one, "python": "", "env": {}, "label": ""} for one in targets],
        "machine": MACHINE | passing | machine,
        "environments": dict.fromkeys(targets, worker),
    }


def found(run_id: str = "", told: dict[str, Any] | None = None, **values: Any) -> RunFindings:
    """Return what a run says, whose manifest is `told`; the rows may say something else."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001, seed=5)
    named = [replace(row, run_id=run_id or row.run_id, **values) for row in rows]
    blocks = [replace(one, run_id=run_id or one.run_id) for one in samples]
    return summarise(named, sample_frame(blocks), manifest=told)


def differing(*manifests: dict[str, Any]) -> dict[str, list[str]]:
    """Return what differs between the runs of some manifests, by what it is, and the word of each run for it."""
    made = paged(*(found(f"2026010{at}T030405678Z-0123456789ab", told) for at, told in enumerate(manifests, start=1)))
    tables = [table for table in made.tables() if table.name == "runs-differ"]
    rows = [[plain(cell.text) for cell in row.cells] for table in tables for row in table.rows]
    return {what: told for what, *told in rows}


def first(*manifests: dict[str, Any]) -> str:
    """Return what stands below the table on the first screen of their page."""
    made = paged(*(found(f"2026010{at}T030405678Z-0123456789ab", told) for at, told in enumerate(manifests, start=1)))
    assert made.sections[0].anchor == "answers"
    return " ".join(plain(block.text) for block in made.sections[0].blocks if isinstance(block, Prose))


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
    prefixed = [f"r2-{name}" for name in names]
    assert [table.name for table in both.tables()] == ["runs", *names, *prefixed, "glossary-words"]
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


# -- the first screen ---------------------------------------------------------------------------------


def test_of_several_runs_the_first_screen_has_what_came_out_of_each() -> None:
    """Who is ahead, whether to trust it, and the way to its part; files that need a look come after that."""
    quick, samples = run(squares(2), SPEEDS, sets=1, run_id=SECOND, suite="conv")
    second = summarise(quick, sample_frame([replace(one, run_id=SECOND) for one in samples]), state="partial")
    made = paged(found(), second, problems=[Problem(place="runs/a.json", message="not JSON")])
    assert [section.anchor for section in made.sections[:3]] == ["answers", "notes", "answer"]
    table = table_called(made, "runs")
    assert table is made.sections[0].blocks[0]
    assert list(map(plain, texts(table, "run"))) == ["gemm", "conv (partial)"]
    assert texts(table, "when (UTC)") == ["2026-01-02 03:04"] * 2
    told = list(map(plain, texts(table, "what came out")))
    assert told == [plain(first_sentence(one)) for one in (found(), second)]
    assert "indicative, no verdict" in told[1]
    assert texts(table, "trust") == ["verdicts hold", "no verdict"]
    assert texts(table, "more") == [link("part 1", "answer"), link("part 2", "r2-answer")]
    assert {"answer", "r2-answer"} <= set(anchors(made))


def test_a_link_on_the_first_screen_leads_to_the_part_of_its_own_run() -> None:
    """Also one within the sentence about it."""
    lost = summarise([unmeasured(arm(run_id=SECOND), "refused", "no")])
    told = texts(table_called(paged(lost, lost), "runs"), "what came out")
    assert [link("what became of each", anchor) in text for anchor, text in zip(ENDS, told, strict=True)] == [True] * 2


ENDS = ("outcomes", "r2-outcomes")


def test_one_run_is_its_own_first_screen() -> None:
    made = paged(found())
    assert made.sections[0].anchor == "answer"
    assert not {"runs", "runs-differ"} & {table.name for table in made.tables()}


# -- what is not the same -----------------------------------------------------------------------------


@pytest.mark.parametrize("others", [("torch.eager@cpu",), ("torch.eager@cpu", "tensorflow.xla@cpu"), ()])
def test_a_choice_of_targets_is_no_difference(others: tuple[str, ...]) -> None:
    """Nor are the load, the clock, the seed and the suite: one machine in one setting is one, whatever ran on it."""
    alike = (manifest("torch.eager@cpu", "jax.jit@cpu"), manifest(*others))
    assert differing(*alike) == {}
    assert first(*alike).endswith("numbers of different runs are never mixed.")


def test_runs_on_different_machines_have_a_table_of_what_is_not_the_same() -> None:
    """Only of that, with amounts as people write them."""
    other = MACHINE["cpu"] | {"model": "Intel Xeon", "logical": 8, "governor": "powersave"}
    big = MACHINE["memory"] | {"total_bytes": 64 << 30}
    packages = MACHINE["packages"] | {"jax": "0.11.0"}
    told = (manifest(REFERENCE), manifest(REFERENCE, cpu=other, memory=big, packages=packages), manifest(REFERENCE))
    assert differing(*told) == {
        "machine.cpu.logical": ["2", "8", "2"],
        "machine.cpu.model": ["AMD EPYC", "Intel Xeon", "AMD EPYC"],
        "machine.memory.total_bytes": ["23.5 GiB", "64 GiB", "23.5 GiB"],
        "machine.packages.jax": ["0.10.2", "0.11.0", "0.10.2"],
        "machine.cpu.governor": ["–", "powersave", "–"],
    }
    assert "not all measured on one machine and with the same versions, so times of one say nothing" in first(*told)


def test_other_threads_are_other_settings_and_no_other_machine() -> None:
    """What workers say of it stands once for all that say the same."""
    told = (manifest(REFERENCE, "jax.jit@cpu"), manifest(REFERENCE, "jax.jit@cpu", threads=1))
    assert differing(*told) == {"threads": ["2", "1"], "torch.eager@cpu, jax.jit@cpu: threads": ["2", "1"]}
    assert "They were not all measured in the same settings; see what is not the same." in first(*told)
    assert "machine" not in first(*told)


def test_a_run_that_tells_nothing_differs_in_nothing_but_what_its_rows_say() -> None:
    """Its manifest may be lost."""
    assert differing(manifest(REFERENCE), {}) == {}
    made = paged(found(), found(SECOND, device_name="Other CPU", framework_version="2.0"))
    rows = [list(map(plain, [cell.text for cell in row.cells])) for row in table_called(made, "runs-differ").rows]
    assert rows == [
        ["device cpu", "Imaginary CPU", "Other CPU"],
        ["jax version", "1.2.3", "2.0"],
        ["torch version", "1.2.3", "2.0"],
    ]


def test_a_table_of_differences_is_no_longer_than_one_reads() -> None:
    """A manifest may come from anywhere."""
    told = [manifest(REFERENCE, packages={f"p{at}": str(number) for at in range(999)}) for number in range(2)]
    assert len(differing(*told)) == 60
    both = (found(told=told[0]), found(SECOND, told[1]))
    assert "939 more entries stand in the manifests" in table_called(paged(*both), "runs-differ").note
