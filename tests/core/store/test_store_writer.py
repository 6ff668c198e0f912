"""Writing a run: one row an arm, no number without proof, nothing half-written under a final name."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from harness.errors import ExitCode, InternalError, StoreError
from harness.store.layout import RunPaths
from harness.store.read import read_measurements, read_samples
from harness.store.record import Measurement, Sample, measurement_schema, sample_schema
from harness.store.rows import PROVED_ONLY
from harness.store.writer import RunWriter

Begin = Callable[..., RunWriter]
MakeRow = Callable[..., Measurement]
MakeSample = Callable[..., Sample]
WriteRun = Callable[..., RunPaths]

RUN = "20260102T030405678Z-0123456789ab"
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INT64 = st.integers(-(2**63), 2**63 - 1)
OPTIONAL = {
    "detail": TEXT,
    "device_name": st.none() | TEXT,
    "params": TEXT,
    "checks_run": st.lists(TEXT, max_size=3).map(tuple),
    "inner": st.none() | INT64,
    "flops": st.none() | INT64,
    "max_error": st.none() | st.floats(allow_nan=False),
    "latency_s": st.none() | st.floats(allow_nan=False),
    "items_name": st.none() | TEXT,
    "attempts": INT64,
}
SAMPLES = st.builds(
    Sample,
    run_id=st.just(RUN),
    case_key=st.just("0123456789abcdef"),
    target=st.just("torch.eager@cpu"),
    label=st.just(""),
    replica=st.just(0),
    quantity=TEXT,
    set=INT64,
    round=INT64,
    order=INT64,
    inner=INT64,
    start_ns=INT64,
    wall_ns=INT64,
    device_ns=st.none() | INT64,
    power_mw=st.none() | st.floats(allow_nan=False),
    flags=TEXT,
)


@given(row=st.fixed_dictionaries({}, optional=OPTIONAL), blocks=st.lists(SAMPLES))
def test_what_is_written_is_read_back(
    row: dict[str, Any],
    blocks: list[Sample],
    tmp_path_factory: pytest.TempPathFactory,
    make_row: MakeRow,
    write_run: WriteRun,
) -> None:
    root = tmp_path_factory.mktemp("results")
    measured = make_row(outcome="measured", time_s=0.25, **row)
    write_run(root, rows=[measured], samples=blocks)
    (found,) = read_measurements(root).table.to_pylist()
    assert found == asdict(measured) | {"validity": [], "checks_run": list(measured.checks_run)}
    assert read_samples(root).table.to_pylist() == [asdict(block) for block in blocks]


def test_numbers_that_are_none_survive(tmp_path: Path, make_row: MakeRow, write_run: WriteRun) -> None:
    write_run(
        tmp_path, rows=[make_row(outcome="failed", detail="wrong: all NaN", max_error=math.inf, tolerance=math.nan)]
    )
    (found,) = read_measurements(tmp_path).table.to_pylist()
    assert found["max_error"] == math.inf
    assert math.isnan(found["tolerance"])


def test_files_have_exactly_the_promised_schema_and_checksums(tmp_path: Path, write_run: WriteRun) -> None:
    paths = write_run(tmp_path)
    for path, schema in ((paths.measurements, measurement_schema()), (paths.samples, sample_schema())):
        assert parquet.read_schema(path).equals(schema)
        column = parquet.ParquetFile(path).metadata.row_group(0).column(0)
        assert column.compression == "ZSTD"


def test_every_planned_arm_is_one_row_and_its_last_word_counts(tmp_path: Path, begin: Begin, make_row: MakeRow) -> None:
    plan = [make_row(case_key=key, replica=replica) for key in ("a", "b", "c") for replica in (0, 1)]
    writer = begin(tmp_path, [*plan, make_row(case_key="d", outcome="refused", detail="no convolution")])
    writer.record(replace(plan[0], outcome="failed", detail="timeout: in sampling"))
    writer.record(replace(plan[0], outcome="measured", time_s=1.0))
    writer.record(replace(plan[3], outcome="measured", time_s=2.0))
    frame = pd.read_parquet(writer.close("partial").measurements)
    assert list(zip(frame["case_key"], frame["replica"], frame["outcome"], strict=True)) == [
        ("a", 0, "measured"),
        ("a", 1, "not-run"),
        ("b", 0, "not-run"),
        ("b", 1, "measured"),
        ("c", 0, "not-run"),
        ("c", 1, "not-run"),
        ("d", 0, "refused"),
    ]


@pytest.mark.parametrize("outcome", ["invalid", "predicted", "refused", "unavailable", "failed", "not-run"])
@pytest.mark.parametrize("column", PROVED_ONLY)
def test_only_a_measured_arm_may_have_a_speed(
    tmp_path: Path, begin: Begin, make_row: MakeRow, outcome: str, column: str
) -> None:
    writer = begin(tmp_path, [make_row()])
    ended: dict[str, Any] = {"outcome": outcome, "detail": "error: why", "validity": ("V1",)}
    writer.record(make_row(**ended))
    with pytest.raises(InternalError, match=column):
        writer.record(make_row(**ended, **{column: 1.0}))
    writer.release()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"outcome": "good"}, "'good', which there is not"),
        ({"outcome": "measured"}, "time_s is None"),
        ({"outcome": "measured", "time_s": math.nan}, "time_s is nan"),
        ({"outcome": "measured", "time_s": 0.0}, r"time_s is 0\.0"),
        ({"outcome": "measured", "time_s": 1.0, "validity": ("V6",)}, "failed V6"),
        ({"outcome": "invalid"}, "names no check"),
        ({"outcome": "failed", "detail": "it broke"}, "no kind of failure"),
        ({"outcome": "refused"}, "for no reason"),
        ({"outcome": "unavailable"}, "for no reason"),
        ({"run_id": "20990101T000000000Z-0123456789ab"}, "belongs to the run"),
        ({"case_key": "other"}, "was not planned"),
        ({"replica": 1}, "was not planned"),
        ({"seed": 2**63}, "seed does not hold int64"),
        ({"inner": "ten"}, "inner does not hold int64"),
        ({"inner": np.int64(3)}, "cannot be kept"),
        ({"dtype": None}, "dtype may not be null"),
    ],
)
def test_a_row_that_says_nonsense_is_a_bug_and_stopped_at_once(
    tmp_path: Path, begin: Begin, make_row: MakeRow, changes: dict[str, Any], complaint: str
) -> None:
    writer = begin(tmp_path, [make_row()])
    with pytest.raises(InternalError, match=complaint):
        writer.record(make_row(**changes))
    frame = pd.read_parquet(writer.close("partial").measurements)
    assert frame["outcome"].tolist() == ["not-run"]


def test_what_a_dying_worker_wrote_does_not_cost_the_row(
    tmp_path: Path, make_row: MakeRow, write_run: WriteRun
) -> None:
    detail = b"crashed: \xff\x00".decode("utf-8", "surrogateescape")
    write_run(tmp_path, rows=[make_row(outcome="failed", detail=detail)])
    assert read_measurements(tmp_path).table["detail"].to_pylist() == ["crashed: \\udcff\x00"]


def test_an_arm_planned_twice_or_planned_as_measured_is_a_bug(tmp_path: Path, begin: Begin, make_row: MakeRow) -> None:
    with pytest.raises(InternalError, match="planned twice"):
        begin(tmp_path, [make_row(), make_row()])
    with pytest.raises(InternalError, match="planned as measured"):
        begin(tmp_path, [make_row(outcome="measured", time_s=1.0)])


def test_samples_belong_to_planned_arms_and_have_the_right_types(
    tmp_path: Path, begin: Begin, make_row: MakeRow, make_sample: MakeSample
) -> None:
    writer = begin(tmp_path, [make_row()])
    with pytest.raises(InternalError, match="not planned"):
        writer.samples([make_sample(), make_sample(replica=1)])
    with pytest.raises(InternalError, match="wall_ns does not hold int64"):
        writer.samples([make_sample(wall_ns=1.5)])
    writer.samples([])
    assert parquet.read_metadata(writer.close("complete").samples).num_rows == 0


def test_many_samples_keep_their_order_over_entries_and_row_groups(
    tmp_path: Path, begin: Begin, make_row: MakeRow, make_sample: MakeSample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.store.compact._ROW_GROUP", 1000)
    monkeypatch.setattr("harness.store.writer._SAMPLES_A_LINE", 300)
    writer = begin(tmp_path, [make_row()])
    for start in range(0, 5000, 500):
        writer.samples([make_sample(start_ns=start + index) for index in range(500)])
    file = parquet.ParquetFile(writer.close("complete").samples)
    assert file.num_row_groups > 1
    assert file.read()["start_ns"].to_pylist() == list(range(5000))


def test_the_manifest_tells_what_is_on_the_disk(tmp_path: Path, begin: Begin, make_row: MakeRow) -> None:
    writer = begin(tmp_path, [make_row(), make_row(case_key="b", outcome="unavailable", detail="no GPU; buy one")])
    writer.record(make_row(outcome="measured", time_s=1.0))
    paths = writer.close("complete", {"seeds": {"order": 3}, "environment": {"path": tmp_path, "load": math.nan}})
    manifest = json.loads(paths.manifest.read_text("ascii"))
    assert (manifest["schema"], manifest["state"], manifest["run_id"]) == ("harness.run/1", "complete", RUN)
    assert (manifest["suite"], manifest["started_at"]) == ("gemm", "2026-01-02T03:04:05.678Z")
    assert manifest["arms"] == {"measured": 1, "unavailable": 1}
    assert manifest["seeds"] == {"order": 3}
    assert manifest["environment"] == {"path": str(tmp_path), "load": "nan"}
    assert manifest["ended_at"] > manifest["started_at"]
    for name, path, rows in (("measurements", paths.measurements, 2), ("samples", paths.samples, 0)):
        data = path.read_bytes()
        facts = manifest["files"][name]
        assert facts == {
            "path": f"{name}/{RUN}.parquet",
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "rows": rows,
        }


def test_after_closing_only_whole_files_are_left(tmp_path: Path, write_run: WriteRun) -> None:
    write_run(tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        f"measurements/{RUN}.parquet",
        f"runs/{RUN}.json",
        f"samples/{RUN}.parquet",
    ]


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_place_that_cannot_be_written_is_found_out_before_anything_is_measured(
    tmp_path: Path, begin: Begin, make_row: MakeRow, where: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write") as caught:
        begin(tmp_path / where, [make_row()])
    assert caught.value.exit_code == ExitCode.STORE
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_run_is_never_written_over(tmp_path: Path, begin: Begin, make_row: MakeRow, write_run: WriteRun) -> None:
    before = write_run(tmp_path).measurements.read_bytes()
    with pytest.raises(StoreError, match="already"):
        begin(tmp_path, [make_row()])
    assert (tmp_path / "measurements" / f"{RUN}.parquet").read_bytes() == before
    assert list((tmp_path / "journal").iterdir()) == []


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ({}, "needs run_id, suite, started_at"),
        ({"run_id": "../../x", "suite": "s", "started_at": "now"}, "not a run id"),
        ({"run_id": RUN, "suite": "s", "started_at": "now", "files": {}}, "files is filled in by the store"),
    ],
)
def test_a_manifest_that_lacks_or_claims_too_much_is_a_bug(
    tmp_path: Path, manifest: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InternalError, match=complaint):
        RunWriter.begin(tmp_path, manifest, [])


def test_a_run_ends_in_one_of_two_states_and_keeps_its_name(tmp_path: Path, begin: Begin, make_row: MakeRow) -> None:
    writer = begin(tmp_path, [make_row()])
    with pytest.raises(InternalError, match="complete or partial"):
        writer.close("done")
    with pytest.raises(InternalError, match="run_id is filled in"):
        writer.close("complete", {"run_id": "another"})
    writer.close("complete")


@pytest.mark.parametrize("value", [1.5, True, "1", 2**63, -(2**63) - 1])
def test_no_value_is_silently_made_an_integer(
    tmp_path: Path, begin: Begin, make_row: MakeRow, make_sample: MakeSample, value: Any
) -> None:
    writer = begin(tmp_path, [make_row()])
    with pytest.raises(InternalError, match="wall_ns does not hold int64"):
        writer.samples([make_sample(wall_ns=value)])
    with pytest.raises(InternalError, match="inner does not hold int64"):
        writer.record(make_row(inner=value))
    writer.release()


def test_times_are_kept_in_utc(tmp_path: Path, make_row: MakeRow, write_run: WriteRun, begin: Begin) -> None:
    moment = datetime(2026, 5, 6, 7, 8, 9, 123456, timezone(timedelta(hours=5, minutes=30)))
    write_run(tmp_path, rows=[make_row(started_at=moment, outcome="measured", time_s=1.0)])
    assert read_measurements(tmp_path).table["started_at"].to_pylist()[0] == moment
    with pytest.raises(InternalError, match="without a time zone"):
        begin(tmp_path / "other", [make_row(started_at=moment.replace(tzinfo=None))])
