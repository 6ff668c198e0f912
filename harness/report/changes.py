"""What is not the same on both sides: of two runs, or of two targets of one. What is the same is left out.

It is taken from the manifests, which are read as strangers' files are. What passes by itself (load,
free memory, a clock's reading) is no difference of environments and is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from harness.report.compare_load import Arm, Run
from harness.report.comparison import Change

if TYPE_CHECKING:
    from harness.report.findings import RunFindings

NOTHING = "–"
PASSING = re.compile(
    r"machine\.(?:harness$|load\.|memory\.available_bytes$|cpu\.mhz$|"
    r"gpus\.\d+\.(?:used_bytes|clock_mhz|temperature_c|busy_percent)$)"
)
OF_THE_RUN = ("harness_version", "method_version", "suite_hash", "overrides", "threads", "seed")
OF_ANY_RUN = ("harness_version", "method_version", "threads")  # whatever its suite
OF_THE_MEASURE = ("profile", "sets", "rounds", "max_time_s")
OF_THE_MACHINE, OF_A_DEVICE = "machine.", "device "
COMMON = ("python", "interpreter", "env", "device_name")  # what workers of any two frameworks know of themselves
TOLD_BY_ARMS = frozenset({"framework_version", "device_name"})  # of what workers say of themselves
DEEPEST = 5
LONG = 80  # letters; of longer texts only what differs is shown


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What is not the same in several runs: a value for each, and nothing for a run that does not tell.

    `who` are the targets whose workers said so of themselves; nobody, where it is said of a whole run.
    """

    what: str
    values: tuple[str, ...]
    who: tuple[str, ...] = ()


def among(runs: Sequence[RunFindings]) -> tuple[Difference, ...]:
    """Return what differs between several runs, be they of one suite or not: machine, versions and settings.

    A framework, or a target, is compared among the runs that have it: which of them a run measured is no difference.
    """
    known = [dict(_anywhere(run)) for run in runs]
    described = [bool(_mapping(run.manifest.get("machine"))) for run in runs]
    found = []
    for what in dict.fromkeys(what for one in known for what in one):
        gaps = [NOTHING if there and what.startswith(OF_THE_MACHINE) else "" for there in described]
        values = (one.get(what, gap) for one, gap in zip(known, gaps, strict=True))
        found.append(Difference(what=what, values=tuple(values)))
    return tuple(
        replace(one, values=_apart(one.values))
        for one in (*found, *_of_workers(runs))
        if len(set(one.values) - {""}) > 1
    )


def of_runs(base: Run, new: Run, base_target: str = "", new_target: str = "") -> tuple[Change, ...]:
    """Return what differs between two runs, and between the environments of the targets that both have."""
    left, right = dict(_facts(base)), dict(_facts(new))
    shared = _targets(base, base_target, new, new_target)
    for named, one, other in shared:
        left |= {f"{named}: {key}": value for key, value in _environment(base, one)}
        right |= {f"{named}: {key}": value for key, value in _environment(new, other)}
    return tuple(_changes(left, right))


def of_environment(base: Run, base_target: str, new: Run, new_target: str) -> tuple[Change, ...]:
    """Return what differs between the environments of one target each of two runs."""
    left, right = dict(_environment(base, base_target)), dict(_environment(new, new_target))
    return tuple(_changes(left, right))


def of_targets(run: Run, base: Arm, new: Arm) -> tuple[Change, ...]:
    """Return what differs between the environments of two targets of one run: a framework's old and new version."""
    left, right = dict(_environment(run, base.full_name)), dict(_environment(run, new.full_name))
    if base.backend != new.backend:  # two frameworks know different things of themselves
        left, right = ({key: facts[key] for key in COMMON if key in facts} for facts in (left, right))
    return tuple(_changes(left, right))


def _changes(left: Mapping[str, str], right: Mapping[str, str]) -> Iterator[Change]:
    for key in dict.fromkeys((*left, *right)):
        one, other = left.get(key, NOTHING), right.get(key, NOTHING)
        if one != other:
            base, new = _apart((one, other))
            yield Change(what=key, base=base, new=new)


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    yield from _settings(run, OF_THE_RUN)
    yield from _versions(run)
    yield from _machine(run)


def _anywhere(run: RunFindings) -> Iterator[tuple[str, str]]:
    """Yield the facts of a run that can be the same in a run of another suite."""
    yield from _machine(run)
    yield from _devices(run)
    yield from _versions(run)
    yield from _settings(run, OF_ANY_RUN)


def _settings(run: Run | RunFindings, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if run.manifest.get(name) not in (None, "", []):
            yield name, _plain(run.manifest[name])
    measure = _mapping(run.manifest.get("measure"))
    for name in OF_THE_MEASURE:
        if name in measure:
            yield f"measure.{name}", _plain(measure[name])


def _versions(run: Run | RunFindings) -> Iterator[tuple[str, str]]:
    versions = {(arm.backend, arm.framework_version) for arm in run.arms if arm.framework_version}
    for backend in sorted({backend for backend, _ in versions}):
        yield f"{backend} version", ", ".join(sorted(str(version) for name, version in versions if name == backend))


def _devices(run: RunFindings) -> Iterator[tuple[str, str]]:
    known = {(arm.device, arm.device_name) for arm in run.arms if arm.device_name}
    for device in sorted({device for device, _ in known}):
        yield f"{OF_A_DEVICE}{device}", ", ".join(sorted(str(name) for at, name in known if at == device))


def _machine(run: Run | RunFindings) -> Iterator[tuple[str, str]]:
    for key, value in _flat(_mapping(run.manifest.get("machine")), OF_THE_MACHINE):
        if not PASSING.match(key):
            yield key, value


def _targets(base: Run, base_target: str, new: Run, new_target: str) -> list[tuple[str, str, str]]:
    """Return what to call a pair of environments, and the name of each."""
    if base_target and new_target and base_target != new_target:
        return [("target", base_target, new_target)]
    left, right = (_mapping(run.manifest.get("environments")) for run in (base, new))
    return [(name, name, name) for name in left if name in right and base_target in ("", name)]


def _of_workers(runs: Sequence[RunFindings]) -> Iterator[Difference]:
    """Yield what workers said of themselves, once for all targets that say the same."""
    told = [_mapping(run.manifest.get("environments")) for run in runs]
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for target in dict.fromkeys(target for one in told for target in one):
        known = [
            dict(_environment(run, target)) if target in one else None for run, one in zip(runs, told, strict=True)
        ]
        for what in dict.fromkeys(what for facts in known for what in facts or ()):
            values = tuple("" if facts is None else facts.get(what, NOTHING) for facts in known)
            found.setdefault((what, values), []).append(target)
    for (what, values), who in found.items():
        if what not in TOLD_BY_ARMS:
            yield Difference(what=what, values=values, who=tuple(who))


def _environment(run: Run | RunFindings, target: str) -> Iterator[tuple[str, str]]:
    """Return what the worker of a target said of itself, and how the target was asked for."""
    yield from _flat(_mapping(_mapping(run.manifest.get("environments")).get(target)))
    for spec in _sequence(run.manifest.get("target_specs")):
        if _mapping(spec).get("name") == target:
            if _mapping(spec).get("python"):
                yield "interpreter", _plain(_mapping(spec)["python"])
            if _mapping(spec).get("env"):
                yield "env", ", ".join(f"{key}={value}" for key, value in _flat(_mapping(_mapping(spec)["env"])))


def _flat(values: Mapping[str, Any], prefix: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        here = f"{prefix}{name}"
        inner = _indexed(value) if isinstance(value, list) else value
        if isinstance(inner, Mapping) and inner and depth < DEEPEST:
            yield from _flat(inner, f"{here}.", depth + 1)
        elif value not in (None, "", [], {}):
            yield here, _plain(value)


def _indexed(values: Sequence[Any]) -> Any:
    """Return a list of objects as an object, so that what differs within them is found."""
    nested = bool(values) and all(isinstance(value, Mapping) for value in values)
    return {str(at): value for at, value in enumerate(values)} if nested else values


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    return str(value)


def _apart(values: Sequence[str]) -> tuple[str, ...]:
    """Return of long texts those parts that not all of them have, as the build of a framework is described."""
    if max(map(len, values)) <= LONG:
        return tuple(values)
    everywhere = set.intersection(*(set(_parts(value)) for value in values if value))
    return tuple(_only(_parts(value), everywhere) if value else "" for value in values)


def _parts(text: str) -> dict[str, None]:
    return dict.fromkeys(part.strip() for part in re.split(r"[,;\n]", text))


def _only(parts: Iterable[str], known: Collection[str]) -> str:
    return ", ".join(part for part in parts if part not in known) or NOTHING


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
