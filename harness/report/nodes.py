"""Machines of one kind beside each other: which of them is the odd one out.

Twenty machines of a cluster are bought as equals, and one has a fan that turns too slowly. Each name is
one machine, most often a folder with its runs; all have to describe themselves alike, or they are of
different kinds and `compare --across` is meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from harness.errors import NothingSelected, UsageError
from harness.report import changes
from harness.report.compare_load import Arm
from harness.report.compare_sessions import Key, Session, sessions
from harness.report.comparison import NodesPage
from harness.stats.estimate import FloatArray
from harness.stats.unpaired import nodes


def compare_nodes(root: Path, names: Sequence[str]) -> NodesPage:
    """Find the odd one out among the machines that `names` mean, one each."""
    every = sessions(root, names)
    found = {name: [one for one in every if one.group == name] for name in dict.fromkeys(names)}
    absent = [name for name, own in found.items() if not own]
    if absent:
        raise UsageError(f"the runs of {absent[0]} are those of another name", remedy="name each machine once")
    common = _common(found)
    if not common:
        raise NothingSelected(
            "the machines have no arm in common with equal inputs",
            remedy="measure one suite on all of them, with one --seed",
        )
    _refuse_kinds(found, common)
    devices = dict.fromkeys(arm.device_name or arm.device for arm in _arms(found).values())
    return NodesPage(
        nodes=tuple(nodes({name: _times(own, common) for name, own in found.items()})),
        kind=", ".join(devices),
        cases=len(common),
        problems=tuple(_problems(found)),
    )


def _common(found: Mapping[str, Sequence[Session]]) -> list[Key]:
    """Return what every machine measured at least once, in the order of the first."""
    each = [{key: None for one in own for key, _ in one.keyed(by_target=False)} for own in found.values()]
    return [key for key in each[0] if all(key in other for other in each)]


def _times(own: Sequence[Session], common: Sequence[Key]) -> FloatArray:
    """Return the times of one machine [session, case]."""
    rows = []
    for one in own:
        times = {key: arm.time_s for key, arm in one.keyed(by_target=False)}
        rows.append([times.get(key) or np.nan for key in common])
    return np.array(rows, dtype=np.float64)


def _refuse_kinds(found: Mapping[str, Sequence[Session]], common: Sequence[Key]) -> None:
    """Raise where machines describe themselves as of different kinds."""
    wanted = set(common)
    kinds: dict[Key, dict[str | None, Session]] = defaultdict(dict)
    for one in (one for own in found.values() for one in own):
        for key, arm in one.keyed(by_target=False):
            if key in wanted:
                kinds[key].setdefault(arm.env_id, one)
    for differing in kinds.values():
        if len(differing) > 1:
            first, second = list(differing.values())[:2]
            told = [change for change in changes.of_runs(first.run, second.run) if change.what.startswith("machine.")]
            what = "; ".join(f"{change.what} {change.base} and {change.new}" for change in told[:3])
            raise UsageError(
                f"{first.group} and {second.group} are not of one kind: {what or 'their env_id differs'}",
                remedy="machines of different kinds: python -m harness compare --across",
            )


def _problems(found: Mapping[str, Sequence[Session]]) -> Iterator[str]:
    versions: dict[str, set[str]] = defaultdict(set)
    for arm in _arms(found).values():
        versions[arm.backend].add(str(arm.framework_version))
    for backend, known in sorted(versions.items()):
        if len(known) > 1:
            yield f"the machines have different versions of {backend}: {', '.join(sorted(known))}"
    for one in (one for own in found.values() for one in own):
        yield from one.run.problems


def _arms(found: Mapping[str, Sequence[Session]]) -> dict[tuple[str, int], Arm]:
    return {(one.run.info.run_id, arm.place): arm for own in found.values() for one in own for arm in one.arms}
