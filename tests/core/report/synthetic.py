"""Made-up runs with known truths, for the tests of reports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from harness.store.record import Measurement, Sample

RUN = "20260102T030405678Z-0123456789ab"
CLASSES = {
    "torch.eager@cpu": "as-written",
    "torch.compile@cpu": "compiled",
    "jax.jit@cpu": "both",
    "tensorflow.function@cpu": "as-written",
    "tensorflow.xla@cpu": "compiled",
    "numpy.reference@cpu": "-",
}
REFERENCE = "torch.eager@cpu"
TIMES = ("time_s", "time_low_s", "time_high_s", "time_min_s", "time_p95_s", "flops_per_s", "bytes_per_s", "items_per_s")


def arm(case: str = "square[m=128]", target: str = REFERENCE, **values: Any) -> Measurement:
    """Return a row; anything may be said beside."""
    backend, _, rest = target.partition(".")
    mode, _, device = rest.partition("@")
    defaults: dict[str, Any] = {
        "run_id": RUN,
        "started_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "suite": "gemm",
        "suite_hash": "f" * 64,
        "case": case,
        "case_key": hash_of(case),
        "target": target,
        "reference": REFERENCE,
        "workload": "matmul",
        "params": "{}",
        "dtype": "float32",
        "math": "ieee",
        "direction": "forward",
        "cache": "warm",
        "backend": backend,
        "mode": mode,
        "mode_class": CLASSES.get(target, "as-written"),
        "device": device,
        "device_name": "Imaginary CPU",
        "framework_version": "1.2.3",
        "outcome": "measured",
        "harness_version": "0.1.0",
        "seed": 7,
        "env_id": "env-1",
        "threads": 2,
    }
    return Measurement(**(defaults | values))


def hash_of(text: str) -> str:
    """Return a key that stays the same from process to process."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def measured(row: Measurement, times: np.ndarray[Any, Any]) -> tuple[Measurement, list[Sample]]:
    """Give `row` the blocks [set, round] of `times`, as a run would have."""
    sets, rounds = times.shape
    per_set = np.median(times, axis=1)
    spread = 2.776 * per_set.std(ddof=1) / sets**0.5 if sets > 1 else 0.0
    time = float(np.median(per_set))
    filled = replace(
        row,
        pairing="round",
        sets=sets,
        rounds=sets * rounds,
        inner=10,
        time_s=time,
        time_low_s=time - spread if sets > 1 else None,
        time_high_s=time + spread if sets > 1 else None,
        time_min_s=float(times.min()),
        time_p95_s=float(np.quantile(times, 0.95)),
        first_call_s=time * 100,
        prepare_s=0.01,
        import_s=1.5,
        flops_per_s=None if row.flops is None else row.flops / time,
        bytes_per_s=None if row.bytes is None else row.bytes / time,
    )
    samples = [
        Sample(
            run_id=row.run_id,
            case_key=row.case_key,
            target=row.target,
            label=row.label,
            replica=row.replica,
            quantity="throughput",
            set=at,
            round=turn,
            order=0,
            inner=10,
            start_ns=(at * rounds + turn) * 10**9,
            wall_ns=round(times[at, turn] * 10 * 1e9),
        )
        for at in range(sets)
        for turn in range(rounds)
    ]
    return filled, samples


def run(
    cases: Mapping[str, Mapping[str, Any]],
    speeds: Mapping[str, float],
    *,
    sets: int = 5,
    rounds: int = 6,
    noise: float = 0.004,
    seed: int = 0,
    copy: float = 1.0,
    **values: Any,
) -> tuple[list[Measurement], list[Sample]]:
    """Return a run: `speeds` are times relative to the reference, `copy` that of A'; the machine wanders."""
    rng = np.random.default_rng(seed)
    rows: list[Measurement] = []
    samples: list[Sample] = []
    for at, (case, said) in enumerate(cases.items()):
        machine = 1e-4 * 8.0 ** (at % 4) * np.exp(rng.normal(0, 0.3, (sets, rounds)))
        arms = [(target, factor, 0) for target, factor in speeds.items()] + [(REFERENCE, copy, 1)]
        for target, factor, replica in arms:
            spread = rng.normal(0, noise, (sets, 1)) + rng.normal(0, noise, (sets, rounds))
            row = arm(case, target, replica=replica, **(dict(said) | values))
            found, blocks = measured(row, machine * factor * np.exp(spread))
            rows.append(found)
            samples += blocks
    return rows, samples


def squares(count: int, *, dtype: str = "float32", first: int = 5) -> dict[str, dict[str, Any]]:
    """Return that many sizes of square products."""
    cases = {}
    for at in range(count):
        m = 2 ** (first + at % 12) + at // 12
        params = {"m": m, "n": m, "k": m, "dtype": dtype}
        cases[f"square[m={m},dtype={dtype}]"] = {
            "params": json.dumps(params),
            "dtype": dtype,
            "flops": 2 * m**3,
            "bytes": 12 * m**2,
        }
    return cases


def unmeasured(row: Measurement, outcome: str, detail: str = "") -> Measurement:
    """Return `row` as it would be had it ended otherwise; a rejected time stays where it may stand."""
    values: dict[str, Any] = dict.fromkeys(TIMES) | {"outcome": outcome, "detail": detail}
    if outcome == "invalid":
        values |= {"validity": ("V1", "V4"), "rejected_s": row.time_s}
    return replace(row, **values)


def retargeted(
    rows: Sequence[Measurement], samples: Sequence[Sample], old: str, new: str
) -> tuple[list[Measurement], list[Sample]]:
    """Return a run in which the times of `old` are those of `new`, which is the reference where `old` was."""
    other = arm(target=new)
    told = {name: getattr(other, name) for name in ("target", "backend", "mode", "mode_class", "device")}
    named = [replace(row, reference=new) if row.reference == old else row for row in rows]
    return (
        [replace(row, **told) if row.target == old else row for row in named],
        [replace(one, target=new) if one.target == old else one for one in samples],
    )
