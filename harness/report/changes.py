"""What is not the same on both sides: of two runs, or of two targets of one. What is the same is left out.

It is taken from the manifests, which are read as strangers' files are. What passes by itself (load,
free memory, a clock's reading) is no difference of environments and is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.report.compare_load import Arm, Run
from harness.report.comparison import Change

NOTHING = "–"
PASSING = re.compile(
    r"machine\.(?:harness$|load\.|memory\.available_bytes$|cpu\.mhz$|"
    r"gpus\.\d+\.(?:used_bytes|clock_mhz|temperature_c|busy_percent)$)"
)
OF_THE_RUN = ("harness_version", "method_version", "suite_hash", "overrides", "threads", "seed")
OF_THE_MEASURE = ("profile", "rounds")
COMMON = ("python", "interpreter", "env", "device_name")  # what workers of any two frameworks know of themselves
DEEPEST = 5
LONG = 80  # letters; of longer texts only what differs is shown


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
            short = _differing(one, other) if max(len(one), len(other)) > LONG else (one, other)
            yield Change(what=key, base=short[0], new=short[1])


def _facts(run: Run) -> Iterator[tuple[str, str]]:
    for name in OF_THE_RUN:
        if run.manifest.get(name) not in (None, "", []):
            yield name, _plain(run.manifest[name])
    for name in OF_THE_MEASURE:
        if name in run.measure:
            yield f"measure.{name}", _plain(run.measure[name])
    versions = {(arm.backend, arm.framework_version) for arm in run.arms if arm.framework_version}
    for backend in sorted({backend for backend, _ in versions}):
        yield f"{backend} version", ", ".join(sorted(str(version) for name, version in versions if name == backend))
    for key, value in _flat(_mapping(run.manifest.get("machine")), "machine."):
        if not PASSING.match(key):
            yield key, value


def _targets(base: Run, base_target: str, new: Run, new_target: str) -> list[tuple[str, str, str]]:
    """Return what to call a pair of environments, and the name of each."""
    if base_target and new_target and base_target != new_target:
        return [("target", base_target, new_target)]
    left, right = (_mapping(run.manifest.get("environments")) for run in (base, new))
    return [(name, name, name) for name in left if name in right and base_target in ("", name)]


def _environment(run: Run, target: str) -> Iterator[tuple[str, str]]:
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


def _differing(one: str, other: str) -> tuple[str, str]:
    """Return those parts of two long texts that only one of them has, as the build of a framework is described."""
    left, right = (dict.fromkeys(part.strip() for part in re.split(r"[,;\n]", text)) for text in (one, other))
    return _only(left, right), _only(right, left)


def _only(parts: Iterable[str], others: Iterable[str]) -> str:
    known = set(others)
    return ", ".join(part for part in parts if part not in known) or NOTHING


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
