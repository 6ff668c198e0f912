"""The row that an arm ends as, from what the session knows of it, whenever it is asked.

Only an arm that was timed and proved fills the columns of times; what was timed and then refused stands
in a column of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.run.state import ArmState, work_of
from harness.store.record import Measurement, Outcome, Sample
from harness.workloads.training import Training

if TYPE_CHECKING:
    from datetime import datetime

    from harness.run.plan import Arm

LEARNED = (
    *("losses", "loss_error", "gradient_error", "weight_error", "statistic_error"),
    *("accuracies", "accuracy", "recall", "f1", "epochs"),
)
# Samples below which a percentile cannot be bounded with 99 % confidence (docs/method.md).
LEAST_FOR = {"p90": (0.90, 64), "p95": (0.95, 130), "p99": (0.99, 662)}


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What all rows of a run share."""

    run_id: str
    started_at: datetime
    suite: str
    suite_hash: str
    reference: str
    seed: int
    threads: int


def measurement_of(state: ArmState, run: RunFacts) -> Measurement:
    """Return the row of an arm, if the session ended now."""
    outcome, detail = state.verdict()
    return Measurement(**_identity(state.arm, run), **_body(state), **_times(state, outcome, detail))


def _body(state: ArmState) -> dict[str, Any]:
    workload, answer = state.arm.case.workload, state.answer
    items = workload.items()
    typical = {name: median(values) for name, values in state.timings.items()}
    names = ("max_error", "effective_bits", "tolerance", "input_hash", "output_hash", *LEARNED)
    return {
        "device_name": state.facts.get("device_name"),
        "framework_version": state.facts.get("framework_version"),
        "checks_run": tuple(sorted(state.checks, key=lambda code: int(code[1:]))),
        "pairing": state.pairing,
        "inner": state.inner,
        **typical,
        **{name: _held(answer.get(name)) for name in names},
        "flops": workload.flops(),
        "bytes": workload.moved_bytes(),
        "items": items[0] if items else None,
        "items_name": items[1] if items else None,
        "peak_memory_bytes": state.peak_memory_bytes,
        "peak_host_bytes": state.peak_host_bytes,
        "update_flops": workload.update_flops() if isinstance(workload, Training) else None,
        "env_id": state.env_id,
        "attempts": state.attempts,
        "tags": _tags(state) if answer else None,
    }


def _held(value: Any) -> Any:
    """Return what came over the wire as a row holds it."""
    return tuple(value) if isinstance(value, list) else value


def _tags(state: ArmState) -> tuple[str, ...]:
    """What a reader of the number should know: the layout, an algorithm, and when V6 had to be lenient."""
    lenient = ["winograd-possible"] if state.arm.case.workload.least_flops_share() < 1 else []
    return tuple(dict.fromkeys([*state.answer.get("tags", ()), *lenient]))


def _times(state: ArmState, outcome: Outcome, detail: str) -> dict[str, Any]:
    """Return the columns that only proved arms fill; a rejected time stands in a column of its own."""
    codes = tuple(sorted({doubt.code for doubt in state.failed_checks}))
    head: dict[str, Any] = {"outcome": str(outcome), "detail": detail, "validity": codes}
    proved = [sample for sample in state.throughput if state.stands(sample)]
    head |= {"sets": len({s.set for s in proved}), "rounds": len(proved)}
    if outcome is Outcome.INVALID and proved:
        return {**head, "rejected_s": _summary(proved).time_s}
    if outcome is not Outcome.MEASURED:
        return head
    time = _summary(proved)
    single = [sample for sample in state.latency if state.stands(sample)]
    if not single and state.inner == 1:  # a long call's blocks are single calls with a fence each
        single = proved
    workload = state.arm.case.workload
    flops, items = workload.flops(), workload.items()
    return {
        **head,
        "time_s": time.time_s,
        "time_low_s": time.low_s,
        "time_high_s": time.high_s,
        "time_min_s": time.min_s,
        "time_p95_s": time.p95_s,
        **(_latency(single) if single else {}),
        "flops_per_s": flops / time.time_s if flops else None,
        "bytes_per_s": workload.moved_bytes() / time.time_s if workload.moved_bytes() else None,
        "items_per_s": items[0] / time.time_s if items else None,
        "ceiling_share": work_of(workload).share(state.ceiling, time.time_s) if state.ceiling else None,
        **_phases(state, time.time_s),
    }


def _phases(state: ArmState, step_s: float) -> dict[str, float]:
    """Return where a training's step spends its time, by differences of what was timed apart.

    Each was timed from the start of a step: forward brings the batch first, and backward does both before it.
    Parts that are compiled together may be quicker than alone; a difference that is not above zero
    says nothing, and is left out.
    """
    timed: dict[str, list[float]] = {}
    for sample in state.phases:
        if state.stands(sample):
            timed.setdefault(sample.quantity, []).append(sample.wall_ns / sample.inner * 1e-9)
    typical = {name: median(values) for name, values in timed.items()}
    if not {"forward", "backward"} <= typical.keys():
        return {}
    forward, both, fed = typical["forward"], typical["backward"], typical.get("input", 0.0)
    found = {"input_s": fed, "forward_s": forward - fed, "backward_s": both - forward, "update_s": step_s - both}
    return {name: value for name, value in found.items() if value > 0}


def unmeasured(arm: Arm, run: RunFacts, outcome: Outcome, detail: str) -> Measurement:
    """Return the row of an arm that ended, or stands, without a time."""
    workload = arm.case.workload
    return Measurement(
        **_identity(arm, run), outcome=str(outcome), detail=detail, flops=workload.flops(), bytes=workload.moved_bytes()
    )


def _identity(arm: Arm, run: RunFacts) -> dict[str, Any]:
    workload, target = arm.case.workload, arm.target
    return {
        "run_id": run.run_id,
        "started_at": run.started_at,
        "suite": run.suite,
        "suite_hash": run.suite_hash,
        "case": arm.case.name,
        "case_key": arm.case.key,
        "target": str(target),
        "label": target.label,
        "replica": arm.replica,
        "reference": run.reference,
        "workload": workload.name,
        "params": json.dumps(workload.params(), sort_keys=True),
        "dtype": workload.dtype,
        "math": workload.math,
        "direction": workload.direction,
        "cache": workload.cache,
        "backend": target.backend,
        "mode": target.mode,
        "mode_class": arm.mode_class,
        "device": str(target.device),
        "harness_version": __version__,
        "seed": run.seed,
        "threads": arm.threads or run.threads,
    }


def _summary(samples: list[Sample]) -> Any:
    import numpy as np

    from harness.stats.estimate import summarise

    return summarise(
        np.array([sample.set for sample in samples]),
        np.array([sample.wall_ns / sample.inner * 1e-9 for sample in samples]),
    )


def _latency(samples: list[Sample]) -> dict[str, Any]:
    import numpy as np

    found = _summary(samples)
    each = np.array([sample.wall_ns / sample.inner * 1e-9 for sample in samples])
    told = {
        f"latency_{name}_s": float(np.quantile(each, share))
        for name, (share, least) in LEAST_FOR.items()
        if found.count >= least
    }
    return {
        "latency_s": found.time_s,
        "latency_low_s": found.low_s,
        "latency_high_s": found.high_s,
        "latency_count": found.count,
        **told,
    }
