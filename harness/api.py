"""The harness as a library: `run`, `load_suite`, `read`, `runs` and `load`, which the commands use too.

::

    import harness

    run = harness.run("matmul", m=[256, 1024], n="m", k="m", on=["torch@cpu", "jax@cpu"])
    run.to_pandas()[["case", "target", "time_s", "flops_per_s"]]

What is wrong raises an error of `harness.errors` with a message for people; nothing here prints or
ends the process. Frameworks are imported by workers alone, so this works from a notebook as well.
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.target import Target
from harness.errors import UsageError
from harness.store.runs import RunInfo, resolve, scan
from harness.suite.model import Suite

if TYPE_CHECKING:
    import pandas as pd

    from harness.run.plan import Plan
    from harness.run.runner import RunResult
    from harness.run.terms import Observer, Pace

MOST_CASES = 10_000
_SUITE_FILES = (".yaml", ".yml")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run in the store: what was measured, and how each arm ended.

    Attributes:
        id: Its name, which sorts by time.
        results: The folder of the store.
        suite: The name of its suite.
        state: ``complete`` or ``partial``.
        path: The Parquet file with one row an arm.
        outcomes: How many arms ended in each way: ``{"measured": 4, "refused": 1}``.
        target: The one target that was asked for, or empty.

    """

    id: str
    results: Path
    suite: str
    state: str
    path: Path
    outcomes: Mapping[str, int] = field(hash=False)
    target: str = ""

    def to_pandas(self) -> pd.DataFrame:
        """Return one row an arm; `time_s` and rates are filled where the outcome is ``measured`` only."""
        from harness.store.read import read_measurements

        return read_measurements(self.results, [self._info()]).only(self.target).frame()

    def samples(self) -> pd.DataFrame:
        """Return one row a timed block."""
        from harness.store.read import read_samples

        return read_samples(self.results, [self._info()]).only(self.target).frame()

    def table(self) -> str:
        """Return what ``python -m harness show`` prints of it."""
        from harness.report.terminal import show_run

        return show_run(self.results, f"{self._name()}::{self.target}" if self.target else self._name())

    def _info(self) -> RunInfo:
        return resolve(self.results, self._name()).run

    def _name(self) -> str:
        return str(self.path) if self.state == "unlisted" else self.id


@dataclass(frozen=True, kw_only=True)
class Measured(Run):
    """A run that was measured just now; `result` has its rows, and the exit code of a command."""

    result: RunResult = field(repr=False, compare=False)


def run(  # noqa: PLR0913  (keywords that explain themselves)
    what: str | os.PathLike[str] | Suite,
    /,
    *,
    on: str | Target | Sequence[str | Target] = (),
    results: str | os.PathLike[str] = "results",
    profile: str | None = None,
    threads: int | None = None,
    max_time: str | None = None,
    seed: int | None = None,
    budget: str | None = None,
    progress: bool = False,
    parameters: Mapping[str, Any] | None = None,
    **more: Any,
) -> Measured:
    """Measure a workload by name, a suite file, or a suite, and return the run.

    Parameters of a workload are keywords: ``m=1024``; a list gives several values, and text is read as
    on the command line: ``m="256..4096:x2", n="m"``. Those whose names are taken stand in `parameters`.
    A workload is measured with the profile ``quick`` unless `profile` says otherwise; a suite says it
    itself. Ctrl-C ends in order, keeps what was measured, and is then raised.
    """
    from harness.core.units import read_seconds
    from harness.run.plan import make_plan
    from harness.run.progress import Progress, Silent

    targets = [on] if isinstance(on, str | Target) else list(on)
    given = {**(parameters or {}), **more}
    said = {"profile": profile, "threads": threads, "max_time": max_time, "seed": seed}
    measured = {name: value for name, value in said.items() if value is not None}
    suite = _suite_of(what, given, targets, measured)
    plan = make_plan(suite, targets=[_target(target) for target in targets])
    observer = Progress() if progress else Silent()
    try:
        made = measure(
            plan,
            results=Path(results),
            observer=observer,
            budget_s=None if budget is None else read_seconds(budget),
            required=bool(targets),
            command=_call(what, on, {**measured, **given}),
        )
    finally:
        observer.close()
    if made.result.stopped == "interrupt":
        raise KeyboardInterrupt
    return made


def measure(  # noqa: PLR0913  (keywords that explain themselves)
    plan: Plan,
    *,
    results: Path,
    observer: Observer,
    budget_s: float | None = None,
    required: bool = False,
    exit_first: bool = False,
    command: str = "",
    pace: Pace | None = None,
    notes: Mapping[str, Any] | None = None,
) -> Measured:
    """Measure a plan; what ``run``, ``bench`` and ``ab`` of the command line end in, and `run` here."""
    from harness.run.runner import run_plan

    result = run_plan(
        plan,
        results=results,
        observer=observer,
        budget_s=budget_s,
        required=required,
        exit_first=exit_first,
        command=command,
        pace=pace,
        notes=notes,
    )
    return Measured(**vars(read(results, result.run_id)), result=result)


def load_suite(path: str | os.PathLike[str], *, max_cases: int = MOST_CASES, overrides: Sequence[str] = ()) -> Suite:
    """Read, check and expand a suite file; raises `SuiteError` with all that is wrong with it."""
    from harness.suite.load import load_suite as load

    return load(path, max_cases=max_cases, overrides=overrides)


def read(results: str | os.PathLike[str] = "results", run: str = "latest") -> Run:
    """Return a run of a store: ``latest``, ``latest~1``, the beginning of its name, each with ``::target``."""
    selection = resolve(Path(results), run)
    return _of(Path(results), selection.run, selection.target)


def runs(results: str | os.PathLike[str] = "results") -> list[Run]:
    """Return all runs of a store that can be used, newest last."""
    return [_of(Path(results), info) for info in scan(Path(results)).runs]


def load(*files: str | os.PathLike[str]) -> None:
    """Load files with workloads and implementations of one's own, as ``--load`` does; anew if loaded before."""
    from harness.backends.own import load_own

    load_own(files)


def _of(results: Path, info: RunInfo, target: str = "") -> Run:
    return Run(
        id=info.run_id,
        results=results,
        suite=info.suite,
        state=info.state,
        path=info.paths["measurements"],
        outcomes=dict(info.arms),
        target=target,
    )


def _suite_of(
    what: str | os.PathLike[str] | Suite, given: Mapping[str, Any], targets: Sequence[str | Target], measured: Any
) -> Suite:
    if isinstance(what, Suite) or _is_file(what):
        if given:
            raise UsageError(
                f"a suite has its own parameters, so {', '.join(given)} cannot be given", remedy="name a workload"
            )
        suite = what if isinstance(what, Suite) else load_suite(what)
        return _measured(suite, measured)
    from harness.suite.words import Word, suite_from_words

    words = [Word(name=name, value=value, said=f"{name}={reprlib.repr(value)}") for name, value in given.items()]
    return suite_from_words(str(what), words, targets=targets, measure={"profile": "quick"} | measured)


def _is_file(what: str | os.PathLike[str] | Suite) -> bool:
    return isinstance(what, os.PathLike) or (isinstance(what, str) and what.endswith(_SUITE_FILES))


def _measured(suite: Suite, said: Mapping[str, Any]) -> Suite:
    """Return the suite measured as the caller says."""
    from harness.core.units import read_seconds
    from harness.suite.identity import suite_hash
    from harness.suite.model import PROFILES

    changes = {"max_time_s" if name == "max_time" else name: value for name, value in said.items()}
    if "max_time_s" in changes:
        changes["max_time_s"] = read_seconds(changes["max_time_s"])
    if changes.get("profile", PROFILES[0]) not in PROFILES:
        raise UsageError(f"no profile {changes['profile']!r}", remedy=f"there are {', '.join(PROFILES)}")
    if not changes:
        return suite
    changed = replace(suite, measure=replace(suite.measure, **changes))
    return replace(changed, hash=suite_hash(changed))


def _target(target: str | Target) -> Target:
    return target if isinstance(target, Target) else Target.parse_option(target)


def _call(what: object, on: object, given: Mapping[str, Any]) -> str:
    """Return the call, for a report to show."""
    name = what.name if isinstance(what, Suite) else str(what)
    said: Iterable[str] = (f"{key}={value!r}" for key, value in {"on": on, **given}.items() if value not in ((), []))
    return f"harness.run({', '.join([repr(name), *said])})"
