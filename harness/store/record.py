"""One row of each table, beside its Arrow schema.

The columns are a promise to users (`docs/formats.md`): more may be added, none may change its
meaning. They are declared once, as dataclass fields; the Arrow schema is read off the fields.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 3
UNPROVED = "unproved"  # a flag of samples: the session ended before their answer was proved
METHOD_VERSION = 1  # rises whenever the way of measuring changes


class Outcome(StrEnum):
    """How an arm ended. Every planned arm ends as exactly one."""

    MEASURED = "measured"
    INVALID = "invalid"
    PREDICTED = "predicted"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"
    NOT_RUN = "not-run"


class Failure(StrEnum):
    """The kinds of `Outcome.FAILED`; `detail` begins with one and a colon."""

    WRONG = "wrong"
    OOM_DEVICE = "oom-device"
    OOM_HOST = "oom-host"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    ERROR = "error"
    COMPILE = "compile"
    UNPROVABLE = "unprovable"  # a training that float64 itself does not follow: nothing tells right from wrong
    UNREACHED = "unreached"  # a training never came to the quality asked for


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One row an arm: what was asked, how it ended, and, only where it was proved, how fast it was."""

    schema: int = SCHEMA_VERSION
    run_id: str
    started_at: datetime
    suite: str
    suite_hash: str
    case: str
    case_key: str
    target: str
    label: str = ""
    replica: int = 0
    reference: str = ""
    workload: str
    params: str  # JSON
    dtype: str
    math: str
    direction: str
    cache: str
    backend: str
    mode: str
    mode_class: str
    device: str
    device_name: str | None = None
    framework_version: str | None = None
    outcome: str
    detail: str = ""
    validity: tuple[str, ...] = ()  # codes of failed checks
    checks_run: tuple[str, ...] = ()
    pairing: str = ""  # "round", "process", or nothing where nothing was paired
    sets: int = 0
    rounds: int = 0  # in all sets together
    inner: int | None = None
    import_s: float | None = None
    prepare_s: float | None = None
    compile_s: float | None = None
    first_call_s: float | None = None
    time_s: float | None = None
    time_low_s: float | None = None
    time_high_s: float | None = None
    time_min_s: float | None = None
    time_p95_s: float | None = None
    latency_s: float | None = None
    latency_low_s: float | None = None
    latency_high_s: float | None = None
    latency_p95_s: float | None = None
    latency_count: int | None = None
    predicted_s: float | None = None
    rejected_s: float | None = None
    flops: int | None = None
    bytes: int | None = None
    flops_per_s: float | None = None
    bytes_per_s: float | None = None
    items: int | None = None
    items_name: str | None = None
    items_per_s: float | None = None
    ceiling_share: float | None = None
    max_error: float | None = None
    tolerance: float | None = None
    effective_bits: float | None = None
    input_hash: str | None = None
    output_hash: str | None = None
    peak_memory_bytes: int | None = None
    energy_j: float | None = None
    energy_source: str | None = None
    price_per_hour: float | None = None
    price_source: str | None = None
    threads: int | None = None
    env_id: str | None = None
    harness_version: str
    method_version: int = METHOD_VERSION
    seed: int
    attempts: int = 0
    tags: tuple[str, ...] | None = None  # since version 2
    # since version 3; of a training: what proved it, where a step's time goes, and the quality it came to
    losses: tuple[float, ...] | None = None  # of the first steps, on the batches that were timed
    loss_error: float | None = None
    gradient_error: float | None = None
    weight_error: float | None = None
    statistic_error: float | None = None
    update_flops: int | None = None
    forward_s: float | None = None
    backward_s: float | None = None
    update_s: float | None = None
    input_s: float | None = None
    accuracies: tuple[float, ...] | None = None  # on the held-out part, after each epoch
    accuracy: float | None = None  # after the last
    recall: float | None = None
    f1: float | None = None
    epochs: int | None = None  # until the target was reached
    peak_host_bytes: int | None = None
    latency_p90_s: float | None = None
    latency_p99_s: float | None = None

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        """What identifies a row among all rows."""
        return (self.run_id, self.case_key, self.target, self.label, self.replica)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One row a timed block."""

    run_id: str
    case_key: str
    target: str
    label: str
    replica: int
    quantity: str  # "throughput", "latency", a training phase
    set: int
    round: int
    order: int  # of this arm within its round
    inner: int  # calls in the block
    start_ns: int  # on the parent's monotonic clock's scale, comparable within a run
    wall_ns: int
    cpu_ns: int | None = None
    device_ns: int | None = None
    runq_ns: int | None = None
    switches: int | None = None
    sentinel_ns: int | None = None
    clock_mhz: float | None = None
    power_mw: float | None = None
    flags: str = ""


def measurement_schema() -> pa.Schema:
    """Return the explicit Arrow schema of a measurements file."""
    return _schema(Measurement)


def sample_schema() -> pa.Schema:
    """Return the explicit Arrow schema of a samples file."""
    return _schema(Sample)


@cache
def _schema(row: type) -> pa.Schema:
    import pyarrow as pa

    hints = typing.get_type_hints(row)
    return pa.schema([_field(field.name, hints[field.name]) for field in fields(row)])


def _field(name: str, hint: Any) -> pa.Field:
    import pyarrow as pa

    arms = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    (kind,) = [arm for arm in arms if arm is not type(None)]
    arrow = {
        int: pa.int64(),
        float: pa.float64(),
        str: pa.string(),
        datetime: pa.timestamp("us", tz="UTC"),
        tuple[str, ...]: pa.list_(pa.string()),
        tuple[float, ...]: pa.list_(pa.float64()),
    }[kind]
    return pa.field(name, arrow, nullable=type(None) in arms)
