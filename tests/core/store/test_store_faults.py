"""Every operation of the disk fails once, for each of them, in each way: nothing that was saved is harmed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from harness.errors import ExitCode, StoreError
from harness.store import files
from harness.store.layout import RunPaths
from harness.store.read import find_runs, read_measurements, read_samples
from harness.store.record import Measurement, Sample
from harness.store.recover import journals, recover
from harness.store.verify import verify
from harness.store.writer import RunWriter

MakeRow = Callable[..., Measurement]
MakeSample = Callable[..., Sample]
RUN = "20260102T030405678Z-0123456789ab"
OLDER = "20250102T030405678Z-0123456789ab"


@dataclass
class Told:
    """What the store said is saved."""

    writer: RunWriter | None = None
    outcomes: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    closed: bool = False


def write(root: Path, told: Told, begin: Callable[..., RunWriter], row: MakeRow, sample: MakeSample) -> None:
    plan = [row(case_key=key) for key in "abc"]
    told.writer = begin(root, plan)
    told.outcomes = dict.fromkeys("abc", "not-run")
    for planned in plan[:2]:
        told.writer.record(replace(planned, outcome="measured", time_s=1.0))
        told.outcomes[planned.case_key] = "measured"
        told.writer.samples([sample(case_key=planned.case_key)] * 10)
        told.samples += 10
    told.writer.close("complete")
    told.closed = True


@pytest.mark.parametrize("mode", ["once", "forever", "kill"])
def test_whatever_fails_all_that_was_saved_is_there(
    mode: str,
    tmp_path: Path,
    failing_os: Callable[[int, str], Any],
    monkeypatch: pytest.MonkeyPatch,
    begin: Callable[..., RunWriter],
    make_row: MakeRow,
    make_sample: MakeSample,
    write_run: Callable[..., RunPaths],
) -> None:
    failed = 0
    for step in range(1, 1000):
        root = tmp_path / str(step)
        older = write_run(root, OLDER)
        before = [path.read_bytes() for path in (older.measurements, older.samples, older.manifest)]
        told = Told()
        with monkeypatch.context():
            failing = failing_os(step, mode)
            error = _outcome(lambda root=root, told=told: write(root, told, begin, make_row, make_sample))
        monkeypatch.setattr(files, "os", __import__("os"))
        if told.writer is not None:
            told.writer.release()
        assert [path.read_bytes() for path in (older.measurements, older.samples, older.manifest)] == before
        _check_nothing_half_written(root)
        _check_saved(root, told)
        if failing.count < step:
            assert error is None
            break
        failed += error is not None
    assert failed > 40  # far fewer would mean that the faults do not reach the disk


def _outcome(action: Callable[[], None]) -> BaseException | None:
    try:
        action()
    except StoreError as error:
        assert error.exit_code == ExitCode.STORE
        return error
    except BaseException as error:
        assert type(error).__name__ == "Killed", error
        return error
    return None


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
    assert verify(root).sound


def test_a_disk_that_is_full_names_the_file_and_the_remedy(
    tmp_path: Path, begin: Callable[..., RunWriter], make_row: MakeRow, failing_os: Callable[[int, str], Any]
) -> None:
    writer = begin(tmp_path, [make_row()])
    failing_os(1, "forever")
    with pytest.raises(StoreError, match=rf"cannot write .*{RUN}\.jsonl: No space left on device") as caught:
        writer.record(make_row(outcome="measured", time_s=1.0))
    assert "what was saved before is untouched" in str(caught.value)
    writer.release()


def test_a_run_can_be_closed_again_once_there_is_space(
    tmp_path: Path,
    begin: Callable[..., RunWriter],
    make_row: MakeRow,
    failing_os: Callable[[int, str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = begin(tmp_path, [make_row()])
    with monkeypatch.context() as full:
        failing_os(5, "forever")
        with pytest.raises(StoreError):
            writer.close("complete")
        full.undo()
    assert len(journals(tmp_path)) == 1
    paths = writer.close("complete")
    assert paths.manifest.exists()
    assert journals(tmp_path) == []


def test_recovery_that_fails_at_any_step_can_be_done_again(
    tmp_path: Path,
    begin: Callable[..., RunWriter],
    make_row: MakeRow,
    failing_os: Callable[[int, str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for step in range(1, 1000):
        root = tmp_path / str(step)
        writer = begin(root, [make_row(), make_row(case_key="b")])
        writer.record(make_row(outcome="measured", time_s=1.0))
        writer.release()
        with monkeypatch.context():
            failing = failing_os(step, "kill")
            with suppress(BaseException):
                recover(root)
        monkeypatch.setattr(files, "os", __import__("os"))
        recover(root)
        assert [(run.run_id, run.state) for run in find_runs(root)] == [(RUN, "partial")]
        assert read_measurements(root).table["outcome"].to_pylist() == ["measured", "not-run"]
        assert verify(root).sound
        if failing.count < step:
            break
    assert step > 10
    assert isinstance(read_samples(root).table, pa.Table)
