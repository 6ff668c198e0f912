"""Plain text: every arm has its line, no line is too long, nothing in a name reaches the terminal as an order."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import NothingSelected, UsageError
from harness.report.rows import sample_frame
from harness.report.terminal import COLUMNS, show_run, table_of
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, arm, run, squares, unmeasured
from tests.core.report.test_escape import HOSTILE

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8, "torch.compile@cpu": 0.5}


def test_each_arm_has_a_line_with_time_spread_speed_ratio_and_verdict() -> None:
    """The copy of the reference has none: it is the self-check."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001)
    lines = table_of(rows, samples).splitlines()
    jax = [line for line in lines if line.startswith("  jax.jit@cpu")]
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


def test_no_arms_are_no_error() -> None:
    assert table_of([]) == "no arms were planned\n"


@given(name=st.sampled_from(HOSTILE) | st.text(max_size=300))
def test_lines_fit_and_hold_no_orders(name: str) -> None:
    """For any names and reasons."""
    rows, samples = run(squares(2), SPEEDS, rounds=1)
    label = name[:50].encode("utf-8", "replace").decode()  # what a table cannot hold has been replaced before
    rows = [replace(row, case=name, label=label, suite=name) for row in rows[:3]]
    rows.append(unmeasured(replace(rows[0], case_key="k"), "failed", name))
    text = table_of(rows, samples)
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
