"""Every operation of the disk fails once, for each of them, in each way: nothing that was saved is harmed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from harness.errors import StoreError
from harness.store.layout import RunPaths
from harness.store.read import find_runs, read_measurements, read_samples
from harness.store.record import Measurement, Sample
from harness.store.recover import journals, recover
from harness.store.verify import verify
from harness.store.writer import RunWriter

MakeRow = Callable[..., Measurement]
MakeSample = Callable[..., Sample]
Failing = Callable[[int, str], AbstractContextManager[Any]]
RUN = "20260102T030405678Z-0123456789ab"
OLDER = "20250102T030405678Z-0123456789ab"


@dataclass
class Told:
    """What the store said is saved."""

    writer: RunWriter | None = None
    outcomes: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    closed: bool = False


@dataclass
class Scenario:
    """A run beside an older one, in a folder of its own for each fault."""

    folder: Path
    older: RunPaths
    begin: Callable[..., RunWriter]
    row: MakeRow
    sample: MakeSample

    def write(self, root: Path, told: Told) -> None:
        plan = [self.row(case_key=key) for key in "abc"]
        told.writer = self.begin(root, plan)
        told.outcomes = dict.fromkeys("abc", "not-run")
        for planned in plan[:2]:
            told.writer.record(replace(planned, outcome="measured", time_s=1.0))
            told.outcomes[planned.case_key] = "measured"
            told.writer.samples([self.sample(case_key=planned.case_key)] * 10)
            told.samples += 10
        told.writer.close("complete")
        told.closed = True

    def root(self, name: str) -> Path:
        root = self.folder / name
        shutil.copytree(self.older.manifest.parents[1], root)
        return root

    def check_older(self, root: Path) -> None:
        for path in (self.older.measurements, self.older.samples, self.older.manifest):
            assert (root / path.relative_to(self.older.manifest.parents[1])).read_bytes() == path.read_bytes()


@pytest.fixture
def scenario(
    tmp_path: Path,
    begin: Callable[..., RunWriter],
    make_row: MakeRow,
    make_sample: MakeSample,
    write_run: Callable[..., RunPaths],
) -> Scenario:
    older = write_run(tmp_path / "older", OLDER)
    return Scenario(folder=tmp_path, older=older, begin=begin, row=make_row, sample=make_sample)


@pytest.mark.parametrize("mode", ["once", "forever", "kill"])
def test_whatever_fails_all_that_was_saved_is_there(mode: str, scenario: Scenario, failing_os: Failing) -> None:
    failed = 0
    for step in range(1, 1000):
        root, told = scenario.root(str(step)), Told()
        with failing_os(step, mode) as failing:
            ended_well = _ends_well(scenario, root, told)
        if told.writer is not None:
            told.writer.release()
        scenario.check_older(root)
        _check_nothing_half_written(root)
        _check_saved(root, told)
        failed += not ended_well
        if failing.count < step:
            break
    assert ended_well
    assert failed > 40  # far fewer would mean that the faults do not reach the disk


def _ends_well(scenario: Scenario, root: Path, told: Told) -> bool:
    try:
        scenario.write(root, told)
    except (StoreError, SystemExit):
        return False
    return True


def _check_nothing_half_written(root: Path) -> None:
    for folder in ("measurements", "samples"):
        for path in (root / folder).glob("*"):
            assert path.name.startswith(".") or parquet.read_table(path, page_checksum_verification=True) is not None


def _check_saved(root: Path, told: Told) -> None:
    recovered = recover(root)
    assert journals(root) == []
    runs = {run.run_id: run.state for run in find_runs(root)}
    if told.closed or told.writer is None:
        # A journal that was complete when its owner died is a run of which nothing had been told.
        assert recovered in ([], [RUN])
    assert set(runs) == {OLDER, *({RUN} if told.writer is not None or recovered else ())}
    if told.closed:
        assert runs[RUN] == "complete"
    if RUN not in runs:
        return
    found = read_measurements(root, [RUN])
    table = found.table
    outcomes = dict(zip(table["case_key"].to_pylist(), table["outcome"].to_pylist(), strict=True))
    assert table.num_rows == 3
    for key, outcome in told.outcomes.items():
        # An append that failed may or may not have been the last word; one that succeeded is.
        assert outcomes[key] == outcome or (outcome == "not-run" and not told.closed)
    samples = read_samples(root, [RUN])
    assert told.samples <= samples.table.num_rows <= told.samples + 10
    assert not found.findings
    assert not samples.findings


def test_a_disk_that_is_full_names_the_file_and_the_remedy(
    tmp_path: Path, begin: Callable[..., RunWriter], make_row: MakeRow, failing_os: Failing
) -> None:
    writer = begin(tmp_path, [make_row()])
    complaint = rf"cannot write .*{RUN}\.jsonl: No space left on device"
    with failing_os(1, "forever"), pytest.raises(StoreError, match=complaint) as caught:
        writer.record(make_row(outcome="measured", time_s=1.0))
    assert "what was saved before is untouched" in str(caught.value)
    writer.release()


def test_a_run_can_be_closed_again_once_there_is_space(
    tmp_path: Path,
    begin: Callable[..., RunWriter],
    make_row: MakeRow,
    failing_os: Failing,
) -> None:
    writer = begin(tmp_path, [make_row()])
    with failing_os(5, "forever"), pytest.raises(StoreError):
        writer.close("complete")
    assert len(journals(tmp_path)) == 1
    paths = writer.close("complete")
    assert paths.manifest.exists()
    assert journals(tmp_path) == []


def test_recovery_that_fails_at_any_step_can_be_done_again(scenario: Scenario, failing_os: Failing) -> None:
    for step in range(1, 1000):
        root = scenario.root(str(step))
        writer = scenario.begin(root, [scenario.row(), scenario.row(case_key="b")])
        writer.record(scenario.row(outcome="measured", time_s=1.0))
        writer.release()
        with failing_os(step, "kill") as failing, suppress(SystemExit):
            recover(root)
        recover(root)
        assert [(run.run_id, run.state) for run in find_runs(root)] == [(OLDER, "complete"), (RUN, "partial")]
        assert read_measurements(root, [RUN]).table["outcome"].to_pylist() == ["measured", "not-run"]
        assert verify(root).sound
        scenario.check_older(root)
        if failing.count < step:
            break
    assert step > 10
