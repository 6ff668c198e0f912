"""What a case has shown so far: the ratio of each of its arms to the reference, and whether that is known well enough.

A case goes on as a whole. Were arms let go one by one, some pairs of them would have been measured side
by side less often than others, and could not be ranked alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.core.target import Target
from harness.run.plan import is_of
from harness.run.state import ArmState
from harness.stats.compare import compare_many, cube_of
from harness.stats.estimate import t_quantile
from harness.stats.sequential import LOOKS, Ending, Rule, look

if TYPE_CHECKING:
    from harness.stats.estimate import FloatArray

Pair = tuple[ArmState, ArmState]

# Of several arms, the one of which least is known tells how the case ended.
_WORST = (Ending.EXHAUSTED, Ending.HOPELESS, Ending.DECIDED, Ending.PRECISE, Ending.MISSING)


@dataclass(frozen=True, kw_only=True)
class CaseLook:
    """One look at a case: why it is the last, if it is; how wide its widest interval is, and whose that is."""

    ending: Ending | None
    half: float | None = None  # of the interval, as a share; none below two sets
    target: str = ""
    needed: int = 0  # process-sets, all in all, after which it should be known, by the spread seen so far

    @property
    def uncertainty(self) -> float:
        """How far this is from known."""
        return math.inf if self.half is None else self.half


def rules_of(target: float, margin: float) -> dict[str, Rule]:
    """Return how arms that alternate by rounds, and by processes, are looked at; one confidence for both.

    Whole processes need more sets and are looked at less often. A run tells one confidence, so
    their looks are as strict as the others.
    """
    plain = Rule(target=target, margin=margin)
    looks = LOOKS["process"]
    strict = Rule(target=target, margin=margin, looks=looks, confidence=1 - (1 - plain.spent) * len(looks))
    return {"round": plain, "process": strict}


def look_at(states: Sequence[ArmState], reference: Target, *, target: float, margin: float) -> CaseLook:
    """Look at the arms of one case."""
    pairs = pairs_of(states, reference)
    if not pairs:
        return CaseLook(ending=Ending.MISSING)
    rules = rules_of(target, margin)
    found = [_look_at_pair(pair, values, rules) for pair, values in _per_set(pairs)]
    widest = max(found, key=lambda one: -1.0 if one.ending is Ending.MISSING else one.uncertainty)
    endings = [one.ending for one in found]
    return CaseLook(
        ending=None if None in endings else next(one for one in _WORST if one in endings),
        half=widest.half,
        target=widest.target,
        needed=max(one.needed for one in found),
    )


def _look_at_pair(pair: Pair, per_set: FloatArray, rules: Mapping[str, Rule]) -> CaseLook:
    pairing = _pairing(pair)
    (seen,) = look(per_set[None, :], rules[pairing], pairing=pairing)
    return CaseLook(
        ending=seen.ending,
        half=None if seen.half is None else math.expm1(seen.half),
        target=pair[1].arm.target.name,
        needed=_needed(per_set, rules[pairing]),
    )


def pairs_of(states: Sequence[ArmState], reference: Target) -> list[Pair]:
    """Return each arm beside the reference at its number of threads; where that stands alone, beside its own copy.

    Where the reference has no part in a case, or came to a bad end, the first arm stands in for it.
    """
    found: list[Pair] = []
    usable = [state for state in states if state.wanted and state.proved_sets]
    for threads in dict.fromkeys(state.arm.threads for state in usable):
        equal = [state for state in usable if state.arm.threads == threads]
        first = [state for state in equal if state.arm.replica == 0]
        if not first:
            continue
        base = next((state for state in first if is_of(state.arm, reference)), first[0])
        others = [state for state in first if state is not base]
        copies = [state for state in equal if state.arm.replica and state.arm.target == base.arm.target]
        found += [(base, other) for other in others or copies]
    return found


def _per_set(pairs: Sequence[Pair]) -> list[tuple[Pair, FloatArray]]:
    """Return the logarithm of each pair's ratio in each process-set."""
    import numpy as np

    states = list({id(state): state for pair in pairs for state in pair}.values())
    places = {id(state): at for at, state in enumerate(states)}
    proved = [(at, one) for at, state in enumerate(states) for one in state.throughput if state.stands(one)]
    cube = cube_of(
        np.array([at for at, _ in proved], dtype=np.int64),
        np.array([one.set for _, one in proved], dtype=np.int64),
        np.array([one.round for _, one in proved], dtype=np.int64),
        np.array([one.wall_ns / one.inner for _, one in proved]),
        arms=len(states),
    )
    found = []
    for pair in pairs:
        at = (places[id(pair[0])], places[id(pair[1])])
        found.append((pair, compare_many(cube, [at], pairing=_pairing(pair)).per_set[0]))
    return found


def _pairing(pair: Pair) -> str:
    return "process" if any(state.pairing == "process" for state in pair) else "round"


def _needed(per_set: FloatArray, rule: Rule) -> int:
    """Return the number of sets at the look that should be the last."""
    import numpy as np

    known = per_set[np.isfinite(per_set)]
    if known.size < 2:  # noqa: PLR2004  (one value has no spread)
        return rule.looks[0]
    spread = float(known.std(ddof=1))
    for sets in rule.looks:
        wide = t_quantile(sets - 1, rule.spent) * spread / math.sqrt(sets)
        if sets > known.size and wide <= math.log1p(rule.target):
            return sets
    return rule.last
