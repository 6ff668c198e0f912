"""What the harness's own rules say of made-up sessions, many times over.

Nothing is worked out here that `harness/stats/` works out: sessions are drawn, judged and looked at by
the very functions that judge real ones, and the answers are counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.calibration.worlds import World, rounds
from harness.stats.estimate import FloatArray, t_quantile
from harness.stats.modes import two_groups
from harness.stats.multiplicity import Correction
from harness.stats.sequential import LOOKS, Ending, Look, Rule, look
from harness.stats.verdict import FLAGGED, Judgement, Verdict, judge

SETS = (5, 7, 10, 15, 20)
CONFIRMING = 10  # fresh process-sets for what was flagged
MOST = LOOKS["round"][-1]
Bools = NDArray[np.bool_]


def sessions(world: World, shape: tuple[int, int], seed: int) -> FloatArray:
    """Return process-sets [session, set] of two identical arms in `world`."""
    rng = np.random.default_rng(seed)
    return world.draw(rng, shape) + rounds(rng, shape)


# -- a number of sets fixed beforehand ------------------------------------------------------------


def fixed(world: World, trials: int, seed: int) -> dict[str, dict[int, float]]:
    """Return by number of sets: intervals that miss, identical arms that are flagged, and differences found."""
    drawn = sessions(world, (trials, MOST), seed)
    found: dict[str, dict[int, float]] = {name: {} for name in ("missed", "flagged", "found_2", "regressed_5")}
    for sets in SETS:
        seen = drawn[:, :sets]
        plain = judge(seen)
        found["missed"][sets] = _share(_misses(said, world.truth) for said in plain)
        found["flagged"][sets] = _share(said.verdict in FLAGGED for said in plain)
        found["found_2"][sets] = _share(said.found for said in judge(seen + math.log(1.02)))
        found["regressed_5"][sets] = _share(said.verdict is Verdict.REGRESSED for said in judge(seen + math.log(1.05)))
    return found


def _misses(said: Judgement, truth: float) -> bool:
    return said.log_low is None or said.log_high is None or not said.log_low <= truth <= said.log_high


def _share(answers: object) -> float:
    return float(np.mean(list(answers)))  # type: ignore[call-overload]


# -- several looks --------------------------------------------------------------------------------

GiveUp = Callable[[Look, int], bool]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How sure each look is, and who gives up when."""

    name: str
    confidences: tuple[float, ...]
    gives_up: GiveUp


def spread_as_seen(factor: float) -> GiveUp:
    """Give up where the spread seen, taken for the truth, leaves an interval too wide by so many times at last."""
    edge, target = math.log1p(Rule().margin), math.log1p(Rule().target)

    def gives_up(seen: Look, sets: int) -> bool:
        mean, half = abs(seen.judgement.log or 0.0), seen.expected_half or 0.0
        return sets < MOST and half > factor * target and mean - half <= edge and mean + half >= edge

    return gives_up


def chance_below(limit: float) -> GiveUp:
    """Give up where the last look settles it with a chance smaller than this."""
    return lambda seen, sets: sets < MOST and seen.chance is not None and seen.chance < limit


def never(seen: Look, sets: int) -> bool:
    """Go on."""
    del seen, sets
    return False


EACH, QUARTER = (0.95,) * 4, (Rule().spent,) * 4
GROWING = tuple(1 - 0.05 * part / 10 for part in (1, 2, 3, 4))
POLICIES = (
    Policy(name="95 % at each look", confidences=EACH, gives_up=never),
    Policy(name="error grows 1:2:3:4", confidences=GROWING, gives_up=never),
    Policy(name="a quarter each", confidences=QUARTER, gives_up=never),
    *(Policy(name=f"  spread seen x {x}", confidences=QUARTER, gives_up=spread_as_seen(x)) for x in (1.0, 1.5, 2.0)),
    *(Policy(name=f"  chance below {x:.0%}", confidences=QUARTER, gives_up=chance_below(x)) for x in (0.05, 0.1, 0.2)),
)


def adaptive(world: World, shift: float, trials: int, seed: int) -> dict[str, dict[str, float]]:
    """Return by policy: the sets it took, what was concluded, and what giving up cost."""
    drawn = sessions(world, (trials, MOST), seed) + math.log1p(shift)
    truth = world.truth + math.log1p(shift)
    taken: dict[tuple[float, ...], list[list[Look]]] = {
        confidences: [_looks(drawn[:, :sets], level) for sets, level in zip(LOOKS["round"], confidences, strict=True)]
        for confidences in (EACH, GROWING, QUARTER)
    }
    patient = [_settled(_last(row, never)) for row in zip(*taken[QUARTER], strict=True)]
    return {
        policy.name: _told(
            [_last(row, policy.gives_up) for row in zip(*taken[policy.confidences], strict=True)], truth, patient
        )
        for policy in POLICIES
    }


def _looks(seen: FloatArray, confidence: float) -> list[Look]:
    """Look with this confidence, and never give up."""
    rule = Rule(confidence=1 - (1 - confidence) * len(LOOKS["round"]), hopeless=0.0)
    return look(seen, rule)


def _last(row: Sequence[Look], gives_up: GiveUp) -> Look:
    return next(seen for seen in row if seen.ending or gives_up(seen, seen.judgement.sets))


def _settled(seen: Look) -> bool:
    return seen.ending in (Ending.PRECISE, Ending.DECIDED)


def _told(ends: Sequence[Look], truth: float, patient: Sequence[bool]) -> dict[str, float]:
    said = [seen.judgement for seen in ends]
    return {
        "sets": float(np.mean([one.sets for one in said])),
        "missed": _share(_misses(one, truth) for one in said),
        "found": _share(one.found for one in said),
        "regressed": _share(one.verdict is Verdict.REGRESSED for one in said),
        "improved": _share(one.verdict is Verdict.IMPROVED for one in said),
        "settled": _share(_settled(seen) for seen in ends),
        "given_up": _share(seen.ending is None for seen in ends),
        "lost": _share(seen.ending is None and other for seen, other in zip(ends, patient, strict=True)),
    }


def any_look_misses(trials: int, seed: int, confidence: float) -> float:
    """Return the share of normal sessions in which any of the looks misses: no rule of stopping can do worse."""
    drawn = np.random.default_rng(seed).normal(size=(trials, MOST))
    missed = np.zeros(trials, dtype=bool)
    for sets in LOOKS["round"]:
        seen = drawn[:, :sets]
        half = t_quantile(sets - 1, confidence) * seen.std(axis=1, ddof=1) / math.sqrt(sets)
        missed |= np.abs(seen.mean(axis=1)) > half
    return float(missed.mean())


# -- flagged, and measured again ------------------------------------------------------------------


def confirmed(world: World, shift: float, trials: int, seed: int, *, looks: bool) -> dict[str, float]:
    """Return the share that is flagged, by five sets or by looks, and the share that fresh processes confirm."""
    drawn = sessions(world, (trials, MOST), seed) + math.log1p(shift)
    first = _by_looks(drawn) if looks else judge(drawn[:, : SETS[0]])
    flagged = np.array([said.verdict in FLAGGED for said in first])
    again = judge(sessions(world, (int(flagged.sum()), CONFIRMING), seed + 1) + math.log1p(shift))
    chosen = [said for said in first if said.verdict in FLAGGED]
    raised = sum(one.verdict is other.verdict for one, other in zip(chosen, again, strict=True))
    return {"flagged": float(flagged.mean()), "raised": raised / trials}


def _by_looks(drawn: FloatArray) -> list[Judgement]:
    taken = [look(drawn[:, :sets]) for sets in LOOKS["round"]]
    return [next(seen for seen in row if seen.ending).judgement for row in zip(*taken, strict=True)]


def nights(worlds: Sequence[World], cases: int, count: int, seed: int) -> dict[str, float]:
    """Return flags in so many nights of identical arms: alone, among the others of the night, and confirmed."""
    rng = np.random.default_rng(seed)
    found = {"cases": float(cases * count), "alone": 0.0, "listed": 0.0, "raised": 0.0}
    for night in range(count):
        chosen = [worlds[at] for at in rng.integers(0, len(worlds), cases)]
        drawn = np.vstack([world.draw(rng, (1, SETS[0])) for world in chosen]) + rounds(rng, (cases, SETS[0]))
        listed = judge(drawn, correction=Correction.BENJAMINI_HOCHBERG)
        found["alone"] += sum((said.alone or said.verdict) in FLAGGED for said in listed)
        for world, said in zip(chosen, listed, strict=True):
            if said.verdict in FLAGGED:
                again = judge(sessions(world, (1, CONFIRMING), seed + 1 + night))[0]
                found["listed"] += 1
                found["raised"] += again.verdict is said.verdict
    return found


# -- two groups -----------------------------------------------------------------------------------


def groups(world: World, trials: int, seed: int) -> Mapping[int, float]:
    """Return the share of sessions in which process-sets are said to fall into two groups."""
    drawn = sessions(world, (trials, MOST), seed)
    return {sets: _share(two_groups(row) is not None for row in drawn[:, :sets]) for sets in SETS}
