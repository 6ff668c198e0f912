"""What the contract's results say: how many cases each target kept, by workload, type, direction and math.

``harness check --all --json`` tells it of the machine at hand. What matters of such documents is
merged into one that is small enough to be committed, and that holds nothing of the machine: counts
and versions. Counts are enough to notice a workload, an example or a refusal that came after the
contract was last tried, without trying it again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.backends.catalog import JAX, NUMPY, TENSORFLOW, TORCH
from harness.core.device import Device
from harness.core.target import Target
from harness.testing.cases import all_cases, contract_cases, sort_of

if TYPE_CHECKING:
    from harness.backends.base import BackendInfo
    from harness.workloads.base import Workload

SCHEMA = "harness.check/1"  # as `harness check` writes it; what is committed has fewer fields
BACKENDS = (TORCH, JAX, TENSORFLOW, NUMPY)
PAGE = "docs/backends.md"
SHOWN = 4  # differences of one target


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What one target kept of the contract, and with what versions."""

    target: str
    framework_version: str = ""
    python: str = ""
    everything: bool = False
    kept: Mapping[str, int] = field(default_factory=dict)


Results = Mapping[str, Kept]  # by target


def read_results(text: str) -> dict[str, Kept]:
    """Return what each target kept, or raise where one broke the contract; one that was not here is left out."""
    document = json.loads(text)
    if document.get("schema") != SCHEMA:
        raise ValueError(f"this is not of {SCHEMA}; make it with: python -m harness check --all --json")
    found = [_read_target(known) for known in document["targets"] if not known.get("unavailable")]
    return {each.target: each for each in found}


def merge(committed: Results, new: Iterable[Results], backends: Sequence[BackendInfo] = BACKENDS) -> dict[str, Kept]:
    """Return `committed` with the targets of `new`, later ones instead of earlier ones; other backends are left out."""
    found = dict(committed)
    for results in new:
        for name, each in results.items():
            if foreign := sorted(set(each.kept) - set(examples())):
                raise ValueError(f"{name} kept {foreign[0]!r}, which is not built in; check without --load")
            found[name] = each
    return {name: found[name] for name in sorted(found) if name in targets(backends)}


def write_results(results: Results) -> str:
    """Return the document that is committed."""
    kept = [asdict(each) for each in results.values()]
    return json.dumps({"schema": SCHEMA, "targets": kept}, indent=1, sort_keys=True) + "\n"


def out_of_date(results: Results, backends: Sequence[BackendInfo] = BACKENDS) -> list[str]:
    """Return where `results` and declarations differ, each time with the command that mends it.

    On a CPU, everything that is not refused must have been kept; of a mode that compiles for seconds, the
    few cases that are tried without ``--all``. Elsewhere it may never have been tried, yet nothing may have
    been kept that is refused now, or that is no longer an example.
    """
    sentences = []
    for name, (info, mode, device) in targets(backends).items():
        tried = results.get(name, Kept(target=name))
        kept, declared = tried.kept, offered(info, mode, device)
        least = declared if tried.everything else Counter(map(sort_of, contract_cases(info, mode, device)))
        wrong = [
            f"{sort} (kept {kept.get(sort, 0)} of {declared.get(sort, 0)})"
            for sort in sorted({*kept, *declared})
            if kept.get(sort, 0) > declared.get(sort, 0)
            or (device.kind == "cpu" and kept.get(sort, 0) < least.get(sort, 0))
        ]
        if wrong:
            more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
            sentences.append(f"{name}: {', '.join(wrong[:SHOWN])}{more}; mend it with: {mend(name)}")
    return sentences


def mend(target: str) -> str:
    """Return the commands that try a target anew and write down how it went."""
    check = f"python -m harness check --all --target {target} --json > check.json"
    return f"{check} && python -m harness.testing.support {PAGE} --contract check.json"


def targets(backends: Sequence[BackendInfo] = BACKENDS) -> dict[str, tuple[BackendInfo, str, Device]]:
    """Return every mode on every kind of device, by the name that results give it."""
    return {
        f"{info.name}.{mode.name}@{kind}": (info, mode.name, Device(kind))
        for info in backends
        for kind in info.devices
        for mode in info.modes
    }


def offered(info: BackendInfo, mode: str, device: Device) -> dict[str, int]:
    """Return how many examples of each sort a backend does not refuse."""
    counts = {
        sort: sum(info.refuses(case, mode, device) is None for case in cases) for sort, cases in examples().items()
    }
    return {sort: count for sort, count in counts.items() if count}


@cache
def examples() -> dict[str, tuple[Workload, ...]]:
    """Return all examples of the built-in workloads, by their sort."""
    found: dict[str, tuple[Workload, ...]] = {}
    for case in all_cases():
        found[sort_of(case)] = (*found.get(sort_of(case), ()), case)
    return found


def _read_target(known: Mapping[str, Any]) -> Kept:
    target = Target.parse(known["target"])
    name = f"{target.backend}.{target.mode}@{target.device.kind}"
    broken = [f"{each['case']}: {each['name']}: {each['detail']}" for each in known.get("failures", ())]
    if broken or known.get("failed"):
        raise ValueError(f"{name} broke the contract, so no table can be made: {broken or known['failed']}")
    return Kept(
        target=name,
        framework_version=known["framework_version"],
        python=known["python"],
        everything=known["everything"],
        kept=dict(known["kept"]),
    )
