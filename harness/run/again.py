"""The same arms once more: a plan made of what a stored run tells, in the environments that it was measured in.

Cases are made of the rows, which hold every parameter, and not of the text of the suite, which may have
read other files. What cannot be had again as it was is refused before anything is measured: another
version under the same name would confirm nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.backends import own, registry
from harness.core.affinity import available_cpus
from harness.core.hardware import device_kinds
from harness.core.target import Target, shown_name, with_threads
from harness.errors import UsageError
from harness.run.plan import Arm, FindBackend, Plan, make_plan
from harness.store.read import read_measurements
from harness.store.record import METHOD_VERSION
from harness.store.runs import RunInfo
from harness.suite.identity import suite_hash
from harness.suite.model import Case, Measure, Suite
from harness.workloads.registry import make_workload

ANEW = "measure both sides anew: python -m harness ab"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Cases to measure again on two targets, each of a run, and called as in its tables."""

    base: RunInfo
    new: RunInfo
    pairs: tuple[tuple[str, str, str], ...]  # case_key, target of the base, target of the new side


@dataclass(frozen=True, kw_only=True)
class Again:
    """The plan, and what each side's targets are called in it: by run and the name they had."""

    plan: Plan
    names: Mapping[tuple[str, str], str]
    known: Mapping[str, Mapping[str, Any]]  # what the worker of each target said of its environment then


def plan_again(
    root: Path,
    wanted: Wanted,
    *,
    find: FindBackend = registry.find_backend,
    kinds: Callable[[], Sequence[str]] = device_kinds,
) -> Again:
    """Return the plan that measures `wanted` again, side by side; raises where that cannot be."""
    for info in {wanted.base.run_id: wanted.base, wanted.new.run_id: wanted.new}.values():
        _check_method(info)
        _load_own(info)
    sides = _sides(wanted)
    keys = {case_key for case_key, _, _ in wanted.pairs}
    suite = _suite(root, wanted.new, keys, [side.target for side in sides])
    names = {(side.run_id, name): called for side in sides for name, called in side.names.items()}
    needed = {(key, names[wanted.base.run_id, base]) for key, base, _ in wanted.pairs}
    needed |= {(key, names[wanted.new.run_id, new]) for key, _, new in wanted.pairs}

    def choose(arms: Sequence[Arm]) -> list[Arm]:
        return [arm for arm in arms if (arm.case.key, arm.target.name) in needed]

    plan = make_plan(suite, targets=suite.targets or (), choose=choose, find=find, kinds=kinds)
    known = {called: side.environments[name] for side in sides for name, called in side.names.items()}
    return Again(plan=plan, names=names, known=known)


def refuse_changes(known: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise where a target's environment is no longer the one that was measured."""
    for name, before in known.items():
        after = json.loads(json.dumps(now.get(name, {}), default=str))
        for fact in sorted(before.keys() & after.keys()):
            if before[fact] != after[fact]:
                was, is_now = (str(value)[:80] for value in (before[fact], after[fact]))
                raise UsageError(
                    f"{name} cannot be measured again: its {fact.replace('_', ' ')} was {was}, and is {is_now} now",
                    remedy=ANEW,
                )


# -- the sides -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Side:
    """A target of one of the runs, as it is planned now, and its names then and now, one a number of threads."""

    run_id: str
    target: Target
    names: Mapping[str, str]
    environments: Mapping[str, Mapping[str, Any]]  # by name then


def _sides(wanted: Wanted) -> list[_Side]:
    """Return the targets of both sides, the base first; those of two runs get labels where their names clash."""
    bases = [_side(wanted.base, name) for name in dict.fromkeys(base for _, base, _ in wanted.pairs)]
    news = [_side(wanted.new, name) for name in dict.fromkeys(new for _, _, new in wanted.pairs)]
    if wanted.base.run_id == wanted.new.run_id:
        return _merged([*bases, *news])
    return _told_apart(_merged(bases), _merged(news))


def _merged(sides: Iterable[_Side]) -> list[_Side]:
    """Join what is one target at several numbers of threads."""
    found: dict[tuple[str, str], _Side] = {}
    for side in sides:
        key = (str(side.target), side.target.label)
        known = found.get(key, side)
        found[key] = replace(
            known, names={**known.names, **side.names}, environments={**known.environments, **side.environments}
        )
    return list(found.values())


def _told_apart(bases: Sequence[_Side], news: Sequence[_Side]) -> list[_Side]:
    taken = {side.target.name: side for side in bases}
    made = []
    for side in news:
        twin = taken.get(side.target.name)
        if twin is None:
            made.append(side)
        elif twin.target == side.target and dict(twin.target.env) == dict(side.target.env):
            raise UsageError(
                f"{side.target.name} is the same target in the same environment in {twin.run_id} and {side.run_id}, "
                "so there are no two sides to measure again",
                remedy="compare two environments in one session: python -m harness ab",
            )
        else:
            made.append(_called(side, "new" if not side.target.label else f"{side.target.label}-new"))
    return [*bases, *made]


def _called(side: _Side, label: str) -> _Side:
    """Return a side whose target has another label, with the names that follow from it."""
    target = replace(side.target, label=label)
    ending = {then: now.removeprefix(side.target.name) for then, now in side.names.items()}
    return replace(side, target=target, names={then: f"{label}{rest}" for then, rest in ending.items()})


def _side(info: RunInfo, name: str) -> _Side:
    """Return the target that the run calls `name` in its tables."""
    numbers = [number for number in _listed(info, "thread_numbers") if isinstance(number, int)]
    for spec in _listed(info, "target_specs"):
        target = _target(spec)
        called = [target.name, *(shown_name(str(target), with_threads(target.label, number)) for number in numbers)]
        if name in called:
            environments = info.manifest.get("environments")
            found = environments.get(name) if isinstance(environments, Mapping) else None
            if not isinstance(found, Mapping):
                raise UsageError(f"{info.run_id} does not tell in what environment {name} was measured", remedy=ANEW)
            return _Side(run_id=info.run_id, target=target, names={name: name}, environments={name: found})
    raise UsageError(f"{info.run_id} does not tell how {name} was started", remedy=ANEW)


def _target(spec: Any) -> Target:
    values = spec if isinstance(spec, Mapping) else {}
    env = values.get("env")
    python = str(values.get("python") or "")
    return replace(
        Target.parse(str(values.get("target"))),
        python=str(Path(python).expanduser()) if python else "",
        env={str(key): str(value) for key, value in env.items()} if isinstance(env, Mapping) else {},
        label=str(values.get("label") or ""),
    )


# -- the cases -----------------------------------------------------------------------------------


def _suite(root: Path, info: RunInfo, keys: set[str], targets: Sequence[Target]) -> Suite:
    """Return the run's suite with only these cases."""
    measure = info.manifest.get("measure")
    told = measure if isinstance(measure, Mapping) else {}
    suite = Suite(
        name=info.suite,
        cases=tuple(_cases(root, info, keys, told.get("margins"))),
        targets=tuple(targets),
        reference=targets[0],
        measure=_measure(info, told),
        source=str(info.manifest.get("suite_text") or ""),
    )
    return replace(suite, hash=suite_hash(suite))


def _measure(info: RunInfo, told: Mapping[str, Any]) -> Measure:
    threads = info.manifest.get("threads")
    if isinstance(threads, int) and threads > len(available_cpus()):
        raise UsageError(
            f"{info.run_id} was measured with {threads} threads; this process may use {len(available_cpus())}",
            remedy="give it as many processors as then",
        )
    numbers = tuple(number for number in _listed(info, "thread_numbers") if isinstance(number, int))
    names = ("max_time_s", "rounds", "target_ci", "margin")
    said = {name: told[name] for name in names if isinstance(told.get(name), int | float)}
    return Measure(profile="standard", threads=numbers or threads, **said)


def _cases(root: Path, info: RunInfo, keys: set[str], margins: Any) -> Iterable[Case]:
    table = read_measurements(root, [info]).table.select(["case_key", "case", "workload", "params"])
    rows = {row["case_key"]: row for row in table.to_pylist()}
    for key in sorted(keys & rows.keys(), key=list(rows).index):
        row = rows[key]
        margin = margins.get(key) if isinstance(margins, Mapping) else None
        workload = make_workload(row["workload"], json.loads(row["params"]))
        if workload.key != key:
            raise UsageError(
                f"{row['case']} is another case than it was: the workload {row['workload']} has changed since",
                remedy=ANEW,
            )
        yield Case(name=row["case"], workload=workload, margin=margin if isinstance(margin, float) else None)


def _check_method(info: RunInfo) -> None:
    version = info.manifest.get("method_version")
    if version != METHOD_VERSION:
        raise UsageError(
            f"{info.run_id} was measured by method {version}, and this is method {METHOD_VERSION}", remedy=ANEW
        )


def _load_own(info: RunInfo) -> None:
    """Load the user's own files that the run had; what is not as it was is not executed either."""
    for each in _listed(info, "loaded"):
        told = each if isinstance(each, Mapping) else {}
        sha256, path = told.get("sha256"), Path(str(told.get("path") or "")).expanduser()
        if sha256 in {file.sha256 for file in own.loaded()}:
            continue
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            raise UsageError(
                f"{told.get('file')} is not what it was when {info.run_id} was measured", remedy="restore it"
            )
        own.load_own([path])


def _listed(info: RunInfo, name: str) -> list[Any]:
    found = info.manifest.get(name)
    return found if isinstance(found, list) else []
