"""What a plan will cost, said before anything starts: work, memory, time.

The time is a rough guess from the shape of a session and a few round figures for a small machine;
it is there to tell minutes from hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.backends.base import COMPILED
from harness.run.fleet import cold_bytes
from harness.run.plan import Arm, Plan
from harness.run.terms import LATENCY_ROUNDS, LATENCY_TURN_NS, Pace, memory_needed
from harness.workloads.base import Workload
from harness.workloads.modelled import Modelled

START_S = 4.0  # a framework's import
PREPARE_S = {COMPILED: 0.8}
PREPARE_PLAIN_S = 0.15
PREPARE_MODEL_S = {COMPILED: 9.0}  # all of a model is compiled, and it is proved by training it
PREPARE_PLAIN_MODEL_S = 3.0
CPU_FLOPS_PER_S = {"float64": 3e10, "float32": 6e10}  # a processor; short types vary most
CPU_OTHER_FLOPS_PER_S = 3e10
ACCELERATOR_FLOPS_PER_S = 1e13
BYTES_PER_S = 5e9
CHECK_BLOCKS = 45  # calibration, V4 and V5, on the first set


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run of a plan needs; `at_least` so long, where nobody knows beforehand how long its calls are."""

    memory_bytes: int
    seconds: float
    at_least: bool = False


def forecast(plan: Plan, pace: Pace, *, threads: int) -> Forecast:
    """Guess what measuring `plan` takes."""
    crews = {arm.crew for arm in plan.arms}
    starting = len(crews) * START_S / max(1, min(pace.together, len(crews) or 1)) * pace.sets
    arms = sum(_arm_seconds(arm, pace, threads) for arm in plan.arms)
    unknown = any(_is_unknown(arm.case.workload) for arm in plan.arms)
    return Forecast(memory_bytes=_memory(plan.arms, pace), seconds=starting + arms, at_least=unknown or pace.adaptive)


def call_seconds(arm: Arm, threads: int) -> float:
    """Guess what one call takes."""
    workload = arm.case.workload
    if arm.target.device.kind != "cpu":
        return max((workload.flops() or 0) / ACCELERATOR_FLOPS_PER_S, 1e-5)
    rate = CPU_FLOPS_PER_S.get(workload.arithmetic, CPU_OTHER_FLOPS_PER_S) * threads
    return max((workload.flops() or 0) / rate, workload.moved_bytes() / BYTES_PER_S, 1e-5)


def _arm_seconds(arm: Arm, pace: Pace, threads: int) -> float:
    call = call_seconds(arm, arm.threads or threads)
    block = max(pace.least_block_ns / 1e9, call) + call
    latency = 0.0 if call * 1e9 > LATENCY_TURN_NS else LATENCY_ROUNDS * LATENCY_TURN_NS / 1e9
    rounds = min(pace.max_time_s / pace.sets, pace.rounds * block)
    costs, plain = (PREPARE_MODEL_S, PREPARE_PLAIN_MODEL_S) if _is_model(arm) else (PREPARE_S, PREPARE_PLAIN_S)
    prepare = costs.get(arm.mode_class, plain)
    return pace.sets * (rounds + latency + prepare) + CHECK_BLOCKS * block


def _is_model(arm: Arm) -> bool:
    return isinstance(arm.case.workload, Modelled)


def _is_unknown(workload: Workload) -> bool:
    """Whether a call ends when it has come to something, as a training does that goes on to an accuracy."""
    return workload.flops() is None and not workload.moved_bytes()


def _memory(arms: Sequence[Arm], pace: Pace) -> int:
    """What is held at once: a shard's worth, or the largest case on one worker."""
    held = [memory_needed(arm, cold_bytes(arm) if arm.case.workload.cache == "cold" else 0) for arm in arms]
    return max(0, *held, min(pace.shard_bytes, sum(held)))
