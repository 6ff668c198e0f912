"""Machines of different kinds beside each other: a GPU, a TPU and a CPU rarely stand in one.

Nothing is paired and nothing cancels, so the unit is the session, five of each machine are asked for,
and a verdict is given only where the difference is large and sure. The page says so on top.

What makes two arms incomparable is all in the key on which they are joined, but for a math mode that is
what a framework does untouched: it has one name and need not be one arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import geometric_mean

from harness.errors import NothingSelected, UsageError
from harness.report import changes
from harness.report.across_machines import Machine, machines_of
from harness.report.compare_pairs import NEVER_RANKED
from harness.report.compare_sessions import Key, Session, apart_by, sessions
from harness.report.comparison import Comparison, How, Line, Page, Side
from harness.report.sentences import across_note
from harness.stats.multiplicity import Correction
from harness.stats.unpaired import LEAST_RATIO, LEAST_SESSIONS, Apart, apart
from harness.stats.verdict import Judgement, Verdict

REASONS = {
    "input_hash": "have other inputs: measure all machines with one --seed",
    "math": "are other arithmetic",
    "method_version": "were measured by another method",
}
UNTOUCHED = f"have math {NEVER_RANKED}, what a framework does untouched, which need not be the same arithmetic on both"


def compare_across(root: Path, names: Sequence[str], *, base_device: str = "") -> Page:
    """Compare the machines of the runs that `names` mean, each beside one of them."""
    found = sessions(root, names)
    by_target = all("::" in name for name in names)
    machines = machines_of(found, by_target=by_target)
    base = _base(machines, base_device, names, found)
    others = [machine for machine in machines if machine is not base]
    if not others:
        raise NothingSelected(
            f"all of these runs are of one machine, {base.name}",
            remedy="runs of one machine: python -m harness compare RUN::TARGET RUN::TARGET",
        )
    comparisons = [_comparison(base, other) for other in others]
    if not any(each.lines for each in comparisons):
        said = "; ".join(dict.fromkeys(note for each in comparisons for note in each.notes[1:]))
        raise NothingSelected(f"the machines have no arm in common{f': {said}' if said else ''}")
    return Page(
        comparisons=tuple(each for each in comparisons if each.lines),
        problems=tuple(dict.fromkeys(_problems(found, comparisons))),
    )


def _problems(found: Sequence[Session], comparisons: Sequence[Comparison]) -> Iterator[str]:
    for session in found:
        yield from session.run.problems
    yield from (f"{session.run.info.title} may lack arms" for session in found if not session.run.info.complete)
    for each in comparisons:
        if not each.lines:
            why = "; ".join(each.notes[1:])
            yield f"{each.new.target} has no arm in common with {each.base.target}{f': {why}' if why else ''}"


def _base(machines: Sequence[Machine], wanted: str, names: Sequence[str], found: Sequence[Session]) -> Machine:
    if not machines:
        raise NothingSelected("no arm of these runs was measured", remedy="name others: python -m harness list runs")
    known = ", ".join(dict.fromkeys(machine.name for machine in machines))
    if wanted:
        chosen = [machine for machine in machines if wanted.lower() in machine.name.lower()]
        if len(chosen) == 1:
            return chosen[0]
        said = f"means {len(chosen)} machines" if chosen else "is none of these machines"
        raise UsageError(f"--base-device {wanted!r} {said}", remedy=f"there are {known}")
    first = {session.run.info.run_id for session in found if session.group == names[0]}
    return next((machine for machine in machines if first & machine.runs.keys()), machines[0])


def _comparison(base: Machine, new: Machine) -> Comparison:
    swept = base.swept | new.swept
    base, new = base.counting(swept), new.counting(swept)
    lines = [_line(key, base, new) for key in base.arms if key in new.arms and key.math != NEVER_RANKED]
    return Comparison(
        base=_side(base),
        new=_side(new),
        how=How.ACROSS,
        lines=tuple(lines),
        changes=changes.of_runs(base.newest, new.newest),
        margin=LEAST_RATIO - 1,
        correction=Correction.NONE,
        notes=(across_note(), *_notes(base, new)),
    )


def _line(key: Key, base: Machine, new: Machine) -> Line:
    one, other = base.arms[key], new.arms[key]
    base_s, new_s = ([arm.time_s or 0.0 for arm in arms] for arms in (one, other))
    found = apart(base_s, new_s)
    fewest = min(found.sessions)
    short = f"{fewest} of {LEAST_SESSIONS} sessions of one machine" if fewest < LEAST_SESSIONS else ""
    return Line(
        case=f"{other[-1].case}, {key.counted}" if key.counted else other[-1].case,
        case_key=key.case_key,
        base=f"{one[-1].name} on {base.name}",
        new=f"{other[-1].name} on {new.name}",
        judgement=_judgement(found),
        detail=short,
        base_s=geometric_mean(base_s),  # the ratio rests on logarithms, so that it is the quotient of these
        new_s=geometric_mean(new_s),
        counts=found.sessions,
    )


def _judgement(found: Apart) -> Judgement:
    slower_or_faster = Verdict.REGRESSED if found.log > 0 else Verdict.IMPROVED
    return Judgement(
        verdict=Verdict.INCONCLUSIVE if found.too_close else slower_or_faster,
        log=found.log,
        log_low=found.log_low,
        log_high=found.log_high,
        sets=min(found.sessions),
        margin=LEAST_RATIO - 1,
    )


def _side(machine: Machine) -> Side:
    count = len(machine.runs)
    suites = ", ".join(dict.fromkeys(run.info.suite for run in machine.runs.values()))
    return Side(run_id=f"{count} session{'s' * (count != 1)}", suite=suites, target=machine.name)


def _notes(base: Machine, new: Machine) -> Iterator[str]:
    for machine in (base, new):
        for backend, versions in sorted(machine.versions.items()):
            if len(versions) > 1:
                yield f"sessions of {machine.name} had different versions of {backend}: {', '.join(sorted(versions))}"
    for reason, count in apart_by(base.arms, new.arms).items():
        yield f"{_arms(count)} that both machines measured {REASONS[reason]}"
    untouched = sum(key.math == NEVER_RANKED for key in base.arms if key in new.arms)
    if untouched:
        yield f"{_arms(untouched)} that both machines measured {UNTOUCHED}"
    yield from (*_alone(base, new), *_alone(new, base))


def _alone(one: Machine, other: Machine) -> Iterator[str]:
    """Count the arms of a machine that have no partner on the other, and say so of the threads if it is these."""
    done, works = {key.uncounted for key in other.arms}, {key.work for key in other.arms}
    left = [key for key in one.arms if key.work not in works]
    elsewhere = [key.counted for key in left if key.uncounted in done]
    if elsewhere:
        numbers = ", ".join(dict.fromkeys(elsewhere))
        yield f"without a partner on {other.name} at {numbers}: {_arms(len(elsewhere))} of {one.name}"
    if len(left) > len(elsewhere):
        yield f"without a partner on {other.name}: {_arms(len(left) - len(elsewhere))} of {one.name}"


def _arms(count: int) -> str:
    return f"{count} arm{'s' * (count != 1)}"
