"""Reading: nothing untrue is believed, and one bad file spoils nothing but itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import parquet

from harness.errors import UsageError
from harness.store.layout import RunPaths
from harness.store.parquet import Limits
from harness.store.read import Loaded, read_measurements, read_samples, resolve
from harness.store.record import Measurement, Sample, measurement_schema
from harness.store.verify import verify

RUN = "20260102T030405678Z-0123456789ab"
OTHER = "20260103T030405678Z-0123456789ab"
WriteRun = Callable[..., RunPaths]
MakeRow = Callable[..., Measurement]
MakeSample = Callable[..., Sample]


def save(table: pa.Table, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path, write_page_checksum=True)
    return path


def bare(path: Path, limits: Limits | None = None) -> Loaded:
    """Read a file that no manifest speaks of, as one from a stranger."""
    run = resolve(path.parent, str(path)).run
    return read_measurements(path.parent, [run], **({"limits": limits} if limits else {}))


def reason(loaded: Loaded) -> str:
    assert loaded.table.num_rows == 0
    (finding,) = loaded.findings
    assert finding.set_aside
    return finding.reason


@pytest.fixture
def table(tmp_path: Path, write_run: WriteRun, make_row: MakeRow) -> pa.Table:
    rows = [make_row(outcome="measured", time_s=0.5, flops=10), make_row(case_key="b", outcome="refused", detail="no")]
    return parquet.read_table(write_run(tmp_path / "origin", rows=rows, samples=[]).measurements)


def test_a_file_cut_short_anywhere_is_set_aside_and_the_others_are_read(tmp_path: Path, write_run: WriteRun) -> None:
    whole = write_run(tmp_path, OTHER)
    path = write_run(tmp_path, RUN).measurements
    data = path.read_bytes()
    for length in [*range(0, len(data), 2997), len(data) - 1]:
        path.write_bytes(data[:length])
        found = read_measurements(tmp_path)
        assert found.table["run_id"].to_pylist() == [OTHER]
        assert [finding.file for finding in found.findings] == [path]
        assert "SHA-256" in found.findings[0].reason
    path.unlink()
    assert "No such file" in read_measurements(tmp_path).findings[0].reason
    assert whole.measurements.exists()


def test_a_flipped_bit_is_found_by_the_hash_wherever_it_is(tmp_path: Path, write_run: WriteRun) -> None:
    path = write_run(tmp_path).measurements
    data = path.read_bytes()
    for index in range(0, len(data), 1487):
        path.write_bytes(data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :])
        assert "SHA-256" in reason(read_measurements(tmp_path))


def test_without_a_manifest_flipped_bits_are_found_by_the_checksums_that_the_writer_wrote(
    tmp_path: Path, write_run: WriteRun, make_sample: MakeSample
) -> None:
    blocks = [make_sample(start_ns=index * 0x9E3779B97F4A7C15 % 2**60) for index in range(2000)]  # no two bits alike
    write_run(tmp_path, samples=blocks).manifest.unlink()
    path = tmp_path / "samples" / f"{RUN}.parquet"
    run = resolve(tmp_path, str(tmp_path / "measurements" / f"{RUN}.parquet")).run
    data, want, silent = path.read_bytes(), read_samples(tmp_path, [run]).table, 0
    assert want.num_rows == 2000
    indices = range(0, len(data), 397)
    for index in indices:
        path.write_bytes(data[:index] + bytes([data[index] ^ 16]) + data[index + 1 :])
        found = read_samples(tmp_path, [run])  # the promise is that this does not raise, whatever was hit
        silent += not found.findings and not found.table.equals(want)
    assert len(indices) > 50
    assert silent <= 1  # the footer has no checksum; without any, more than half go unseen


def test_columns_that_an_older_file_lacks_are_null(tmp_path: Path, table: pa.Table) -> None:
    path = save(table.drop_columns(["price_per_hour", "flops"]), tmp_path / "old.parquet")
    found = bare(path)
    assert found.findings == ()
    assert found.table.schema.equals(measurement_schema())
    assert found.table["flops"].to_pylist() == [None, None]
    assert found.table["time_s"].to_pylist() == [0.5, None]


def test_columns_that_only_a_newer_file_has_are_left_out_and_mentioned(tmp_path: Path, table: pa.Table) -> None:
    path = save(table.append_column("carbon_g", pa.array([1.0, 2.0])), tmp_path / "new.parquet")
    found = bare(path)
    assert found.table.num_rows == 2
    assert found.table.schema.equals(measurement_schema())
    (note,) = found.findings
    assert (note.set_aside, "carbon_g" in note.reason) == (False, True)


def test_what_other_programs_make_of_our_types_is_understood(tmp_path: Path, table: pa.Table) -> None:
    wide = table.set_column(0, "schema", table["schema"].cast(pa.int32()))
    for name, kind in (
        ("run_id", pa.large_string()),
        ("started_at", pa.timestamp("ns", "Europe/Berlin")),
        ("time_s", pa.float32()),
        ("validity", pa.large_list(pa.large_string())),
    ):
        wide = wide.set_column(wide.column_names.index(name), name, table[name].cast(kind))
    wide = wide.set_column(wide.column_names.index("energy_j"), "energy_j", pa.nulls(2))
    found = bare(save(wide, tmp_path / "wide.parquet"))
    assert found.findings == ()
    assert found.table.equals(table)


@pytest.mark.parametrize(
    ("column", "values", "complaint"),
    [
        ("time_s", ["0.5", None], "'time_s' holds string, and should hold double"),
        ("inner", [1.5, None], "'inner' holds double"),
        ("started_at", ["now", "then"], "'started_at' holds string"),
        ("validity", [[1], []], "'validity' holds list"),
        ("run_id", [RUN, None], "'run_id' has nulls"),
        ("time_s", [None, 0.1], "time_s is filled for an arm that was not measured"),
        ("flops_per_s", [None, 1.0], "flops_per_s is filled"),
        ("case_key", ["b", "b"], "1 rows stand for an arm"),
    ],
)
def test_a_column_that_cannot_be_true_sets_its_file_aside(
    tmp_path: Path, table: pa.Table, column: str, values: Sequence[Any], complaint: str
) -> None:
    changed = table.set_column(table.column_names.index(column), column, pa.array(values))
    assert complaint in reason(bare(save(changed, tmp_path / "changed.parquet")))


def test_a_row_without_an_identity_is_no_row(tmp_path: Path, table: pa.Table) -> None:
    assert "'run_id' is missing" in reason(bare(save(table.drop_columns(["run_id"]), tmp_path / "less.parquet")))


def test_extension_types_are_refused_however_deep_and_even_in_columns_that_nobody_reads(
    tmp_path: Path, table: pa.Table
) -> None:
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16] * 2, pa.binary(16)))
    nested = pa.StructArray.from_arrays([uuids], ["inside"])
    unknown = pa.field("odd", pa.string(), metadata={"ARROW:extension:name": "somebody.pickled"})
    for field, values in ((pa.field("odd", uuids.type), uuids), (pa.field("odd", nested.type), nested)):
        assert "extension type" in reason(bare(save(table.append_column(field, values), tmp_path / "odd.parquet")))
    path = save(table.append_column(unknown, pa.array(["x", "y"])), tmp_path / "odd.parquet")
    assert "extension type" in reason(bare(path))


def test_rows_are_counted_before_they_are_unpacked(tmp_path: Path, table: pa.Table) -> None:
    bomb = pa.concat_tables([table.slice(0, 1)] * 1000).combine_chunks()
    path = save(bomb, tmp_path / "bomb.parquet")
    assert "1000 rows, and at most 999" in reason(bare(path, Limits(rows=999)))
    assert "bytes, and at most 100" in reason(bare(path, Limits(rows=10**6, file_bytes=100)))
    assert "unpacks to more than 1000 bytes" in reason(bare(path, Limits(rows=10**6, table_bytes=1000)))
    assert "columns, and at most 5" in reason(bare(path, Limits(rows=10**6, columns=5)))


def test_what_is_no_parquet_is_set_aside(tmp_path: Path) -> None:
    for data in (b"", b"PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1", b"hello " * 100):
        (tmp_path / "x.parquet").write_bytes(data)
        assert "not readable as Parquet" in reason(bare(tmp_path / "x.parquet"))


def test_two_columns_of_one_name_are_refused(tmp_path: Path, table: pa.Table) -> None:
    twice = pa.table([*table.columns, table["time_s"]], names=[*table.column_names, "time_s"])
    assert "same name" in reason(bare(save(twice, tmp_path / "twice.parquet")))


def test_a_manifest_that_is_wrong_is_set_aside(tmp_path: Path, write_run: WriteRun) -> None:
    write_run(tmp_path, OTHER)
    path = write_run(tmp_path, RUN).manifest
    good = json.loads(path.read_text())
    for changes, complaint in (
        ({"schema": "harness.run/99"}, "schema harness.run/1"),
        ({"state": "splendid"}, "its state is 'splendid'"),
        ({"run_id": OTHER}, "not its name"),
        ({"files": {}}, "'measurements' is not an object"),
        ({"arms": {"measured": -1}}, "count"),
        ({"suite": 7}, "its suite is not a text"),
        ({"started_at": "yesterday"}, "yesterday"),
    ):
        path.write_text(json.dumps(good | changes))
        found = read_measurements(tmp_path)
        assert found.table["run_id"].to_pylist() == [OTHER]
        assert complaint in found.findings[0].reason
        assert [finding.file for finding in found.findings][1:] == [tmp_path / "measurements" / f"{RUN}.parquet"]
    for text in ("", "[]", "{", "[" * 100_000):
        path.write_text(text)
        assert read_measurements(tmp_path).findings[0].set_aside


def test_a_file_of_another_run_or_another_length_is_not_taken_for_this_one(tmp_path: Path, write_run: WriteRun) -> None:
    import hashlib

    other, paths = write_run(tmp_path, OTHER), write_run(tmp_path, RUN)
    paths.measurements.write_bytes(other.measurements.read_bytes())
    manifest = json.loads(paths.manifest.read_text())
    manifest["files"]["measurements"]["sha256"] = hashlib.sha256(other.measurements.read_bytes()).hexdigest()
    paths.manifest.write_text(json.dumps(manifest))
    assert "rows of another run" in read_measurements(tmp_path, [RUN]).findings[0].reason
    manifest["files"]["measurements"]["rows"] = 5
    paths.manifest.write_text(json.dumps(manifest))
    assert "1 rows, and the manifest says 5" in read_measurements(tmp_path, [RUN]).findings[0].reason
    assert not verify(tmp_path).sound


def test_runs_can_be_named_and_a_wrong_name_is_an_error(tmp_path: Path, write_run: WriteRun) -> None:
    write_run(tmp_path, RUN)
    write_run(tmp_path, OTHER)
    assert read_measurements(tmp_path, [OTHER]).table["run_id"].to_pylist() == [OTHER]
    assert read_samples(tmp_path, [resolve(tmp_path, "latest~1").run]).table["run_id"].to_pylist() == [RUN]
    with pytest.raises(UsageError, match="no such run"):
        read_samples(tmp_path, ["20990101T000000000Z-0123456789ab"])


def test_one_arm_can_be_taken_by_its_target_or_its_label(
    tmp_path: Path, write_run: WriteRun, make_row: MakeRow
) -> None:
    rows = [make_row(), make_row(label="mine", target="jax.jit@cpu"), make_row(target="tensorflow.xla@cpu")]
    rows = [replace(row, outcome="measured", time_s=1.0) for row in rows]
    write_run(tmp_path, rows=rows, samples=[])
    found = read_measurements(tmp_path)
    assert found.only("") is found
    assert found.only("mine").table["target"].to_pylist() == ["jax.jit@cpu"]
    assert found.only("tensorflow.xla@cpu").table.num_rows == 1
    with pytest.raises(UsageError, match="no target 'torch@gpu'") as caught:
        found.only("torch@gpu")
    assert "mine" in str(caught.value)


def test_a_frame_is_what_pandas_itself_would_read(tmp_path: Path, write_run: WriteRun) -> None:
    import pandas as pd

    paths = write_run(tmp_path)
    pd.testing.assert_frame_equal(read_measurements(tmp_path).frame(), pd.read_parquet(paths.measurements))


def test_an_empty_store_is_an_empty_table(tmp_path: Path) -> None:
    assert read_measurements(tmp_path / "nowhere").table.schema.equals(measurement_schema())
    assert read_measurements(tmp_path / "nowhere").findings == ()


def test_verify_finds_tables_that_do_not_agree(tmp_path: Path, write_run: WriteRun) -> None:
    import hashlib

    paths = write_run(tmp_path)
    assert verify(tmp_path).findings == ()
    manifest = json.loads(paths.manifest.read_text())
    paths.manifest.write_text(json.dumps(manifest | {"arms": {"measured": 9}}))
    assert "it counts {'measured': 9}" in verify(tmp_path).findings[0].reason
    samples = parquet.read_table(paths.samples)
    index = samples.column_names.index("case_key")
    save(
        samples.set_column(index, samples.schema.field(index), pc.binary_repeat(samples["case_key"], 2)), paths.samples
    )
    data = paths.samples.read_bytes()
    manifest["files"]["samples"] |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    paths.manifest.write_text(json.dumps(manifest))
    assert "samples of 1 arms that have no measurement" in verify(tmp_path).findings[0].reason
