"""Machines of different kinds beside each other: a GPU, a TPU and a CPU rarely stand in one.

Nothing is paired and nothing cancels, so the unit is the session, five of each machine are asked for,
and a verdict is given only where the difference is large and sure. The page says so on top.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import NothingSelected, UsageError
from harness.report import changes
from harness.report.compare_load import Arm, Run
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


@dataclass(kw_only=True)
class Machine:
    """One device of one machine, as its sessions have it: times in seconds by key, one a session."""

    name: str
    env_id: str
    runs: dict[str, Run] = field(default_factory=dict)
    arms: dict[Key, list[Arm]] = field(default_factory=lambda: defaultdict(list))

    @property
    def versions(self) -> Mapping[str, set[str]]:
        """Which versions of each framework its sessions had."""
        found: dict[str, set[str]] = defaultdict(set)
        for arm in (arm for arms in self.arms.values() for arm in arms if arm.framework_version):
            found[arm.backend].add(str(arm.framework_version))
        return found


def compare_across(root: Path, names: Sequence[str], *, base_device: str = "") -> Page:
    """Compare the machines of the runs that `names` mean, each beside one of them."""
    found = sessions(root, names)
    by_target = all("::" in name for name in names)
    machines = _machines(found, by_target=by_target)
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
    problems = [problem for session in found for problem in session.run.problems]
    partial = [session.run.info.title for session in found if not session.run.info.complete]
    return Page(
        comparisons=tuple(each for each in comparisons if each.lines),
        problems=tuple(dict.fromkeys([*problems, *(f"{title} may lack arms" for title in partial)])),
    )


def _machines(found: Sequence[Session], *, by_target: bool) -> list[Machine]:
    """Return the devices of all sessions, in the order in which they are met."""
    machines: dict[tuple[str, str], Machine] = {}
    for session in found:
        for key, arm in session.keyed(by_target=by_target):
            if arm.env_id is None:
                continue
            name = arm.device_name or arm.device
            machine = machines.setdefault((name, arm.env_id), Machine(name=name, env_id=arm.env_id))
            machine.runs[session.run.info.run_id] = session.run
            machine.arms[key].append(arm)
    for machine in machines.values():
        _refuse_mixtures(machine)
    return _told_apart(list(machines.values()))


def _refuse_mixtures(machine: Machine) -> None:
    """Raise where sessions of one machine were named with different targets: their mean is of neither."""
    for arms in machine.arms.values():
        names = list(dict.fromkeys(arm.name for arm in arms))
        if len({arm.identity for arm in arms}) > 1:
            raise UsageError(
                f"{machine.name} has sessions of several targets: {', '.join(names)}",
                remedy="name one target a machine",
            )


def _told_apart(machines: list[Machine]) -> list[Machine]:
    """Give machines that call themselves the same names that differ."""
    names = [machine.name for machine in machines]
    for machine in machines:
        if names.count(machine.name) > 1:
            machine.name = f"{machine.name}, {machine.env_id[:6]}"
    return machines


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
    lines = [_line(key, base, new) for key in base.arms if key in new.arms]
    left, right = next(iter(base.runs.values())), next(iter(new.runs.values()))
    return Comparison(
        base=_side(base),
        new=_side(new),
        how=How.ACROSS,
        lines=tuple(lines),
        changes=changes.of_runs(left, right),
        margin=LEAST_RATIO - 1,
        correction=Correction.NONE,
        notes=(across_note(), *_notes(base, new)),
    )


def _line(key: Key, base: Machine, new: Machine) -> Line:
    one, other = base.arms[key], new.arms[key]
    found = apart([arm.time_s or 0.0 for arm in one], [arm.time_s or 0.0 for arm in other])
    fewest = min(found.sessions)
    short = f"{fewest} of {LEAST_SESSIONS} sessions of one machine" if fewest < LEAST_SESSIONS else ""
    return Line(
        case=other[-1].case_name,
        case_key=key.case_key,
        base=f"{one[-1].name} on {base.name}",
        new=f"{other[-1].name} on {new.name}",
        judgement=_judgement(found),
        detail=short,
        base_s=one[-1].time_s,
        new_s=other[-1].time_s,
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
        yield f"{count} arm{'s' * (count != 1)} that both machines measured {REASONS[reason]}"
