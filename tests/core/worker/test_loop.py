"""A worker holds the arms that are timed, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.worker.loop import Worker
from harness.workloads.bundle import make_bundle, write_bundle
from harness.workloads.matmul import Matmul

CASE = Matmul(m=4, n=4, k=4)


def asked_to_prepare(folder: Path, mode: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Worker, dict[str, Any]]:
    """Return a worker in this process, and its answer about one arm."""
    monkeypatch.delenv("HARNESS_FAKE", raising=False)
    worker = Worker()
    worker.answer(
        {
            "op": "start",
            "affinity": [],
            "implementation": "harness.testing.fake:FakeBackend",
            "device": "cpu",
            "mode": mode,
            "threads": 1,
        }
    )
    write_bundle(make_bundle(CASE, 1), folder / "case")
    message = {"workload": "harness.workloads.matmul:Matmul", "params": CASE.params(), "cold_bytes": 0}
    return worker, worker.answer({"op": "prepare", "arm": 7, "bundle": str(folder / "case"), **message})


def test_an_arm_that_raised_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, reply = asked_to_prepare(tmp_path, "raise", monkeypatch)
    assert reply["failed"] == "error"
    assert "KeyError" in worker.answer({"op": "prove", "arm": 7, "inner": 1})["detail"]


def test_an_arm_is_forgotten_when_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker, reply = asked_to_prepare(tmp_path, "good", monkeypatch)
    assert reply["doubts"] == []
    assert worker.answer({"op": "throughput", "arm": 7, "inner": 1})["checks"] == ["V9"]
    assert worker.answer({"op": "forget", "arm": 7}) == {}
    assert "KeyError" in worker.answer({"op": "throughput", "arm": 7, "inner": 1})["detail"]
