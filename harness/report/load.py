"""From the store to the findings of each run. A file that cannot be used is named, and the others are read.

Each run is summarised alone: runs differ in machine, hour and software, so their numbers are never
averaged together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harness.errors import NothingSelected, StoreError
from harness.report.confidence import doubt_about
from harness.report.findings import Problem, RunFindings
from harness.report.rows import measurements_of
from harness.report.summarise import summarise
from harness.store.layout import MEASUREMENTS, SAMPLES, STORE, Layout
from harness.store.lean import ArmKey, Timings, read_timings
from harness.store.read import Loaded, RunInfo, read_measurements, resolve
from harness.store.runs import UNLISTED, Selection, newest_of_each_suite, scan

_START = "measure first: python -m harness quickstart"


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What a report is about."""

    runs: tuple[RunFindings, ...]
    problems: tuple[Problem, ...]
    chosen: tuple[str, ...] = ()  # the runs by their whole names, with ::target where one was asked for
    asked: tuple[str, ...] = ()  # the runs that were named, by what finds them in the same store
    store: Path = STORE  # in which runs were looked for, as whoever asked calls it


def load(root: Path, names: Sequence[str] = ()) -> Reported:
    """Return the findings of the runs called `names`, or of the newest run of each suite."""
    problems: list[Problem] = []
    selections = [resolve(root, name) for name in names] if names else _newest(root, problems)
    runs, chosen = [], []
    several = {(one.run.run_id, one.target): one for one in selections}.values()
    for selection in several:
        found = findings_of(root, selection, problems)
        if found is not None:
            runs.append(found)
            chosen.append(_with_target(found.run_id, selection))
    if not runs:
        reasons = "".join(f"\n  {problem.place}: {problem.message}" for problem in problems)
        raise NothingSelected(f"no run in {root} can be reported{reasons}", remedy=_START)
    return Reported(
        runs=tuple(runs),
        problems=tuple(dict.fromkeys(problems)),
        chosen=tuple(chosen),
        asked=tuple(_with_target(_place(root, one.run) or one.run.run_id, one) for one in several) if names else (),
        store=root,
    )


def findings_of(
    root: Path, selection: Selection, problems: list[Problem], *, matrix: bool = True
) -> RunFindings | None:
    """Return the findings of one run, or None where it has no readable row; `problems` gets what was odd."""
    run = selection.run
    measurements = _checked(read_measurements(root, [run]), problems, root)
    # One target is shown beside its reference, so all rows are summarised and the others left out afterwards.
    rows = measurements_of(measurements.table)
    if not rows:
        problems.append(Problem(place=run.run_id, message="has no readable row"))
        return None
    _doubt(root, run, problems)
    found = summarise(
        rows, partial(_timings, root, run, problems), manifest=run.manifest, state=run.state, matrix=matrix
    )
    found = replace(found, store=root, place=_place(root, run))
    if selection.target:
        measurements.only(selection.target)  # raises where there is no such target
        return found.only(selection.target)
    return found


def _with_target(name: str, selection: Selection) -> str:
    return "::".join(filter(None, (name, selection.target)))


def _place(root: Path, run: RunInfo) -> str:
    """Return where the file of a run is that no command would find below `root` by its name; nothing for the others."""
    table = run.paths[MEASUREMENTS]
    if run.state == UNLISTED:
        return str(table)
    store = table.parent.parent
    return "" if store == root else str(Layout(store).manifest(run.run_id))


def _timings(root: Path, run: RunInfo, problems: list[Problem], arms: Sequence[ArmKey]) -> Timings | None:
    """Return the blocks of some arms, or None where the file of samples cannot be used."""
    path = run.paths.get(SAMPLES)
    if path is None:
        lost = "its blocks (samples) are not here, so nothing can be compared"
        problems.append(Problem(place=run.run_id, message=lost))
        return None
    try:
        return read_timings(run, arms)
    except StoreError as error:
        problems.append(_problem(path, str(error).removeprefix(f"{path} cannot be used: "), root))
        return None


def _doubt(root: Path, run: RunInfo, problems: list[Problem]) -> None:
    doubt = doubt_about(run.manifest)
    if doubt:
        path = Layout(run.paths[MEASUREMENTS].parent.parent).manifest(run.run_id)
        problems.append(_problem(path, doubt, root))


def _newest(root: Path, problems: list[Problem]) -> list[Selection]:
    found = scan(root)
    problems += [_problem(finding.file, finding.reason, root) for finding in found.findings]
    runs: Iterable[RunInfo] = newest_of_each_suite(found.runs)
    return [Selection(run=run) for run in runs]


def _checked(loaded: Loaded, problems: list[Problem], root: Path) -> Loaded:
    problems += [_problem(finding.file, finding.reason, root) for finding in loaded.findings]
    return loaded


def _problem(path: Path, reason: str, root: Path) -> Problem:
    place = path.relative_to(root) if path.is_relative_to(root) else path
    return Problem(place=str(place), message="; ".join(map(str.strip, reason.splitlines())))
