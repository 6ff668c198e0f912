"""Rows, runs and a disk that fails on demand."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.store import files
from harness.store.layout import RunPaths
from harness.store.record import Measurement, Outcome, Sample
from harness.store.writer import RunWriter

RUN = "20260102T030405678Z-0123456789ab"
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)

MakeRow = Callable[..., Measurement]
MakeSample = Callable[..., Sample]
WriteRun = Callable[..., RunPaths]


def a_row(**changes: Any) -> Measurement:
    values: dict[str, Any] = {
        "run_id": RUN,
        "started_at": MOMENT,
        "suite": "gemm",
        "suite_hash": "5" * 64,
        "case": "square[m=128]",
        "case_key": "0123456789abcdef",
        "target": "torch.eager@cpu",
        "workload": "matmul",
        "params": '{"m":128}',
        "dtype": "float32",
        "math": "ieee",
        "direction": "forward",
        "cache": "warm",
        "backend": "torch",
        "mode": "eager",
        "mode_class": "as-written",
        "device": "cpu",
        "outcome": Outcome.NOT_RUN,
        "harness_version": "1.0",
        "seed": 7,
    }
    return Measurement(**(values | changes))


def a_sample(**changes: Any) -> Sample:
    values: dict[str, Any] = {
        "run_id": RUN,
        "case_key": "0123456789abcdef",
        "target": "torch.eager@cpu",
        "label": "",
        "replica": 0,
        "quantity": "throughput",
        "set": 0,
        "round": 0,
        "order": 0,
        "inner": 10,
        "start_ns": 1,
        "wall_ns": 1000,
    }
    return Sample(**(values | changes))


def manifest_of(run_id: str = RUN, suite: str = "gemm") -> dict[str, Any]:
    return {"run_id": run_id, "suite": suite, "started_at": MOMENT, "suite_hash": "5" * 64}


def write_a_run(
    root: Path,
    run_id: str = RUN,
    *,
    state: str = "complete",
    suite: str = "gemm",
    rows: Sequence[Measurement] | None = None,
    samples: Sequence[Sample] | None = None,
) -> RunPaths:
    recorded = [a_row(run_id=run_id, outcome="measured", time_s=0.5)] if rows is None else rows
    plan = {
        row.key: a_row(**{name: getattr(row, name) for name in ("run_id", "case_key", "target", "label", "replica")})
        for row in recorded
    }
    writer = RunWriter.begin(root, manifest_of(run_id, suite), list(plan.values()))
    for row in recorded:
        writer.record(row)
    writer.samples([a_sample(run_id=run_id)] if samples is None else samples)
    return writer.close(state)


class FailingOs:
    """The `os` module whose Nth writing operation fails, and perhaps all after it.

    ``once``: the disk refuses one operation. ``forever``: it is full from then on. ``kill``: the
    process ends there, and no clean-up touches the disk any more. A failing write has written half.
    """

    OPERATIONS = ("open", "write", "fsync", "replace", "unlink", "makedirs", "ftruncate")

    def __init__(self, fail_at: int, mode: str) -> None:
        self.count = 0
        self.fail_at = fail_at
        self.mode = mode

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._guarded(name, real) if name in self.OPERATIONS else real

    def _guarded(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **options: Any) -> Any:
            self.count += 1
            if name == "fsync" and self.count < self.fail_at:
                return None  # it would take most of the time of these tests, and no process can see it
            if not (self.count == self.fail_at or (self.count > self.fail_at and self.mode != "once")):
                return real(*arguments, **options)
            if name == "write" and self.count == self.fail_at:
                real(arguments[0], arguments[1][: len(arguments[1]) // 2])
            if self.mode == "kill":
                raise SystemExit(name)
            if self.mode == "forever" and name in ("unlink", "ftruncate"):
                return real(*arguments, **options)  # a full disk still lets go of what it has
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return operation


@pytest.fixture(scope="session")
def failing_os() -> Callable[[int, str], AbstractContextManager[FailingOs]]:
    @contextmanager
    def install(fail_at: int, mode: str) -> Iterator[FailingOs]:
        with pytest.MonkeyPatch.context() as patch:
            failing = FailingOs(fail_at, mode)
            patch.setattr(files, "os", failing)
            yield failing

    return install


@pytest.fixture(scope="session")
def make_row() -> MakeRow:
    return a_row


@pytest.fixture(scope="session")
def make_sample() -> MakeSample:
    return a_sample


@pytest.fixture(scope="session")
def write_run() -> WriteRun:
    return write_a_run


@pytest.fixture(scope="session")
def begin() -> Callable[..., RunWriter]:
    def begin_run(root: Path, planned: Sequence[Measurement], run_id: str = RUN) -> RunWriter:
        return RunWriter.begin(root, manifest_of(run_id), planned)

    return begin_run
