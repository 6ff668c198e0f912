"""`doctor --noise`: measure the machine, and say which differences it can see in how much time."""

from __future__ import annotations

import random
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from harness.cli.doctor_text import machine_lines
from harness.cli.text_table import table
from harness.core import machine
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.run.probe import Probe, Probed
    from harness.stats.noise import Grade

LEAST_S, MOST_S = 10.0, 3600.0
DIFFERENCES = (0.01, 0.02, 0.05)
STANDARD_SETS = 5


def read_seconds(text: str) -> float:
    """Read how long to measure: ``30``, ``30s`` or ``2m``."""
    from harness.core import units

    seconds = units.read_seconds(f"{text}s" if text.replace(".", "", 1).isdigit() else text)
    if not LEAST_S <= seconds <= MOST_S:
        raise UsageError(f"--noise {text} is too short or too long", remedy="measure between 10s and 60m: --noise 30")
    return seconds


def measure(seconds: float) -> Probe:
    """Measure this machine with workers of our own, and leave nothing behind."""
    from harness.run.fleet import Workers, threads_of
    from harness.run.noise import Noise
    from harness.run.probe import probe

    seed = secrets.randbits(32)
    scratch = Path(tempfile.mkdtemp(prefix="harness-"))
    with Workers(scratch=scratch, seed=seed, threads=threads_of(None)) as workers:
        return probe(seconds, fleet=workers, noise=Noise(), rng=random.Random(seed))  # noqa: S311  (an order)


def lines(known: Mapping[str, Any], found: Probe) -> list[str]:
    """Return what was found, for people."""
    return [*machine_lines(known), "", *_noise_lines(found)]


def document(known: Mapping[str, Any], found: Probe) -> dict[str, Any]:
    """Return what `--json` prints."""
    grade = grade_of(found)
    return {
        "schema": "harness.doctor.noise/1",
        "env_id": machine.env_id(known),
        "machine": dict(known),
        "seconds": found.seconds,
        "sets": found.sets,
        "start_s": found.start_s,
        "grade": str(grade) if grade else None,
        "kinds": [_kind_document(kind) for kind in found.kinds],
        "readings": found.noise["sets"],
        "reasons": _reasons(found, said=True),
        "advice": _advice(found),
    }


def grade_of(found: Probe) -> Grade | None:
    """Return the word for what a standard session would see of the middle kind of work."""
    from harness.stats import noise

    seen = [kind.spread.seen(sets=STANDARD_SETS) for kind in found.kinds]
    return noise.grade_of(median(seen)) if seen else None


def _kind_document(kind: Probed) -> dict[str, Any]:
    efforts = {difference: kind.spread.effort(difference) for difference in DIFFERENCES}
    return {
        "name": kind.name,
        "call_s": kind.call_s,
        "turn_s": kind.turn_s,
        "blocks": kind.blocks,
        "between": kind.spread.between,
        "within": kind.spread.within,
        "seen": kind.spread.seen(sets=STANDARD_SETS),
        "to_find": {
            f"{difference:g}": {**asdict(effort), "measuring_s": effort.seconds(kind.turn_s)} if effort else None
            for difference, effort in efforts.items()
        },
    }


def _noise_lines(found: Probe) -> list[str]:
    grade = grade_of(found)
    if grade is None:
        return [f"noise over {found.seconds:.0f} s: too slow a machine for two process-sets; give it more time"]
    head = (
        "two copies of NumPy",
        "rounds differ",
        "processes differ",
        "5 sets see",
        *(f"{100 * one:g} %" for one in DIFFERENCES),
    )
    rows = [_row(kind) for kind in found.kinds]
    said = _reasons(found, said=True)
    return [
        f"noise over {found.seconds:.0f} s in {found.sets} process-sets: {grade}",
        *(f"  {line}" for line in table(head, rows).splitlines()),
        "  The last columns are the measuring time, of one case with two arms, in which such a difference is found",
        "  nine times in ten. Starting workers comes on top, once a process-set: a framework takes seconds.",
        "",
        "meanwhile",
        *(f"  {line}" for line in said or ["nothing that the system shows: what is left is the hardware's own"]),
        "",
        "what to do",
        *(f"  {line}" for line in _advice(found) or ["nothing: measure"]),
    ]


def _row(kind: Probed) -> tuple[str, ...]:
    from harness.report import words

    spread = kind.spread
    strays = (spread.within, spread.between, spread.seen(sets=STANDARD_SETS))
    told = (words.share(one) if one < 1 else "over 100 %" for one in strays)
    return (kind.name, *told, *(_effort(kind, difference) for difference in DIFFERENCES))


def _effort(kind: Probed, difference: float) -> str:
    effort = kind.spread.effort(difference)
    return "never" if effort is None else f"{effort.seconds(kind.turn_s):.1f} s, {effort.sets} sets"


def _reasons(found: Probe, *, said: bool) -> list[Any]:
    from harness.report import noise

    reasons = noise.reasons({"noise": found.noise})
    return [noise.say(reason) for reason in reasons] if said else reasons


def _advice(found: Probe) -> list[str]:
    from harness.report import noise

    return noise.advice(grade_of(found), _reasons(found, said=False))
