"""Old files get new columns, and are whole and believed at every step."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyarrow import parquet

from harness.errors import ExitCode, StoreError, StoreLocked
from harness.store.layout import RunPaths
from harness.store.migrate import migrate
from harness.store.read import read_measurements
from harness.store.record import Measurement, measurement_schema
from harness.store.verify import verify

JAN, FEB = (f"20260{month}01T000000000Z-0123456789ab" for month in (1, 2))
NEWER = ["price_per_hour", "effective_bits"]
WriteRun = Callable[..., RunPaths]


def age(paths: RunPaths) -> None:
    """Make the measurements look as if they were written before `NEWER` came."""
    parquet.write_table(parquet.read_table(paths.measurements).drop_columns(NEWER), paths.measurements)
    data = paths.measurements.read_bytes()
    manifest = json.loads(paths.manifest.read_text())
    manifest["files"]["measurements"] |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    paths.manifest.write_text(json.dumps(manifest))


@pytest.fixture
def old(tmp_path: Path, write_run: WriteRun) -> Path:
    root = tmp_path / "results"
    age(write_run(root, JAN))
    return root


def test_pandas_sees_the_new_columns_of_the_whole_folder_once_old_files_are_rewritten(
    old: Path, write_run: WriteRun, make_row: Callable[..., Measurement]
) -> None:
    write_run(old, FEB, rows=[make_row(run_id=FEB, outcome="measured", time_s=1.0, price_per_hour=3.5)])
    before = read_measurements(old).table
    assert "price_per_hour" not in pd.read_parquet(old / "measurements")  # the first file's columns rule
    assert migrate(old) == [old / "measurements" / f"{JAN}.parquet"]
    assert pd.read_parquet(old / "measurements")["price_per_hour"].dropna().tolist() == [3.5]
    assert read_measurements(old).table.equals(before)
    assert parquet.read_schema(old / "measurements" / f"{JAN}.parquet").equals(measurement_schema())
    assert verify(old).findings == ()
    assert migrate(old) == []


def test_killed_at_any_step_the_old_file_or_the_new_one_is_there_and_believed(
    tmp_path: Path, write_run: WriteRun, failing_os: Callable[[int, str], AbstractContextManager[Any]]
) -> None:
    for step in range(1, 100):
        root = tmp_path / str(step)
        age(write_run(root, JAN))
        with failing_os(step, "kill") as failing, suppress(SystemExit):
            migrate(root)
        assert verify(root).sound
        migrate(root)
        assert verify(root).sound
        assert "sha256_before" not in (root / "runs" / f"{JAN}.json").read_text()
        assert "price_per_hour" in pd.read_parquet(root / "measurements")
        if failing.count < step:
            break
    assert step > 10


def test_files_of_a_newer_harness_keep_their_columns(old: Path) -> None:
    path = old / "measurements" / f"{JAN}.parquet"
    table = parquet.read_table(path)
    parquet.write_table(table.append_column("carbon_g", table["time_s"]), path)
    manifest = json.loads((old / "runs" / f"{JAN}.json").read_text())
    manifest["files"]["measurements"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (old / "runs" / f"{JAN}.json").write_text(json.dumps(manifest))
    before = path.read_bytes()
    assert migrate(old) == []
    assert path.read_bytes() == before


def test_a_harmed_file_is_left_as_it_is_and_the_others_are_done(old: Path, write_run: WriteRun) -> None:
    harmed = write_run(old, FEB)
    age(harmed)
    data = harmed.measurements.read_bytes()[:-1]
    harmed.measurements.write_bytes(data)
    with pytest.raises(StoreError, match=rf"not migrated: .*{FEB}"):
        migrate(old)
    assert harmed.measurements.read_bytes() == data
    assert parquet.read_schema(old / "measurements" / f"{JAN}.parquet").equals(measurement_schema())


def test_two_migrations_do_not_run_at_once(old: Path) -> None:
    with (old / "runs" / ".migrate.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(StoreLocked, match="another migration") as caught:
            migrate(old)
    assert caught.value.exit_code == ExitCode.LOCKED


def test_an_empty_store_has_nothing_to_migrate(tmp_path: Path) -> None:
    assert migrate(tmp_path / "nowhere") == []
    assert not (tmp_path / "nowhere").exists()
