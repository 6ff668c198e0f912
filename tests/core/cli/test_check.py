"""A verdict counts what was kept and what was broken by the sort of the case, and can be sent as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from harness.cli.check import Verdict
from harness.workloads.matmul import Matmul

BROKEN = {"name": "right answer", "code": "V1", "passed": False, "detail": "2 is not 1"}


def test_a_case_is_kept_or_broken_whatever_the_number_of_its_failures() -> None:
    verdict = Verdict(target="numpy.reference@cpu", cases=4)
    verdict.count(Matmul(m=2, n=3, k=4), [])
    verdict.count(Matmul(m=3, n=3, k=4), [])
    verdict.count(Matmul(m=2, n=3, k=4, math="default", direction="forward_backward"), [])
    verdict.count(Matmul(m=2, n=3, k=4, dtype="int8"), [BROKEN, BROKEN])
    found = json.loads(json.dumps(asdict(verdict)))
    assert found["kept"] == {"matmul float32 forward": 2, "matmul float32 forward_backward math=default": 1}
    assert found["failed"] == {"matmul int8 forward": 1}
    assert [failure["case"] for failure in found["failures"]] == ["matmul[m=2,n=3,k=4,dtype=int8]"] * 2
    assert "2 FAILED" in verdict.sentence()
