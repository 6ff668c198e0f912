"""Many runs of several machines, one session each: what they measured, joined on what has to be equal.

Machines that never ran side by side are comparable where the case, the way of doing it, the arithmetic,
the method and the very inputs are the same, so all of that is in the key. Of a run each arm gives one
number, its time, for what a machine was like in an hour is in all blocks of that hour.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import NothingSelected, UsageError
from harness.report.compare_load import Arm, Run, arms_of, load_run
from harness.report.compare_select import target_of
from harness.store.runs import find_runs

APART = ("input_hash", "math", "method_version")  # what may keep two arms apart that do the same work


@dataclass(frozen=True, kw_only=True)
class Key:
    """What two times must have in common before they are put beside each other."""

    case_key: str
    counted: str  # threads, where several numbers were compared
    way: str  # backend, mode and label; empty where the target was named
    math: str
    input_hash: str
    method_version: int

    @property
    def work(self) -> tuple[str, str, str]:
        """What is to be done, whatever the inputs are."""
        return (self.case_key, self.counted, self.way)

    @property
    def uncounted(self) -> tuple[str, str]:
        """What is to be done, at whatever number of threads."""
        return (self.case_key, self.way)


@dataclass(frozen=True, kw_only=True)
class Session:
    """One run, and those of its arms that were asked for and have a time."""

    run: Run
    group: str  # what was named on the command line
    arms: tuple[Arm, ...]

    def keyed(self, *, by_target: bool) -> Iterator[tuple[Key, Arm]]:
        """Yield each arm with its key."""
        yield from ((key_of(arm, by_target=by_target), arm) for arm in self.arms)


def sessions(root: Path, names: Sequence[str]) -> list[Session]:
    """Return every run that `names` mean, each once; a folder means all its complete runs."""
    found: dict[str, Session] = {}
    for name in names:
        runs = list(_runs(root, name))
        if not runs:
            raise NothingSelected(f"{name} has no complete run", remedy="name a folder of results, or a run")
        for run in runs:
            first = found.setdefault(run.info.run_id, Session(run=run, group=name, arms=_timed(run)))
            if first.run.selected != run.selected:
                raise UsageError(
                    f"the run {run.info.run_id} is named twice, with different targets",
                    remedy="targets of one run: python -m harness compare RUN::TARGET RUN::TARGET",
                )
    return sorted(found.values(), key=lambda one: one.run.info.run_id)


def key_of(arm: Arm, *, by_target: bool) -> Key:
    """Return what `arm` is joined on; `by_target` leaves out how it is done, because somebody named it."""
    way = ".".join(filter(None, (arm.backend, arm.mode)))
    return Key(
        case_key=arm.case_key,
        counted=arm.counted,
        way="" if by_target else f"{way},{arm.own_label}" if arm.own_label else way,
        math=arm.math,
        input_hash=arm.input_hash or "",
        method_version=arm.method_version,
    )


def apart_by(keys: Iterable[Key], others: Iterable[Key]) -> dict[str, int]:
    """Count the works that both have but not under one key, or not only, by what keeps them apart."""
    left, right = _by_work(keys), _by_work(others)
    counted = Counter(reason for work in left.keys() & right.keys() for reason in {*_apart(left[work], right[work])})
    return {reason: counted[reason] for reason in APART if counted[reason]}


def _by_work(keys: Iterable[Key]) -> Mapping[tuple[str, str, str], set[Key]]:
    found: dict[tuple[str, str, str], set[Key]] = defaultdict(set)
    for key in keys:
        found[key.work].add(key)
    return found


def _apart(left: set[Key], right: set[Key]) -> Iterator[str]:
    """Yield what keeps each key that only one side has from the nearest of the other side."""
    for one in left ^ right:
        yield from min((_differing(one, other) for other in (right if one in left else left)), key=len)


def _differing(one: Key, other: Key) -> list[str]:
    return [name for name in APART if getattr(one, name) != getattr(other, name)]


def _runs(root: Path, name: str) -> Iterator[Run]:
    place, _, target = name.partition("::")
    folder = Path(place)
    if not folder.is_dir():
        yield load_run(root, name)
        return
    for info in find_runs(folder):
        if info.complete:
            run = arms_of(info)
            yield Run(run.info, run.arms, run.problems, target)


def _timed(run: Run) -> tuple[Arm, ...]:
    arms = target_of(run.arms, run.selected, f"the run {run.info.run_id}") if run.selected else run.arms
    return tuple(arm for arm in arms if arm.replica == 0 and arm.measured and arm.input_hash)
