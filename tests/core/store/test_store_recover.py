"""Killed runs become partial runs, once, whoever recovers and however often."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.errors import InternalError, StoreError
from harness.store.layout import RunPaths
from harness.store.read import find_runs, read_measurements, read_samples
from harness.store.record import Measurement, Sample
from harness.store.recover import JournalState, journals, recover, state_of
from harness.store.verify import verify
from harness.store.writer import RunWriter

RUN = "20260102T030405678Z-0123456789ab"
Begin = Callable[..., RunWriter]
MakeRow = Callable[..., Measurement]
MakeSample = Callable[..., Sample]

# Writes runs for ever, and says what is saved as it goes: RUN_ID, then one line an arm.
CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from harness.store.record import Measurement, Sample
from harness.store.run_id import new_run_id
from harness.store.writer import RunWriter

root, count = Path(sys.argv[1]), int(sys.argv[2])
now = datetime.now(UTC)
say = lambda text: print(text, flush=True)

def row(run_id, key, **more):
    return Measurement(**dict(
        run_id=run_id, started_at=now, suite="s", suite_hash="h", case="c", case_key=key, target="torch.eager@cpu",
        workload="matmul", params="{}", dtype="float32", math="ieee", direction="forward", cache="warm",
        backend="torch", mode="eager", mode_class="as-written", device="cpu", outcome="not-run",
        harness_version="1", seed=1) | more)

def sample(run_id, key, index):
    return Sample(run_id=run_id, case_key=key, target="torch.eager@cpu", label="", replica=0, quantity="throughput",
                  set=0, round=index, order=0, inner=1, start_ns=index, wall_ns=1)

for _ in range(count):
    run_id, keys = new_run_id(), [f"k{index}" for index in range(8)]
    manifest = {"run_id": run_id, "suite": "s", "started_at": now}
    writer = RunWriter.begin(root, manifest, [row(run_id, key) for key in keys])
    say(f"begun {run_id}")
    for key in keys:
        writer.samples([sample(run_id, key, index) for index in range(50)])
        writer.record(row(run_id, key, outcome="measured", time_s=1.0))
        say(f"saved {run_id} {key}")
    writer.close("complete")
    say(f"closed {run_id}")
"""


def child(root: Path, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CHILD, root, str(count)], stdout=subprocess.PIPE, text=True)


def test_kill_9_at_any_moment_loses_nothing_that_was_told(tmp_path: Path) -> None:
    children = [child(tmp_path, 1000) for _ in range(4)]
    told: list[str] = []
    for lines, process in zip((2, 9, 11, 25), children, strict=True):
        assert process.stdout is not None
        told += [process.stdout.readline() for _ in range(lines)]
        process.kill()
        told += process.stdout.readlines()  # what it had said before it died counts too
        process.wait()
        process.stdout.close()
    recover(tmp_path)
    assert journals(tmp_path) == []
    assert verify(tmp_path).sound
    states = {run.run_id: run.state for run in find_runs(tmp_path)}
    table = read_measurements(tmp_path).table
    saved = set(zip(*(table[name].to_pylist() for name in ("run_id", "case_key", "outcome")), strict=True))
    assert table.num_rows == 8 * len(states)
    for line in told:
        what, run_id, *key = line.split()
        assert run_id in states
        assert what != "closed" or states[run_id] == "complete"
        assert what != "saved" or (run_id, key[0], "measured") in saved


def test_a_file_that_may_not_grow_ends_the_run_and_harms_nothing(tmp_path: Path) -> None:
    """The operating system itself refuses here, after a part of a line has been written."""
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n" + CHILD
    code = [sys.executable, "-c", limited, str(tmp_path), "1"]
    ended = subprocess.run(code, capture_output=True, text=True, check=False)
    assert "StoreError: cannot write" in ended.stderr
    assert "File too large" in ended.stderr
    told = [line.split()[-1] for line in ended.stdout.splitlines() if line.startswith("saved")]
    assert 0 < len(told) < 8
    assert len(recover(tmp_path)) == 1
    table = read_measurements(tmp_path).table
    assert table["outcome"].to_pylist() == ["measured"] * len(told) + ["not-run"] * (8 - len(told))
    assert verify(tmp_path).findings == ()


def test_many_writers_and_recoveries_share_a_store(tmp_path: Path) -> None:
    children = [child(tmp_path, 6) for _ in range(3)]
    while any(process.poll() is None for process in children):
        assert recover(tmp_path) == []  # all journals have owners
        time.sleep(0.02)
    for process in children:
        process.communicate()
        assert process.returncode == 0
    assert len(find_runs(tmp_path)) == 18
    assert read_measurements(tmp_path).table.num_rows == 18 * 8
    assert read_samples(tmp_path).table.num_rows == 18 * 8 * 50
    assert verify(tmp_path).findings == ()


def test_a_killed_run_becomes_partial_with_all_that_it_had_found(
    tmp_path: Path, begin: Begin, make_row: MakeRow, make_sample: MakeSample
) -> None:
    writer = begin(tmp_path, [make_row(), make_row(case_key="b")])
    writer.record(make_row(outcome="measured", time_s=1.5))
    writer.samples([make_sample(), make_sample(round=1)])
    (journal,) = journals(tmp_path)
    assert state_of(journal) is JournalState.LIVE
    assert recover(tmp_path) == []
    writer.release()
    assert state_of(journal) is JournalState.ABANDONED
    assert recover(tmp_path) == [RUN]
    assert recover(tmp_path) == []
    (run,) = find_runs(tmp_path)
    assert (run.state, run.title, run.arms) == ("partial", f"{RUN} (partial)", {"measured": 1, "not-run": 1})
    assert run.ended_at is None
    assert run.manifest["torn_bytes"] == 0
    assert run.manifest["recovered_at"]
    assert read_measurements(tmp_path).table["time_s"].to_pylist() == [1.5, None]
    assert read_samples(tmp_path).table["round"].to_pylist() == [0, 1]


def test_a_torn_tail_is_cut_off_and_counted(tmp_path: Path, begin: Begin, make_row: MakeRow) -> None:
    writer = begin(tmp_path, [make_row(), make_row(case_key="b")])
    writer.record(make_row(outcome="measured", time_s=1.0))
    writer.record(make_row(case_key="b", outcome="measured", time_s=2.0))
    writer.release()
    (journal,) = journals(tmp_path)
    os.truncate(journal, journal.stat().st_size - 7)
    assert recover(tmp_path) == [RUN]
    assert read_measurements(tmp_path).table["outcome"].to_pylist() == ["measured", "not-run"]
    (run,) = find_runs(tmp_path)
    assert run.manifest["torn_bytes"] > 100


def test_a_run_that_was_killed_while_closing_is_what_it_was_closed_as(
    tmp_path: Path, begin: Begin, make_row: MakeRow, failing_os: Callable[[int, str], AbstractContextManager[Any]]
) -> None:
    writer = begin(tmp_path, [make_row()])
    # The end is noted with the first two operations; then the tables come.
    with failing_os(4, "once"), pytest.raises(StoreError, match="No space"):
        writer.close("complete", {"note": "the last word"})
    writer.release()
    assert recover(tmp_path) == [RUN]
    (run,) = find_runs(tmp_path)
    assert run.complete
    assert run.manifest["note"] == "the last word"


def test_recoveries_at_the_same_time_recover_each_run_once(tmp_path: Path, begin: Begin, make_row: MakeRow) -> None:
    ids = [f"2026010{day}T000000000Z-0123456789ab" for day in range(1, 9)]
    for run_id in ids:
        begin(tmp_path, [make_row(run_id=run_id)], run_id).release()
    with ThreadPoolExecutor(4) as pool:
        recovered = [run_id for found in pool.map(lambda _: recover(tmp_path), range(4)) for run_id in found]
    assert sorted(recovered) == ids
    assert [run.run_id for run in find_runs(tmp_path)] == ids


def test_a_journal_left_behind_by_a_finished_run_only_goes(
    tmp_path: Path, begin: Begin, make_row: MakeRow, write_run: Callable[..., RunPaths]
) -> None:
    begin(tmp_path / "other", [make_row()]).release()
    paths = write_run(tmp_path)
    before = paths.manifest.read_bytes()
    (tmp_path / "other" / "journal" / f"{RUN}.jsonl").rename(tmp_path / "journal" / f"{RUN}.jsonl")
    assert recover(tmp_path) == []
    assert paths.manifest.read_bytes() == before
    assert journals(tmp_path) == []


def test_a_journal_nobody_can_read_stays_and_is_named(tmp_path: Path, begin: Begin, make_row: MakeRow) -> None:
    for index, harm in enumerate((b"", b"garbage\n", _line({"begin": {}}), _line({"something": "newer"}))):
        root = tmp_path / str(index)
        begin(root, [make_row()]).release()
        (journal,) = journals(root)
        journal.write_bytes(harm)
        assert recover(root) == []
        assert state_of(journal) is JournalState.DAMAGED
        assert not verify(root).sound
        assert journal.read_bytes() == harm


def _line(entry: dict[str, Any]) -> bytes:
    import zlib

    payload = json.dumps(entry).encode()
    return b'[%d,"%08x",%s]\n' % (len(payload), zlib.crc32(payload), payload)


def test_a_leftover_that_somebody_renames_meanwhile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.store.recover._leftovers", lambda layout: iter([layout.root / ".gone.tmp"]))
    assert recover(tmp_path) == []


def test_leftovers_of_yesterday_are_swept_and_those_of_today_are_not(
    tmp_path: Path, write_run: Callable[..., RunPaths]
) -> None:
    write_run(tmp_path)
    left = tmp_path / "samples" / ".x.parquet.tmp"
    left.write_bytes(b"half")
    recover(tmp_path)
    assert left.exists()
    recover(tmp_path, now=lambda: time.time() + 25 * 3600)
    assert not left.exists()


def test_pandas_reads_the_folder_whatever_else_lies_about(
    tmp_path: Path, begin: Begin, make_row: MakeRow, write_run: Callable[..., RunPaths]
) -> None:
    write_run(tmp_path, "20260101T000000000Z-0123456789ab")
    write_run(tmp_path, "20260102T000000000Z-0123456789ab")
    writer = begin(tmp_path, [make_row()])
    (tmp_path / "measurements" / f".{RUN}.parquet.tmp").write_bytes(b"half")
    frame = pd.read_parquet(tmp_path / "measurements")
    assert frame["run_id"].nunique() == len(frame) == 2
    assert frame.groupby("backend")["time_s"].median().to_dict() == {"torch": 0.5}
    assert len(pd.read_parquet(tmp_path / "samples")) == 2
    writer.release()


def test_what_was_noted_of_the_run_outlives_it(tmp_path: Path, begin: Begin, make_row: MakeRow) -> None:
    writer = begin(tmp_path, [make_row()])
    writer.note({"cpu_speed": {"float32": 1.5}})
    with pytest.raises(InternalError, match="filled in by the store"):
        writer.note({"state": "complete"})
    writer.release()
    recover(tmp_path)
    assert find_runs(tmp_path)[0].manifest["cpu_speed"] == {"float32": 1.5}
