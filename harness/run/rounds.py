"""Rounds: in each, every case and every arm of it has one block, in random order.

Arms of a case stand next to each other in time, so that the drift of the machine falls on all of them
alike. Single calls, for latency, have rounds of their own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from harness.run.shards import case_by_case
from harness.run.state import ArmState
from harness.run.steps import Steps
from harness.run.terms import LATENCY_CALLS, LATENCY_ROUNDS, LATENCY_TURN_NS, PHASE_ROUNDS, SERVING_TURN_NS

Advance = Callable[[float, ArmState | None], None]  # the share of the rounds that are over, and who was timed last


def run_rounds(steps: Steps, states: Sequence[ArmState], rng: random.Random, advance: Advance) -> None:
    """Time one block of every arm a round; then the phases of a training's step, and single calls."""
    rounds = steps.pace.rounds
    short = [state for state in states if state.live and (state.call_ns or 0) < LATENCY_TURN_NS]
    staged = [state for state in states if state.live and state.answer.get("phases")]
    turns = rounds + (PHASE_ROUNDS if staged else 0) + (LATENCY_ROUNDS if short else 0)
    for number in range(rounds):
        due = [state for state in states if state.live and _takes_part(state, number, rounds)]
        for order, state in enumerate(case_by_case(due, rng)):
            steps.time(state, "throughput", number, order, inner=state.inner, call_ns=state.call_ns)
            if order == 0:
                advance(number / turns, state)
        advance((number + 1) / turns, None)
    for number in range(PHASE_ROUNDS if staged else 0):
        for order, state in enumerate(case_by_case([state for state in staged if state.live], rng)):
            for name in state.answer["phases"]:
                steps.time(state, name, number, order, op="phase", name=name, inner=state.inner)
        advance((rounds + number + 1) / turns, None)
    for number in range(LATENCY_ROUNDS if short else 0):
        for order, state in enumerate(case_by_case([state for state in short if state.live], rng)):
            turn_ns = SERVING_TURN_NS if state.arm.case.workload.serves else LATENCY_TURN_NS
            count = int(max(1, min(LATENCY_CALLS, turn_ns // max(1.0, state.call_ns or 1.0))))
            steps.time(state, "latency", number, order, count=count)
        advance((turns - LATENCY_ROUNDS + number + 1) / turns, None)


def _takes_part(state: ArmState, number: int, rounds: int) -> bool:
    """Whether an arm with fewer rounds has one now; they are spread evenly over the set."""
    share = state.rounds_a_set
    return (number + 1) * share // rounds > number * share // rounds
