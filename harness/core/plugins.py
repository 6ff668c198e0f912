"""Entry points: built-in backends and workloads come in by the same door as a stranger's.

Listing names imports nothing; `load` imports exactly one. A name that two packages claim is an
error that names both, for which one wins would depend on the order of installation. What a program
registers by itself is offered beside them, for as long as the process lives.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from harness.errors import UsageError

BACKENDS = "harness.backends"
WORKLOADS = "harness.workloads"
IMPLEMENTATIONS = "harness.implementations"


@cache
def _by_name(group: str) -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        known = found.setdefault(point.name, [])
        if point.value not in [other.value for other in known]:  # one package may be on the path twice
            known.append(point)
    return found


@dataclass(frozen=True, kw_only=True)
class Registered:
    """An object that no package offers, and where it comes from."""

    value: object
    module: str
    place: str  # file:line, for people


_REGISTERED: dict[tuple[str, str], Registered] = {}


def register(group: str, name: str, value: object, *, module: str, place: str) -> None:
    """Offer `value` under `name` in this process, unless somebody offers something else under it already."""
    itself = f"{module}:{getattr(value, '__qualname__', '')}"
    if itself in [point.value for point in _by_name(group).get(name, [])]:
        return  # an installed package's, which is offered already
    if name in names(group):
        known = _REGISTERED.get((group, name))
        owners = ", ".join(map(_owner, _by_name(group).get(name, [])))
        raise UsageError(
            f"the {_noun(group)} {name!r} is there already: {known.place if known else owners}",
            remedy="give yours another name",
        )
    _REGISTERED[group, name] = Registered(value=value, module=module, place=place)


def forget(module: str) -> None:
    """Withdraw all that `module` has registered."""
    for key in [key for key, found in _REGISTERED.items() if found.module == module]:
        del _REGISTERED[key]


def registered(group: str) -> dict[str, Registered]:
    """Return what was registered in `group`, in that order."""
    return {name: found for (where, name), found in _REGISTERED.items() if where == group}


def names(group: str) -> tuple[str, ...]:
    """Return the names that installed packages and this process offer in `group`, sorted."""
    return tuple(sorted({*_by_name(group), *registered(group)}))


def load(group: str, name: str) -> object:
    """Return the one object called `name` in `group`, imported where a package offers it."""
    noun = _noun(group)
    if (group, name) in _REGISTERED:
        return _REGISTERED[group, name].value
    points = _by_name(group).get(name, [])
    if not points:
        raise UsageError(f"no {noun} named {name!r}", remedy=suggestion(name, names(group)))
    if len(points) > 1:
        owners = ", ".join(map(_owner, points))
        raise UsageError(f"several packages offer the {noun} {name!r}: {owners}", remedy="uninstall all but one")
    try:
        return points[0].load()
    except Exception as error:
        # The boundary to other people's packages: whatever they raise must name them, not end us.
        raise UsageError(
            f"the {noun} {name!r} ({points[0].value}) cannot be loaded: {type(error).__name__}: {error}",
            remedy="repair or uninstall that package",
        ) from error


def _noun(group: str) -> str:
    return group.rpartition(".")[2].removesuffix("s")


def _owner(point: EntryPoint) -> str:
    return f"{point.dist.name if point.dist else '?'} ({point.value})"


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """Say what could have been meant by `name`."""
    near = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(known) or "none"
    return f"did you mean {near[0]!r}? known: {listed}" if near else f"known: {listed}"
