"""The two runs of a comparison, read lean: what is known of each arm, and its blocks as logarithms.

A comparison answers within a second or two, so no frame is made and nothing is read that is not asked
for: of the measurements the columns below, of the samples one quantity, and that only where blocks are
compared at all. A file that cannot be trusted ends the comparison: half of a run is beside nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.core.target import shown_name, split_threads
from harness.errors import NothingSelected
from harness.report.comparison import Side
from harness.report.confidence import doubt_about
from harness.stats.compare import cube_of
from harness.stats.estimate import FloatArray
from harness.store.layout import MEASUREMENTS
from harness.store.lean import read_rows, read_timings
from harness.store.record import Outcome
from harness.store.runs import RunInfo, resolve


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What a comparison needs to know of a row, and its place among the arms of its run."""

    place: int
    case: str
    case_key: str
    target: str
    label: str
    replica: int
    reference: str
    backend: str
    mode: str
    math: str
    device: str
    device_name: str | None
    framework_version: str | None
    outcome: str
    detail: str
    validity: tuple[str, ...]
    pairing: str
    sets: int
    time_s: float | None
    input_hash: str | None
    threads: int | None
    env_id: str | None
    method_version: int
    seed: int

    @property
    def measured(self) -> bool:
        """Whether there is a time."""
        return self.outcome == Outcome.MEASURED

    @property
    def own_label(self) -> str:
        """The label without a number of threads."""
        return split_threads(self.label)[0]

    @property
    def counted(self) -> str:
        """The number of threads in words, where several were compared; else nothing."""
        return split_threads(self.label)[1]

    @property
    def identity(self) -> tuple[str, str]:
        """Which target it is on, whatever its number of threads."""
        return (self.target, self.own_label)

    @property
    def name(self) -> str:
        """What its target is called in tables."""
        return self.own_label or self.target

    @property
    def full_name(self) -> str:
        """What its target is called where it is told from the same at other numbers of threads."""
        return shown_name(self.target, self.label)

    @property
    def case_name(self) -> str:
        """What its case is called in tables: where numbers of threads were compared, with that number."""
        return f"{self.case}, {self.counted}" if self.counted else self.case

    @property
    def contest(self) -> tuple[str, str]:
        """Within what it is compared: a case, at one number of threads."""
        return (self.case_key, self.counted)


COLUMNS = tuple(name for name in Arm.__dataclass_fields__ if name != "place")


@dataclass(frozen=True)
class Run:
    """One run of a comparison; its blocks are read when they are first asked for."""

    info: RunInfo
    arms: tuple[Arm, ...]
    problems: tuple[str, ...] = ()
    selected: str = field(default="", compare=False)  # the target that was named behind '::'

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What the run says of itself; a stranger's file, so nothing about it is certain."""
        return self.info.manifest

    @property
    def measure(self) -> Mapping[str, Any]:
        """How hard it measured."""
        found = self.manifest.get("measure")
        return found if isinstance(found, Mapping) else {}

    @cached_property
    def cube(self) -> FloatArray:
        """Logarithms of times [arm, set, round], NaN where an arm has no block, or no time that counts."""
        return _cube(self)

    def side(self, target: str = "") -> Side:
        """Return what to call this run, or one target of it."""
        started = self.info.started_at.isoformat(timespec="seconds") if self.info.started_at else ""
        run_id, suite = self.info.run_id, self.info.suite
        return Side(run_id=run_id, suite=suite, state=self.info.state, target=target, started_at=started)


def load_run(root: Path, name: str, known: Run | None = None) -> Run:
    """Return the run called `name`, or raise where it cannot be trusted or holds nothing.

    Where it is a run that is `known` already, its files are not read again.
    """
    selection = resolve(root, name)
    run = known if known is not None and same_run(known.info, selection.run) else arms_of(selection.run)
    return Run(run.info, run.arms, (*selection.notes, *run.problems), selection.target)


def arms_of(info: RunInfo) -> Run:
    """Return the arms of a run, in the order in which they were planned."""
    rows, notes = read_rows(info, COLUMNS)
    if not rows:
        raise NothingSelected(f"the run {info.run_id} holds no arm", remedy="name another: python -m harness list runs")
    arms = tuple(Arm(place=at, **(row | {"validity": tuple(row["validity"])})) for at, row in enumerate(rows))
    said = filter(None, (*notes, doubt_about(info.manifest)))
    return Run(info, arms, tuple(f"{info.run_id}: {note}" for note in said))


def same_run(a: RunInfo, b: RunInfo) -> bool:
    """Whether two names mean one session: a copy of a run is that run, a file of the same name need not be."""
    if not (a.files and b.files):
        return a.paths.get(MEASUREMENTS) == b.paths.get(MEASUREMENTS)
    return a.run_id == b.run_id and a.files.get(MEASUREMENTS) == b.files.get(MEASUREMENTS)


def _cube(run: Run) -> FloatArray:
    timed = [arm for arm in run.arms if arm.measured]
    places = np.array([arm.place for arm in timed], dtype=np.int64)
    found = read_timings(run.info, [(arm.case_key, arm.target, arm.label, arm.replica) for arm in timed])
    sound = (found.inner > 0) & (found.wall_ns > 0)
    spoilt = np.unique(found.arm[~sound])  # an arm with a block that cannot be is compared with nothing
    kept = ~np.isin(found.arm, spoilt)
    if not kept.any():
        return np.full((len(run.arms), 1, 1), np.nan)
    return cube_of(
        places[found.arm[kept]],
        found.set[kept],
        found.round[kept],
        found.wall_ns[kept] / found.inner[kept] * 1e-9,
        arms=len(run.arms),
    )
