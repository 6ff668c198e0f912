"""From a suite to arms: every case on every target, and what is settled before anything starts.

A plan is made without importing a framework: what a backend refuses, what is not installed and
which device is not here are known from `BackendInfo` and the machine. Each planned arm ends as
exactly one row, so an arm that cannot run is planned too, with its outcome beside it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.backends import registry
from harness.backends.base import BOTH, UNRANKED, BackendInfo
from harness.core.affinity import available_cpus
from harness.core.device import Device
from harness.core.hardware import device_kinds
from harness.core.plugins import suggestion
from harness.core.target import Target, split_threads, with_threads
from harness.errors import DeviceUnavailable, NothingSelected, UsageError
from harness.store.record import Outcome
from harness.suite.model import Case, Suite

FindBackend = Callable[[str], BackendInfo]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A case on a target. `replica` 1 is A', the reference arm measured against itself."""

    case: Case
    target: Target
    info: BackendInfo
    replica: int = 0
    threads: int | None = None  # where a suite compares numbers of threads; the target's label says it too

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What identifies the arm within a run."""
        return (self.case.key, str(self.target), self.target.label, self.replica)

    @property
    def crew(self) -> tuple[str, str, int]:
        """Which worker it belongs to: one per target, number of threads and replica."""
        return (str(self.target), self.target.label, self.replica)

    @property
    def mode_class(self) -> str:
        """The class it is ranked in."""
        mode = self.info.mode(self.target.mode)
        return mode.mode_class if mode else UNRANKED


@dataclass(frozen=True, kw_only=True)
class Settled:
    """An arm that will not run, and why."""

    arm: Arm
    outcome: Outcome
    detail: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All arms of a run: those to measure, and those settled already.

    Where numbers of threads are compared, the reference is taken at each of them, so that every ratio
    is between arms of equal threads.
    """

    suite: Suite
    targets: tuple[Target, ...]
    reference: Target
    arms: tuple[Arm, ...]
    settled: tuple[Settled, ...]


def make_plan(
    suite: Suite,
    *,
    targets: Sequence[Target] = (),
    required: Sequence[Target] = (),
    self_check: bool = True,
    choose: Callable[[Sequence[Arm]], Sequence[Arm]] = tuple,
    find: FindBackend = registry.find_backend,
    kinds: Callable[[], Sequence[str]] = device_kinds,
    processors: Callable[[], int] = lambda: len(available_cpus()),
) -> Plan:
    """Plan `suite` on `targets`, or on its own; `required` ones that are not here end the command.

    `choose` may leave arms out. With `self_check` the reference is measured twice: the interval of A
    against A' is the smallest difference that could be seen.
    """
    present = frozenset(kinds())
    chosen = tuple(targets) or suite.targets or _of_use(_auto(find, present), suite, find)
    resolved = tuple(_resolve(target, find) for target in chosen)
    _refuse_doubles(resolved)
    for target in [*targets, *required]:
        _require(_resolve(target, find), find, present)
    _refuse_unreachable(suite)
    usable = processors()
    candidates = choose(_candidates(suite, resolved, find, usable))
    if not candidates:
        raise NothingSelected(
            f"suite {suite.name!r} has no case for {', '.join(map(str, resolved))}",
            remedy="see `when:` in its cases, or name another --target",
        )
    left = {_origin(arm) for arm in candidates}
    resolved = tuple(target for target in resolved if (str(target), target.label) in left)
    reference = _reference(suite, resolved, find, present)
    arms, settled = [], []
    for arm in candidates:
        verdict = settle(arm, present, usable)
        if verdict is not None:
            settled.append(Settled(arm=arm, outcome=verdict[0], detail=verdict[1]))
            continue
        arms.append(arm)
        if self_check and is_of(arm, reference):
            arms.append(replace(arm, replica=1))
    return Plan(suite=suite, targets=resolved, reference=reference, arms=tuple(arms), settled=tuple(settled))


def thread_numbers(asked: tuple[int | None, ...], processors: int) -> tuple[int, ...]:
    """Return the numbers of threads to compare, each once; None is all there are."""
    return tuple(sorted({processors if number is None else number for number in asked}))


def _candidates(suite: Suite, targets: Sequence[Target], find: FindBackend, processors: int) -> list[Arm]:
    """Return every case on every target that it is meant for, at each number of threads."""
    asked = suite.measure.threads
    numbers = thread_numbers(asked, processors) if isinstance(asked, tuple) else (None,)
    return [
        Arm(case=case, target=_at(target, number), info=find(target.backend), threads=number)
        for case in suite.cases
        for target in targets
        if not case.devices or target.device.kind in case.devices
        for number in numbers
    ]


def _at(target: Target, threads: int | None) -> Target:
    return target if threads is None else replace(target, label=with_threads(target.label, threads))


def _origin(arm: Arm) -> tuple[str, str]:
    """Return which of the plan's targets an arm is of, whatever its number of threads."""
    label = arm.target.label
    return (str(arm.target), label if arm.threads is None else split_threads(label)[0])


def is_of(arm: Arm, target: Target) -> bool:
    """Whether an arm is of `target`, one of the plan's, whatever its number of threads."""
    return _origin(arm) == (str(target), target.label)


def settle(arm: Arm, present: frozenset[str], processors: int | None = None) -> tuple[Outcome, str] | None:
    """Say how an arm ends without running, where that is known beforehand."""
    info, device = arm.info, arm.target.device
    if device.kind not in info.devices:
        return Outcome.REFUSED, f"{info.name} does not run on {device.kind}"
    reason = info.refuses(arm.case.workload, arm.target.mode, device)
    if reason is not None:
        return Outcome.REFUSED, reason
    lack = absence(arm.target, info, present)
    if lack is None and arm.threads is not None and processors is not None and arm.threads > processors:
        lack = f"{arm.threads} threads need as many processors; this process may use {processors}"
    return None if lack is None else (Outcome.UNAVAILABLE, lack)


def absence(target: Target, info: BackendInfo, present: frozenset[str]) -> str | None:
    """Say what a target lacks on this machine, with the remedy. Another interpreter speaks for itself."""
    if target.device.kind not in present:
        return f"there is no {target.device.kind} in this machine"
    if target.python:
        return None if shutil.which(target.python) else f"{target.python} is no program; name an interpreter of Python"
    lack = registry.missing(info, target.device) or info.lacks(target.mode, target.device)
    return None if lack is None else str(lack)


def _auto(find: FindBackend, present: frozenset[str]) -> tuple[Target, ...]:
    """Every mode that ranks, of every installed backend, on every device found."""
    found = []
    for name in registry.backend_names():
        info = find(name)
        for kind in [kind for kind in info.devices if kind in present]:
            if registry.missing(info, Device(kind)) is None:
                found += [
                    Target(backend=name, mode=mode.name, device=Device(kind))
                    for mode in info.modes
                    if mode.mode_class != UNRANKED
                ]
    if not found:
        hints = "; ".join(filter(None, (find(name).install.get("cpu") for name in registry.backend_names())))
        raise DeviceUnavailable("no framework is installed here", remedy=f"install one: {hints}")
    # Frameworks in a fixed order, the CPU before what is attached to it, the default mode first.
    order = {"torch": 0, "jax": 1, "tensorflow": 2}
    return tuple(sorted(found, key=lambda target: (target.device, order.get(target.backend, 9), target.backend)))


def _of_use(targets: Sequence[Target], suite: Suite, find: FindBackend) -> tuple[Target, ...]:
    """Leave out a mode that is not made for this suite: it does none of it, and another of its backend some.

    A backend that does nothing of a suite stays, for that is news.
    """

    def does(target: Target) -> bool:
        info = find(target.backend)
        meant = [case for case in suite.cases if not case.devices or target.device.kind in case.devices]
        return any(info.refuses(case.workload, target.mode, target.device) is None for case in meant)

    active = [target for target in targets if does(target)]
    elsewhere = {(target.backend, target.device) for target in active}
    return tuple(target for target in targets if target in active or (target.backend, target.device) not in elsewhere)


def _resolve(target: Target, find: FindBackend) -> Target:
    info = find(target.backend)
    resolved = target.resolved(info.default_mode)
    if info.mode(resolved.mode) is None:
        known = tuple(mode.name for mode in info.modes)
        raise UsageError(f"{info.name} has no mode {resolved.mode!r}", remedy=suggestion(resolved.mode, known))
    return resolved


def _refuse_doubles(targets: Sequence[Target]) -> None:
    counts = Counter((str(target), target.label) for target in targets)
    for (text, label), count in counts.items():
        if count > 1:
            named = f"{text} with the label {label!r}" if label else text
            raise UsageError(f"the target {named} is named {count} times", remedy="give each its own label")


def _refuse_unreachable(suite: Suite) -> None:
    """Raise where a worker could not import a workload's class: one typed into a session, or made in a function."""
    for kind in {type(case.workload) for case in suite.cases}:
        if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
            raise UsageError(
                f"the class {kind.__qualname__} is in no module that a worker could import",
                remedy="put it into a file: harness.load('my_ops.py'), or --load my_ops.py",
            )


def _require(target: Target, find: FindBackend, present: frozenset[str]) -> None:
    lack = absence(target, find(target.backend), present)
    if lack is not None:
        raise DeviceUnavailable(f"{target} cannot run here: {lack}")


def _reference(suite: Suite, targets: Sequence[Target], find: FindBackend, present: frozenset[str]) -> Target:
    """The suite's reference where it is among the targets and can run, else the first that can."""
    if suite.reference is not None:
        wanted = _resolve(suite.reference, find)
        for target in targets:
            same = str(target) == str(wanted) and wanted.label in ("", target.label)
            if same and absence(target, find(target.backend), present) is None:
                return target
    able = [target for target in targets if absence(target, find(target.backend), present) is None]
    return next(iter(able or targets))


def ranks_in(arm: Arm, mode_class: str) -> bool:
    """Whether an arm is ranked in `mode_class`."""
    return arm.mode_class in (mode_class, BOTH)
