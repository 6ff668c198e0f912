"""Which machines the runs of a comparison are of, and what each of them measured.

A machine is one device of one computer, in one state: what `env_id` says, but for the number of threads.
That is part of an arm's env_id, for absolute times depend on it, and no part of what a machine is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.core.machine import env_id
from harness.core.target import split_threads, with_threads
from harness.errors import UsageError
from harness.report.compare_load import Arm, Run
from harness.report.compare_sessions import Key, Session

Mark = tuple[str, str]  # a device, and what tells its machine from others


@dataclass(kw_only=True)
class Machine:
    """One device of one machine, as its sessions have it: its arms by key, one a session."""

    name: str
    env_id: str  # of the arm that was met first
    runs: dict[str, Run] = field(default_factory=dict)
    arms: dict[Key, list[Arm]] = field(default_factory=lambda: defaultdict(list))

    @property
    def newest(self) -> Run:
        """The last of its runs."""
        return self.runs[max(self.runs)]

    @property
    def versions(self) -> Mapping[str, set[str]]:
        """Which versions of each framework its sessions had."""
        found: dict[str, set[str]] = defaultdict(set)
        for arm in (arm for arms in self.arms.values() for arm in arms if arm.framework_version):
            found[arm.backend].add(str(arm.framework_version))
        return found

    @property
    def swept(self) -> set[tuple[str, str]]:
        """What it did at several numbers of threads, or as one of several."""
        numbers: dict[tuple[str, str], set[int | None]] = defaultdict(set)
        for key, arms in self.arms.items():
            numbers[key.uncounted].update(arm.threads for arm in arms)
        several = {done for done, found in numbers.items() if len(found) > 1}
        return several | {key.uncounted for key in self.arms if key.counted}

    def counting(self, swept: Collection[tuple[str, str]]) -> Machine:
        """Return this machine with its arms told apart by their number of threads in all that is `swept`."""
        arms: dict[Key, list[Arm]] = defaultdict(list)
        for key, arm in ((key, arm) for key, own in self.arms.items() for arm in own):
            arms[replace(key, counted=_counted(arm)) if key.uncounted in swept else key].append(arm)
        return replace(self, arms=arms)


def machines_of(found: Sequence[Session], *, by_target: bool) -> list[Machine]:
    """Return the devices of all sessions, in the order in which they are met; `by_target` as in `key_of`."""
    known = _known(found)
    machines: dict[Mark, Machine] = {}
    for session in found:
        for key, arm in session.keyed(by_target=by_target):
            if arm.env_id is None:
                continue
            mark = known[_device(arm), arm.env_id]
            machine = machines.setdefault(mark, Machine(name=_device(arm), env_id=arm.env_id))
            machine.runs[session.run.info.run_id] = session.run
            machine.arms[key].append(arm)
    for machine in machines.values():
        _refuse_mixtures(machine)
    return _told_apart(list(machines.values()))


def _known(found: Sequence[Session]) -> Mapping[Mark, Mark]:
    """Return for every mark the one by which its machine is known: its arms have an env_id for each number of threads.

    All arms of a session are of one machine, and so are sessions that tell the same of theirs.
    """
    known: dict[Mark, Mark] = {}
    for marks in (marks for session in found for marks in _marks(session)):
        same = {known.setdefault(mark, mark) for mark in marks}
        known = {mark: known[marks[0]] if first in same else first for mark, first in known.items()}
    return known


def _marks(session: Session) -> Iterator[list[Mark]]:
    """Yield for each device of a session by what its machine is told from others."""
    devices: dict[str, list[Mark]] = defaultdict(list)
    for arm in session.arms:
        if arm.env_id is not None:
            devices[_device(arm)].append((_device(arm), arm.env_id))
    for device, marks in devices.items():
        yield [*dict.fromkeys(marks), *((device, each) for each in _uncounted(session.run, device))]


def _uncounted(run: Run, device: str) -> Iterator[str]:
    """Yield what the env_id of arms on `device` would be without their threads, where the manifest tells enough."""
    try:
        yield env_id({**run.manifest["machine"], "framework": {"device_name": device}})
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        return  # a stranger's file


def _device(arm: Arm) -> str:
    return arm.device_name or arm.device


def _counted(arm: Arm) -> str:
    """Return an arm's number of threads in words, also where it was not one of several."""
    return arm.counted or ("" if arm.threads is None else split_threads(with_threads("", arm.threads))[1])


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
