"""A run that was looked at several times has less of the error left for each of its intervals."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest

from harness.report import words
from harness.report.confidence import confidence_of
from harness.report.load import Reported
from harness.report.pages import document
from harness.report.render.html import html
from harness.report.rows import sample_frame
from harness.report.sentences import times
from harness.report.summarise import summarise
from harness.stats.estimate import t_quantile
from tests.core.report.paged import of_runs, page
from tests.core.report.synthetic import REFERENCE, run, squares


@pytest.mark.parametrize(
    ("manifest", "confidence"),
    [
        ({"measure": {"confidence": 0.9875}}, 0.9875),
        ({"measure": {"confidence": 0.95}}, 0.95),
        ({}, 0.95),  # written before runs were looked at
        ({"measure": {"profile": "standard"}}, 0.95),
        ({"measure": None}, 0.95),
        ({"measure": {"confidence": "0.9875"}}, 0.95),
        ({"measure": {"confidence": True}}, 0.95),
        ({"measure": {"confidence": 1.0}}, 0.95),
        ({"measure": {"confidence": float("nan")}}, 0.95),
        ({"measure": {"confidence": 0.999}}, 0.999),
        ({"measure": {"confidence": 0.5}}, 0.5),
        ({"measure": {"confidence": 0.9999999}}, 0.95),  # an interval that holds everything
        ({"measure": {"confidence": 0.01}}, 0.95),
    ],
)
def test_the_confidence_is_the_manifests_where_it_names_one(manifest: dict[str, Any], confidence: float) -> None:
    assert confidence_of(manifest) == confidence


def test_intervals_of_a_run_of_four_looks_are_wider_by_as_much() -> None:
    """The same blocks, told twice: the centre stays, and both ends move as Student's quantile does."""
    rows, samples = run(squares(1), {REFERENCE: 1.0, "torch.compile@cpu": 0.5}, noise=0.01, seed=5)
    usual = summarise(rows, sample_frame(samples))
    looked = summarise(rows, sample_frame(samples), manifest={"measure": {"confidence": 0.9875}})
    wider = t_quantile(4, 0.9875) / t_quantile(4, 0.95)
    checks = (usual.self_check.combined, looked.self_check.combined)
    assert checks[0] is not None
    assert checks[1] is not None
    assert checks[1].log == checks[0].log
    widths = [(check.log_high or 0.0) - (check.log_low or 0.0) for check in checks if check]
    assert widths[1] == pytest.approx(wider * widths[0])
    assert (looked.self_check.detectable or (0.0,))[0] > (usual.self_check.detectable or (0.0,))[0]


def test_times_that_cannot_be_end_in_dashes_and_not_in_an_error() -> None:
    """A nanosecond beside thirty years, turned round in the next process-set: no float holds such an interval."""
    jax = "jax.jit@cpu"
    rows, samples = run(squares(1), {REFERENCE: 1.0, jax: 0.8}, sets=2, rounds=1)
    absurd = [replace(one, inner=1, wall_ns=10**18 if (one.target == jax) == (one.set == 0) else 1) for one in samples]
    found = summarise(rows, sample_frame(absurd), manifest={"measure": {"confidence": 0.999}})
    (case,) = found.boards[0].cases
    beside = next(entry.beside_reference for entry in case.entries if entry.arm.target == jax)
    assert beside is not None
    assert (beside.low, beside.high, beside.detectable) == (0.0, math.inf, math.inf)
    assert words.ratio(beside.ratio, beside.low, beside.high) == "1.00"
    assert not re.search(r"\b(nan|inf)\b", of_runs(page(found)))
    assert html(document(Reported(runs=(found,), problems=())))


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((1.0, 0.0, math.inf), ("1.00", "")),
        ((math.inf, None, None), ("–", "")),
        ((math.nan, 0.9, 1.1), ("–", "")),
        ((1.0, 0.9, 1.1), ("1.00", "0.90 to 1.10")),
    ],
)
def test_a_sentence_tells_only_numbers(ends: tuple[float, float | None, float | None], said: tuple[str, str]) -> None:
    assert times(*ends) == said
