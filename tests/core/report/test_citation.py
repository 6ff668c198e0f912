"""Citations: all that is needed to find a run again, and an entry that no name can break out of."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.citation import citation
from harness.report.escape import visible
from harness.report.findings import RunFindings
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from tests.core.report.synthetic import REFERENCE, RUN, run, squares
from tests.core.report.test_escape import HOSTILE

MANIFEST = {
    "machine": {"cpu": {"model": "Imaginary CPU", "logical": 2}, "memory": {"total_bytes": 8 << 30}, "gpus": []}
}


def found(state: str = "complete", **values: Any) -> RunFindings:
    """Return a small run; `values` are said of all its rows."""
    rows, samples = run(squares(1), {REFERENCE: 1.0, "jax.jit@cpu": 0.8}, sets=2, rounds=2)
    changed = [replace(row, **values) for row in rows]
    return summarise(changed, sample_frame(samples), manifest=MANIFEST, state=state)


def test_a_citation_names_tool_suite_run_date_machine_versions_and_seed() -> None:
    first, second, third, empty, *entry = citation(found())
    assert first == f"harness 0.1.0: results of the suite gemm, run {RUN}, 2026-01-02."
    assert second == f"Suite SHA-256 {'f' * 64}."
    assert third == (
        "Measured on Imaginary CPU, 2 logical processors, 8 GiB of memory, 2 threads, with jax 1.2.3, torch 1.2.3; "
        "seed 7; method 1."
    )
    assert empty == ""
    assert entry[0] == f"@misc{{harness-{RUN},"
    assert "  title = {Results of the suite {gemm}}," in entry
    assert "  year = {2026}," in entry
    assert entry[-1] == "}"


def test_a_run_that_did_not_reach_its_end_says_so() -> None:
    assert f"run {RUN} (partial), 2026-01-02" in citation(found("partial"))[0]


def test_what_was_not_recorded_is_said_in_words() -> None:
    said = "\n".join(citation(found(framework_version=None, device_name=None, suite_hash="")))
    assert "no framework recorded" in said
    assert "Suite SHA-256 unknown." in said
    assert "None" not in said


def assert_sound(lines: tuple[str, ...]) -> None:
    """Hold an entry to what readers of BibTeX and TeX ask for."""
    assert all(visible(line, 10_000) == line for line in lines)
    entry = "\n".join(lines[lines.index("") + 1 :])
    depth = 0
    for at, char in enumerate(entry):
        depth += (char == "{") - (char == "}")
        assert depth > 0 or at < entry.index("{") or at == len(entry) - 1, "the entry ends before its end"
    assert depth == 0
    assert re.match(r"@misc\{harness-[A-Za-z0-9-]+,\n", entry)
    assert not re.search(r"(?<!\\)[$&#%_]", entry)
    assert not re.search(r"[\^~<>|]", entry)
    commands = re.findall(r"\\(?:[A-Za-z]+|.)", entry)
    known = {"backslash", "braceleft", "braceright", "asciicircum", "asciitilde", "less", "greater", "bar"}
    assert set(commands) <= {*(f"\\text{word}" for word in known), *(f"\\{sign}" for sign in "$&#%_")}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_within_the_entry(text: str) -> None:
    made = found(suite=text, suite_hash=text, device_name=text, framework_version=text, harness_version=text)
    assert_sound(citation(replace(made, run_id=text)))


@given(text=st.text(st.sampled_from("\\{}$&#%_^~<>|\"'@=,\n\ta1 "), max_size=30))
def test_no_text_breaks_out(text: str) -> None:
    made = found(suite=text, harness_version=text, framework_version=text)
    assert_sound(citation(replace(made, run_id=text)))


def test_the_same_run_gives_the_same_lines() -> None:
    assert citation(found()) == citation(found())
