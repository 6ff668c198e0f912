"""How many process-sets, how many looks, and what intervals are worth: simulated, the truth being known.

    python -m benchmarks.calibration.simulate [--quick] [--only sets,looks,...] [--traces DIR] [--json]

Sessions are made up of process-sets that differ as processes do (a little for many reasons; with some
far out; in two kinds, where an autotuner picks one of two kernels) and of rounds within them, and the
harness's own functions judge them. An interval *misses* where it does not hold the mean over all
processes that there could be. *Found* means that it misses 1, *regressed* that it lies beyond the
margin of 2 %.

The promises: intervals hold the truth in 93 to 97 of 100 sessions whose sets differ for many reasons,
for 5 to 20 sets, and as often on recorded rounds; any rule of stopping keeps 95 of 100; and identical
arms whose difference was measured again are raised once in 3,000 at most. Recorded rounds are those of any
results folder, and process-sets differ as they did in runs of twenty and more, such as ``traces.py`` measures:
``--traces results/reference`` has both. Without them that promise is *open*, and the script ends with 4; a
broken promise ends it with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a file, too

from benchmarks.calibration import replay, trials
from benchmarks.calibration.figures import State
from benchmarks.calibration.worlds import HIERARCHICAL, MIXTURES, World, autotuner, gaussian, heavy
from harness.errors import ExitCode, first_of
from harness.stats.sequential import Rule

SEED = 20260101
LOW, HIGH = 0.03, 0.07  # of intervals that miss
USUAL = 0.05  # of them, on which the play of chance is reckoned
SHIFTS = (0.0, 0.02, 0.05)
LOOKED = [gaussian(0.007), gaussian(0.015), gaussian(0.03), heavy(0.015), autotuner(0.1, 0.1, both=True)]
CONFIRMED = [*HIERARCHICAL, *(world for world in MIXTURES if world.alike)]
CASES, NIGHTS = 300, 200
EXAMPLE = "--traces results/reference"
Say = Callable[[str], None]


class Study:
    """Runs the parts that were asked for, and keeps figures, and the promises that are broken or open."""

    def __init__(self, count: int, seed: int, folders: Sequence[Path], say: Say) -> None:
        self._count = count
        self._seed = seed
        self._folders = folders
        self._say = say
        self.figures: dict[str, Any] = {"trials": count, "seed": seed}
        self.broken: list[str] = []
        self.open: list[str] = []

    def sets(self) -> None:
        """A number of sets fixed beforehand."""
        found = {world.name: trials.fixed(world, self._count, self._seed) for world in [*HIERARCHICAL, *MIXTURES]}
        self.figures["sets"] = found
        columns = "  ".join(f"{sets:>5}" for sets in trials.SETS)
        heads = ("misses the truth", "flagged, no shift", "+2 % found", "+5 % regressed")
        self._say("\nShares of sessions, in %, by number of process-sets")
        self._say(f"{'':26}" + "".join(f"| {head:<34}" for head in heads))
        self._say(f"{'':26}" + f"| {columns} " * len(heads))
        for name, shares in found.items():
            self._say(f"{name:26}" + "".join(f"| {_row(one)} " for one in shares.values()))
        for world in HIERARCHICAL:
            self._promise(world.name, found[world.name]["missed"])

    def looks(self) -> None:
        """Several looks, and when to give up."""
        worst = trials.any_look_misses(self._count * 20, self._seed, Rule().spent)
        self.figures["any_look_misses"] = worst
        self._say(f"\nAny of four looks at {Rule().spent:.2%} misses in {worst:.2%} of normal sessions")
        if worst > 1 - Rule().confidence:
            self.broken.append(f"looks: one of them misses in {worst:.1%}")
        self.figures["looks"] = {}
        for world in LOOKED:
            for shift in SHIFTS:
                self._looks_of(world, shift)

    def _looks_of(self, world: World, shift: float) -> None:
        found = trials.adaptive(world, shift, self._count // 4, self._seed)
        self.figures["looks"][f"{world.name}, {shift:+.0%}"] = found
        heads = ("misses", "found", "regress.", "improved", "settled", "given up", "lost by it")
        self._say(f"\n{world.name}, truth {shift:+.0%}".ljust(39) + "sets  " + "".join(f"{head:>11}" for head in heads))
        for name, told in found.items():
            shares = "".join(f"{100 * value:>11.2f}" for key, value in told.items() if key != "sets")
            self._say(f"  {name:<34} {told['sets']:5.1f}{shares}")

    def confirmation(self) -> None:
        """Flagged by five sets or by looks, then measured again."""
        self._say("\nIn %: flagged at first, and raised after ten fresh process-sets")
        self._say(
            f"{'':26}" + "".join(f"| {head:<26}" for head in ("5 sets, identical", "looks, identical", "looks, +5 %"))
        )
        self.figures["confirmation"] = {}
        for world in CONFIRMED:
            found = {
                "sets_0": trials.confirmed(world, 0.0, self._count, self._seed, looks=False),
                "looks_0": trials.confirmed(world, 0.0, self._count, self._seed, looks=True),
                "looks_5": trials.confirmed(world, 0.05, self._count // 4, self._seed, looks=True),
            }
            self.figures["confirmation"][world.name] = found
            told = (f"| {100 * one['flagged']:8.3f} {100 * one['raised']:8.3f}         " for one in found.values())
            self._say(f"{world.name:26}" + "".join(told))
        night = trials.nights(CONFIRMED, CASES, max(NIGHTS * self._count // 20000, 10), self._seed)
        self.figures["nights"] = night
        per = {name: night[name] * 3000 / night["cases"] for name in ("alone", "listed", "raised")}
        self._say(
            f"Nights of {CASES} identical cases, per 3,000: flagged alone {per['alone']:.2f}, "
            f"in the night's list {per['listed']:.2f}, raised after confirmation {per['raised']:.3f}"
        )
        if per["raised"] > 1:
            self.broken.append(f"nights: {per['raised']:.1f} raised in 3,000")

    def groups(self) -> None:
        """Process-sets in two groups."""
        self._say("\nSaid to fall into two groups, in %, by number of process-sets")
        self._say(f"{'':26}| " + "  ".join(f"{sets:>5}" for sets in trials.SETS))
        self.figures["groups"] = {}
        for world in [*HIERARCHICAL, *MIXTURES]:
            found = trials.groups(world, self._count // 4, self._seed)
            self.figures["groups"][world.name] = found
            self._say(f"{world.name:26}| {_row(found)}")

    def traces(self) -> None:
        """Recorded rounds, drawn again."""
        known = replay.traces_of(self._folders)
        if not known:
            self._say(f"\nNo recorded runs: name their folder, as in {EXAMPLE}")
            self.open.append("recorded rounds: there are none to draw from")
            return
        twins = replay.as_recorded(known)
        self._say(
            f"\n{len(known)} recorded pairs; of {twins['pairs']:.0f} pairs of twins {twins['missed']:.1%} missed 1"
        )
        self.figures["traces"] = {"pairs": len(known), "twins": twins}
        self._say(f"{'':39}" + "  ".join(f"{sets:>5}" for sets in trials.SETS) + "  process-sets")
        for effects in replay.Effects:
            self._drawn_again(known, effects)

    def _drawn_again(self, known: Sequence[replay.Trace], effects: replay.Effects) -> None:
        """Draw as many sessions of each pair that serves; each is a world of its own."""
        pairs, each = sum(trace.serves(effects) for trace in known), max(self._count // 50, 20)
        promised = effects is not replay.Effects.CONTROL
        if not pairs:
            if promised:
                self.open.append(
                    f"recorded rounds, {effects}: no pair has the {replay.LEAST_EFFECTS} process-sets that are asked"
                )
            return
        found = replay.coverage(known, trials.SETS, each, self._seed, effects)
        self.figures["traces"][effects.value] = {"pairs": pairs, "sessions": pairs * each, "missed": found}
        self._say(f"misses, in %, {effects:24} {_row(found)}  {pairs} pairs, {each} sessions each")
        if promised:
            self._promise(f"recorded rounds, {effects}", found, pairs * each)

    def _promise(self, name: str, missed: Mapping[int, float], sessions: int | None = None) -> None:
        """Hold the share that misses against the promise, with what chance does to a share of so many sessions."""
        slack = 3 * (USUAL * (1 - USUAL) / (sessions or self._count)) ** 0.5
        out = [sets for sets, share in missed.items() if not LOW - slack <= share <= HIGH + slack]
        self.broken += [f"{name}: {missed[sets]:.1%} of intervals miss with {sets} sets" for sets in out]


def _row(shares: Mapping[int, float]) -> str:
    return "  ".join(f"{100 * share:5.1f}" for share in shares.values())


PARTS = ("sets", "looks", "confirmation", "groups", "traces")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and say which promise does not hold, or cannot be judged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20000, help="sessions of each kind (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a twentieth of that")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas (default: %(default)s)")
    parser.add_argument(
        "--traces", type=Path, action="append", default=[], metavar="DIR", help=f"results of real runs: {EXAMPLE}"
    )
    parser.add_argument("--json", action="store_true", help="print figures as one JSON document")
    chosen = parser.parse_args(arguments)
    parts = chosen.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    say: Say = (lambda _: None) if chosen.json else (lambda line: print(line, flush=True))
    study = Study(chosen.trials // 20 if chosen.quick else chosen.trials, chosen.seed, chosen.traces, say)
    for part in parts:
        getattr(study, part)()
    if chosen.json:
        print(json.dumps(study.figures | {"broken": study.broken, "open": study.open}, indent=2))
    for line in _told(study, parts):
        print(line, file=sys.stderr if chosen.json else sys.stdout)
    codes = {ExitCode.CASES_FAILED: study.broken, ExitCode.UNDECIDED: study.open}
    return int(first_of([code for code, lines in codes.items() if lines]))


def _told(study: Study, parts: Sequence[str]) -> Iterator[str]:
    """Yield what became of the promises, a line each; those that are kept are one line."""
    yield from (f"{State.BROKEN}: {line}" for line in study.broken)
    yield from (f"{State.OPEN}: {line}" for line in study.open)
    if not study.broken and not study.open:
        yield f"{State.KEPT}: all that is promised of {', '.join(parts)}"


if __name__ == "__main__":
    raise SystemExit(main())
