"""Plain text: every arm has its line, no line is too long, nothing in a name reaches the terminal as an order."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import NothingSelected, UsageError
from harness.report.answers import first_sentence, machine_line
from harness.report.content import plain
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.report.terminal import COLUMNS, show_run, table_of
from harness.report.trust import light
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, arm, run, squares, unmeasured
from tests.core.report.test_escape import HOSTILE, ORDERS

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8, "torch.compile@cpu": 0.5}


def test_each_arm_has_a_line_with_time_spread_speed_ratio_and_verdict() -> None:
    """The copy of the reference has none: it is the self-check."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001)
    lines = table_of(rows, samples).splitlines()
    jax = [line for line in lines if line.startswith("  jax.jit@cpu  ")]
    assert len(jax) == 2
    assert all(re.fullmatch(r".* µs  ± .* %  .* MFLOP/s  x 0\.(79|80)\d? \[.*\] +faster", line) for line in jax)
    assert sum(line.endswith("reference") for line in lines) == 2
    assert any(line.startswith("self-check: ") for line in lines)


def test_frames_and_rows_give_the_same_table() -> None:
    """A run ends with rows, a store has frames."""
    rows, samples = run(squares(2), SPEEDS)
    assert table_of(rows, samples) == table_of(rows, sample_frame(samples))


def test_what_was_not_measured_says_why() -> None:
    """With the codes of failed checks."""
    rows = [unmeasured(arm(), "refused", "no such thing"), unmeasured(arm(target="jax.jit@cpu"), "invalid", "off")]
    text = table_of(rows)
    assert "refused: no such thing" in text
    assert "invalid V1, V4: off" in text


def test_the_end_says_what_the_page_says_first() -> None:
    """Who wins in each class, whether to trust it, the ranking with its intervals, the machine: in its sentences."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001)
    made = summarise(rows, sample_frame(samples))
    end = " ".join(table_of(rows, samples).rpartition("\n\n")[2].split())
    assert end.startswith(f"{plain(first_sentence(made))} Verdicts hold: {light(made).text} Ranking, used as written (")
    assert re.search(r"; compiled, torch\.compile@cpu is 1\.(59|60)\d* times as fast as jax\.jit@cpu \(", end)
    scope = r"time / fastest, geometric mean over all 2 cases"
    ranked = r"torch\.compile@cpu 1 \(2 wins\), jax\.jit@cpu 1\.\d+ \[1\.\d+, 1\.\d+\] \(0 wins\) "
    assert re.search(rf"Ranking, compiled \({scope}\): {ranked}", end)
    assert end.endswith(plain(machine_line(made)))
    assert len(table_of(rows, samples).rpartition("\n\n")[2].splitlines()) < 16


@pytest.mark.parametrize(("sets", "word"), [(1, "No verdict: 1 fresh start was made"), (5, "Verdicts hold: ")])
def test_the_word_of_trust_is_that_of_the_page(sets: int, word: str) -> None:
    rows, samples = run(squares(2), SPEEDS, noise=0.001, sets=sets)
    assert f"\n{word}" in table_of(rows, samples)
    assert ("wins)" in table_of(rows, samples)) == (sets > 1)


def test_a_run_that_was_stopped_says_why_and_a_ranking_without_a_ratio_too() -> None:
    rows, samples = run(squares(2), {**SPEEDS, "tensorflow.function@cpu": 2.0}, noise=0.001)
    lost = {("jax.jit@cpu", rows[0].case), ("tensorflow.function@cpu", rows[-1].case)}
    rows = [unmeasured(row, "failed", "x") if (row.target, row.case) in lost else row for row in rows]
    text = " ".join(table_of(rows, samples, manifest={"stopped": "budget"}, state="partial").split())
    assert "partial run (budget): it did not reach its end" in text
    assert "Ranking, used as written (no ratio over all, because no case was measured by all targets): " in text


@pytest.mark.parametrize("count", [2, 4])
def test_targets_that_differ_have_names_that_differ(count: int) -> None:
    """However long they are, and however wide the other columns."""
    backends = ("tensorflow", "an_accelerator_of_somebody_else_with_a_long_name")
    targets = [f"{backend}.function@gpu:{at}" for backend in backends for at in range(count)]
    rows, samples = run(squares(2), {REFERENCE: 1.0, **dict.fromkeys(targets, 0.8)}, noise=0.001)
    lines = [line for line in table_of(rows, samples).splitlines() if " ± " in line and "intervals" not in line]
    names = [line[2:].partition("  ")[0] for line in lines]
    assert len(set(names)) == len(names) / 2 == len(targets) + 1
    assert {f"tensorflow.function@gpu:{at}" for at in range(count)} < set(names)
    assert max(map(len, lines)) <= COLUMNS
    assert len({line.index(" ± ") for line in lines}) == 1


def test_no_arms_are_no_error() -> None:
    assert table_of([]) == "no arms were planned\n"


@given(name=st.sampled_from((*HOSTILE, *ORDERS)) | st.text(max_size=300))
def test_lines_fit_and_hold_no_orders(name: str) -> None:
    """For any names and reasons."""
    rows, samples = run(squares(2), SPEEDS, rounds=1)
    label = name[:50].encode("utf-8", "replace").decode()  # what a table cannot hold has been replaced before
    told: dict[str, Any] = {"case": name, "label": label, "suite": name, "items_name": name, "device_name": name}
    rows = [replace(row, flops_per_s=None, bytes_per_s=None, items_per_s=1.0, **told) for row in rows[:3]]
    rows.append(unmeasured(replace(rows[0], case_key="k"), "failed", name))
    rows.append(unmeasured(replace(rows[0], case_key="l"), name or "x", name))
    text = table_of(rows, samples)
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    assert max(map(len, text.splitlines())) <= COLUMNS
    seen = {unicodedata.category(char) for char in text.replace("\n", "")}
    assert not seen & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_a_stored_run_is_shown_as_text_and_as_json(tmp_path: Path) -> None:
    """One document, without a number that JSON does not know."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001)
    store(tmp_path, rows, samples)
    assert show_run(tmp_path, "latest").startswith(f"gemm, run {RUN}\n")
    document = json.loads(show_run(tmp_path, RUN[:12], json=True))
    assert (document["run_id"], document["state"], document["problems"]) == (RUN, "complete", [])
    jax = [one for one in document["arms"] if one["target"] == "jax.jit@cpu"]
    assert [one["verdict"] for one in jax] == ["faster", "faster"]
    assert jax[0]["ratio_low"] < jax[0]["ratio"] < jax[0]["ratio_high"]
    assert jax[0]["latency_s"] is None


def test_one_target_of_a_run_is_shown_alone(tmp_path: Path) -> None:
    """Beside the reference it was measured with."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001)
    store(tmp_path, rows, samples)
    text = show_run(tmp_path, "latest::jax.jit@cpu")
    assert "torch.compile@cpu  " not in text
    assert "faster" in text
    with pytest.raises(UsageError, match="no target 'nobody'"):
        show_run(tmp_path, "latest::nobody")


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingSelected, match="no latest"):
        show_run(tmp_path, "latest")
