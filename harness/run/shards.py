"""Who runs with whom: arms that hold their devices at once, and cases that fit into memory together.

What is held at once stays within bounds; within them, all arms of a case stand next to each other in
time. Arms that cannot be held together are measured worker by worker, and their row says so.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from harness.run.plan import Arm
from harness.run.state import ArmState
from harness.run.terms import Pace


def teams(states: Sequence[ArmState], rng: random.Random) -> list[list[ArmState]]:
    """Split arms into those that can hold their devices at once; a TPU is held alone."""
    alone: dict[tuple[str, str, int], list[ArmState]] = {}
    together = [state for state in states if state.arm.target.device.kind != "tpu"]
    for state in states:
        if state.arm.target.device.kind == "tpu":
            alone.setdefault(state.arm.crew, []).append(state)
    found = [team for team in (together, *alone.values()) if team]
    rng.shuffle(found)
    for team in found:
        for state in team:
            # Once measured by whole processes, always compared so: other sets may fit into memory together.
            state.pairing = "round" if team is together and state.pairing != "process" else "process"
    return found


def shards(
    team: Sequence[ArmState], pace: Pace, memory: Callable[[Arm], int], rng: random.Random
) -> Iterator[list[ArmState]]:
    """Group a team's arms, in the order of their cases, so that what is held in memory at once stays within bounds.

    A case whose arms do not fit together is measured worker by worker.
    """
    shard: list[list[ArmState]] = []
    held = 0
    for arms in by_case(team).values():
        need = sum(memory(state.arm) for state in arms)
        if need > pace.shard_bytes:
            yield from _one_by_one(arms, rng)
            continue
        if shard and (held + need > pace.shard_bytes or len(shard) == pace.shard_cases):
            yield [state for case in shard for state in case]
            shard, held = [], 0
        shard.append(arms)
        held += need
    if shard:
        yield [state for case in shard for state in case]


def _one_by_one(arms: Sequence[ArmState], rng: random.Random) -> Iterator[list[ArmState]]:
    for state in shuffled(arms, rng):
        state.pairing = "process"
        yield [state]


def by_case(states: Iterable[ArmState]) -> dict[str, list[ArmState]]:
    """Return the arms of each case, by its key, in the order in which they come."""
    found: dict[str, list[ArmState]] = {}
    for state in states:
        found.setdefault(state.arm.case.key, []).append(state)
    return found


def shuffled(states: Iterable[ArmState], rng: random.Random) -> list[ArmState]:
    """Return arms in random order."""
    found = list(states)
    rng.shuffle(found)
    return found


def case_by_case(states: Iterable[ArmState], rng: random.Random) -> list[ArmState]:
    """Return arms in random order, those of one case next to each other."""
    cases = list(by_case(states).values())
    rng.shuffle(cases)
    return [state for arms in cases for state in shuffled(arms, rng)]
