"""Two made-up runs of 1,000 arms, written as real runs are: what `compare_speed.py` asks its questions of.

    python benchmarks/compare_store.py FOLDER

Each has 200 cases on four targets, the reference twice, 5 process-sets of 30 rounds, and a million
latency samples beside them.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from harness.store.compact import describe, to_parquet
from harness.store.layout import FOLDERS, MEASUREMENTS, SAMPLES, Layout
from harness.store.manifest import COMPLETE, SCHEMA, to_bytes
from harness.store.record import Measurement, sample_schema
from harness.store.rows import decode_measurement, encode_measurement, measurement_table

CASES = 200
TARGETS = ("torch.eager@cpu", "torch.compile@cpu", "jax.jit@cpu", "tensorflow.xla@cpu")
SETS, ROUNDS, LATENCIES = 5, 30, 200  # latencies: in a set
RUNS = ("20260101T000000000Z-00000000000a", "20260102T000000000Z-00000000000b")


def write_store(root: Path, seed: int = 0) -> None:
    """Write both runs."""
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for run_id in RUNS:
        write_run(Layout(root), list(_arms(run_id)), len(TARGETS) + 1, rng)


def write_run(
    layout: Layout,
    arms: list[Measurement],
    beside: int,
    rng: np.random.Generator,
    *,
    rounds: int = ROUNDS,
    latencies: int = LATENCIES,
    told: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Write the run of some arms, of which always `beside` are of one case; `told` is more for its manifest."""
    run_id = arms[0].run_id
    tables = {
        MEASUREMENTS: measurement_table([decode_measurement(encode_measurement(arm)) for arm in arms]),
        SAMPLES: _samples(arms, beside, rounds, latencies, rng),
    }
    described = {}
    for name, table in tables.items():
        data = to_parquet([table], table.schema)
        layout.table(name, run_id).write_bytes(data)
        described[name] = describe(layout.table(name, run_id), data, table.num_rows)
    layout.manifest(run_id).write_bytes(
        to_bytes(
            {
                "schema": SCHEMA,
                "run_id": run_id,
                "state": COMPLETE,
                "suite": arms[0].suite,
                "started_at": "2026-01-01T00:00:00.000Z",
                "measure": {"profile": "standard", "sets": SETS, "rounds": rounds},
                "arms": dict(Counter(arm.outcome for arm in arms)),
                "files": described,
                **told,
            }
        )
    )


def _arms(run_id: str) -> Iterator[Measurement]:
    for case in range(CASES):
        for place, (target, replica) in enumerate([*((target, 0) for target in TARGETS), (TARGETS[0], 1)]):
            backend, mode = target.partition("@")[0].split(".")
            yield Measurement(
                run_id=run_id,
                started_at=datetime(2026, 1, 1, tzinfo=UTC),
                suite="speed",
                suite_hash="0" * 64,
                case=f"square[m={case}]",
                case_key=f"{case:016x}",
                target=target,
                replica=replica,
                reference=TARGETS[0],
                workload="matmul",
                params=json.dumps({"m": case, "n": case, "k": case}),
                dtype="float32",
                math="ieee",
                direction="forward",
                cache="warm",
                backend=backend,
                mode=mode,
                mode_class="both",
                device="cpu",
                device_name="Imaginary CPU",
                framework_version="1.0",
                outcome="measured",
                pairing="round",
                sets=SETS,
                rounds=SETS * ROUNDS,
                inner=10,
                time_s=1e-4 * (1 + 0.1 * place),
                input_hash=f"{case:032x}",
                threads=2,
                env_id="0123456789abcdef",
                harness_version="0",
                seed=1,
                attempts=1,
            )


def _samples(arms: list[Measurement], beside: int, rounds: int, latencies: int, rng: np.random.Generator) -> pa.Table:
    """Return blocks as a session writes them: set by set, case by case, throughput and then latency."""
    blocks = np.array(
        [
            (at, set_index, turn, int(turn >= rounds))
            for set_index in range(SETS)
            for first in range(0, len(arms), beside)
            for turn in range(rounds + latencies)
            for at in range(first, first + beside)
            if arms[at].time_s is not None
        ]
    )
    at, sets, turns, single = blocks.T
    wall = np.exp(rng.normal(0, 0.05, at.size)) * np.array([(arm.time_s or 0) * 1e10 for arm in arms])[at]
    values: dict[str, Any] = {
        "run_id": _repeated([arms[0].run_id], np.zeros_like(at)),
        "case_key": _repeated([arm.case_key for arm in arms], at),
        "target": _repeated([arm.target for arm in arms], at),
        "label": _repeated([""], np.zeros_like(at)),
        "replica": np.array([arm.replica for arm in arms])[at],
        "quantity": _repeated(["throughput", "latency"], single),
        "set": sets,
        "round": np.where(single, turns - rounds, turns),
        "order": at % beside,
        "inner": np.where(single, 1, 10),
        "start_ns": np.arange(at.size) * 1_000_000,
        "wall_ns": wall.astype(np.int64),
        "cpu_ns": wall.astype(np.int64),
        "flags": _repeated([""], np.zeros_like(at)),
    }
    schema = sample_schema()
    columns = [
        pa.array(values[field.name]).cast(field.type) if field.name in values else pa.nulls(at.size, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _repeated(words: list[str], codes: np.ndarray[Any, Any]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words)).cast(pa.string())


if __name__ == "__main__":
    write_store(Path(sys.argv[1]))
