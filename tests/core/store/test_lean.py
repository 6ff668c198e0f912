"""The lean way of reading: the same rows and blocks as the full one, the same distrust, and no pandas."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from harness.errors import StoreError
from harness.store.lean import read_rows, read_timings
from harness.store.parquet import Limits
from harness.store.read import read_samples
from harness.store.record import measurement_schema
from harness.store.runs import RunInfo, resolve
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, run, squares

JAX = "jax.jit@cpu"
COLUMNS = ("case", "target", "outcome", "time_s", "tags")
OTHER = "20990101T000000000Z-000000000000"


def stored(root: Path) -> RunInfo:
    rows, samples = run(squares(3), {REFERENCE: 1.0, JAX: 1.5}, rounds=4)
    latency = [replace(one, quantity="latency", wall_ns=1) for one in samples]
    lost = [replace(one, round=one.round + 100, flags="unproved") for one in samples]
    store(root, rows, [*samples, *latency, *lost])
    return resolve(root, RUN).run


def keys_of(info: RunInfo) -> list[tuple[str, str, str, int]]:
    rows, _ = read_rows(info, ("case_key", "target", "label", "replica"))
    return [(row["case_key"], row["target"], row["label"], row["replica"]) for row in rows]


def test_blocks_are_those_that_the_whole_table_has(tmp_path: Path) -> None:
    info = stored(tmp_path)
    keys = keys_of(info)
    found = read_timings(info, keys)
    frame = read_samples(tmp_path, [info]).frame()
    frame = frame[(frame["quantity"] == "throughput") & (frame["flags"] == "")]
    places = {key: at for at, key in enumerate(keys)}
    named = zip(frame["case_key"], frame["target"], frame["label"], frame["replica"], strict=True)
    assert found.arm.tolist() == [places[key] for key in named]
    for column in ("set", "round", "inner", "wall_ns"):
        assert np.array_equal(getattr(found, column), frame[column].to_numpy())


def test_arms_that_are_not_asked_for_have_no_blocks(tmp_path: Path) -> None:
    info = stored(tmp_path)
    assert read_timings(info, keys_of(info)[:1]).arm.size == 5 * 4
    assert read_timings(info, []).arm.size == 0
    assert read_timings(info, keys_of(info), quantity="no such").arm.size == 0
    assert set(read_timings(info, keys_of(info), quantity="latency").wall_ns.tolist()) == {1}


def test_rows_are_read_by_their_columns_and_what_an_old_file_lacks_is_nothing(tmp_path: Path) -> None:
    info = stored(tmp_path)
    rows, notes = read_rows(info, COLUMNS)
    assert len(rows) == 9
    assert notes == []
    assert set(rows[0]) == set(COLUMNS)
    path = info.paths["measurements"]
    table = parquet.read_table(path).drop_columns(["tags"])
    parquet.write_table(table.append_column("later", pa.array([1] * 9)), path)
    rows, notes = read_rows(replace(info, files={}), COLUMNS)
    assert {row["tags"] for row in rows} == {None}
    assert notes == ["columns that this version does not know are left out: later"]


def spoil(info: RunInfo, table: str, change: Any) -> RunInfo:
    """Write a table anew, as a stranger would: without the manifest's word on it."""
    path = info.paths[table]
    parquet.write_table(change(parquet.read_table(path)), path)
    return replace(info, files={})


def with_column(name: str, values: Any) -> Any:
    def change(table: pa.Table) -> pa.Table:
        return table.set_column(table.column_names.index(name), name, pa.array(values(table[name].to_pylist())))

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_column("case_key", lambda old: [None, *old[1:]]), "the column 'case_key' has nulls"),
        (with_column("case_key", lambda old: ["same"] * len(old)), "6 rows stand for an arm that has one already"),
        (with_column("outcome", lambda old: ["failed", *old[1:]]), "time_s is filled for an arm that was not measured"),
        (with_column("time_s", lambda old: ["long"] * len(old)), "the column 'time_s' holds string"),
        (lambda table: table.drop_columns(["target"]), "the column 'target' is missing"),
    ],
)  # fmt: skip
def test_rows_that_no_run_writes_are_refused(tmp_path: Path, change: Any, said: str) -> None:
    info = spoil(stored(tmp_path), "measurements", change)
    with pytest.raises(StoreError, match=said):
        read_rows(info, COLUMNS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_column("wall_ns", lambda old: [None, *old[1:]]), "the column 'wall_ns' has nulls"),
        (with_column("target", lambda old: [None, *old[1:]]), "the column 'target' has nulls"),
        (with_column("set", lambda old: ["0"] * len(old)), "the column 'set' holds string"),
        (with_column("run_id", lambda old: [None, *old[1:]]), "the column 'run_id' has nulls"),
    ],
)
def test_blocks_that_no_run_writes_are_refused(tmp_path: Path, change: Any, said: str) -> None:
    whole = stored(tmp_path)
    keys = keys_of(whole)
    with pytest.raises(StoreError, match=said):
        read_timings(spoil(whole, "samples", change), keys)


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("change", [lambda old: [OTHER] * len(old), lambda old: [*old[:-1], OTHER]], ids=["all", "one"])
def test_blocks_of_another_run_are_refused(tmp_path: Path, change: Any, *, listed: bool) -> None:
    """Even where somebody wrote a manifest that goes with them."""
    whole = stored(tmp_path)
    keys = keys_of(whole)
    forged = spoil(whole, "samples", with_column("run_id", change))
    if listed:
        data = forged.paths["samples"].read_bytes()
        facts = replace(whole.files["samples"], sha256=(hashlib.sha256(data).hexdigest(),), bytes=len(data))
        forged = replace(whole, files={**whole.files, "samples": facts})
    with pytest.raises(StoreError, match=f"cannot be used: it holds rows of another run than {RUN}"):
        read_timings(forged, keys)


def test_a_file_without_a_manifest_may_have_any_name(tmp_path: Path) -> None:
    whole = stored(tmp_path)
    keys = keys_of(whole)
    theirs = replace(whole, run_id="from-a-friend", files={})
    assert read_timings(theirs, keys).arm.size == 9 * 5 * 4


def test_files_that_other_programs_rewrote_are_read_alike(tmp_path: Path) -> None:
    """Wider strings, narrower numbers."""
    info = stored(tmp_path)
    before = read_timings(info, keys_of(info))

    def rewritten(table: pa.Table) -> pa.Table:
        names = {"target": pa.large_string(), "label": pa.string_view(), "set": pa.int32(), "inner": pa.int8()}
        return table.cast(pa.schema([field.with_type(names.get(field.name, field.type)) for field in table.schema]))

    after = read_timings(spoil(info, "samples", rewritten), keys_of(info))
    assert np.array_equal(before.arm, after.arm)
    assert np.array_equal(before.wall_ns, after.wall_ns)


@pytest.mark.parametrize("table", ["measurements", "samples"])
def test_a_file_that_is_not_the_one_that_was_written_is_refused(tmp_path: Path, table: str) -> None:
    info = stored(tmp_path)
    keys, path = keys_of(info), info.paths[table]

    def read() -> None:
        read_rows(info, COLUMNS)
        read_timings(info, keys)

    data = path.read_bytes()
    path.write_bytes(data[:-9])
    with pytest.raises(StoreError, match=f"{table}/{RUN}.parquet cannot be used: it is not the file"):
        read()
    path.write_bytes(b"PAR1")
    info = replace(info, files={})
    with pytest.raises(StoreError, match="not readable as Parquet"):
        read()
    info = replace(info, paths={})
    with pytest.raises(StoreError, match="has no measurements"):
        read()


def test_what_is_larger_than_is_believed_is_refused(tmp_path: Path) -> None:
    info = stored(tmp_path)
    with pytest.raises(StoreError, match="540 rows, and at most 60"):
        read_timings(info, [], limits=Limits(rows=60))
    with pytest.raises(StoreError, match="at most 10 are read"):
        read_rows(info, COLUMNS, limits=Limits(rows=1_000, file_bytes=10))


def test_a_manifest_that_counts_otherwise_is_not_believed(tmp_path: Path) -> None:
    info = stored(tmp_path)
    keys = keys_of(info)
    files = {name: replace(facts, rows=facts.rows + 1) for name, facts in info.files.items()}
    wrong = replace(info, files=files)
    with pytest.raises(StoreError, match="9 rows, and the manifest says 10"):
        read_rows(wrong, COLUMNS)
    with pytest.raises(StoreError, match="and the manifest says 541"):
        read_timings(wrong, keys)


def test_rows_of_another_run_are_refused(tmp_path: Path) -> None:
    info = stored(tmp_path)
    with pytest.raises(StoreError, match="rows of another run"):
        read_rows(replace(info, run_id=OTHER), COLUMNS)


PROBE = """
import json, sys
from pathlib import Path
from harness.store.lean import read_rows, read_timings
from harness.store.runs import resolve
info = resolve(Path(sys.argv[1]), "latest").run
rows, _ = read_rows(info, ("case_key", "target", "label", "replica", "outcome", "time_s"))
found = read_timings(info, [(row["case_key"], row["target"], row["label"], row["replica"]) for row in rows])
print(json.dumps([int(found.arm.size), "pandas" in sys.modules]))
"""


def test_it_loads_no_pandas(tmp_path: Path) -> None:
    """Which would be a third of the time that a comparison may take."""
    stored(tmp_path)
    done = subprocess.run([sys.executable, "-c", PROBE, str(tmp_path)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [9 * 5 * 4, False]


def test_every_column_that_it_looks_at_is_one_of_the_table() -> None:
    """A renamed column would otherwise be read as nothing."""
    from harness.report.compare_load import COLUMNS as ASKED

    assert set(ASKED) <= set(measurement_schema().names)
