"""Entry points: built-in backends and workloads come in by the same door as a stranger's.

Listing names imports nothing; `load` imports exactly one. A name that two packages claim is an
error that names both, for which one wins would depend on the order of installation.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from harness.errors import UsageError

BACKENDS = "harness.backends"
WORKLOADS = "harness.workloads"


@cache
def _by_name(group: str) -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        known = found.setdefault(point.name, [])
        if point.value not in [other.value for other in known]:  # one package may be on the path twice
            known.append(point)
    return found


def names(group: str) -> tuple[str, ...]:
    """Return the names that installed packages offer in `group`, sorted."""
    return tuple(sorted(_by_name(group)))


def load(group: str, name: str) -> object:
    """Import and return the one object called `name` in `group`."""
    noun = group.rpartition(".")[2].removesuffix("s")
    points = _by_name(group).get(name, [])
    if not points:
        raise UsageError(f"no {noun} named {name!r}", remedy=suggestion(name, names(group)))
    if len(points) > 1:
        owners = ", ".join(f"{point.dist.name if point.dist else '?'} ({point.value})" for point in points)
        raise UsageError(f"several packages offer the {noun} {name!r}: {owners}", remedy="uninstall all but one")
    try:
        return points[0].load()
    except Exception as error:
        # The boundary to other people's packages: whatever they raise must name them, not end us.
        raise UsageError(
            f"the {noun} {name!r} ({points[0].value}) cannot be loaded: {type(error).__name__}: {error}",
            remedy="repair or uninstall that package",
        ) from error


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """Say what could have been meant by `name`."""
    near = difflib.get_close_matches(name, known, n=1)
    listed = ", ".join(known) or "none"
    return f"did you mean {near[0]!r}? known: {listed}" if near else f"known: {listed}"
