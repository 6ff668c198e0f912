"""A run that was looked at several times has less of the error left for each of its intervals."""

from __future__ import annotations

from typing import Any

import pytest

from harness.report.rows import sample_frame
from harness.report.summarise import confidence_of, summarise
from harness.stats.estimate import t_quantile
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
