"""What makes two suites the same, and suites made by programs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from harness.core.target import Target
from harness.suite.model import Case, Measure, Suite
from harness.suite.nodes import shown
from harness.workloads.base import Workload


def suite_hash(suite: Suite) -> str:
    """Return SHA-256 over what a suite asks for: not over its layout, comments, order of keys or of cases."""
    resolved = {
        "name": suite.name,
        "cases": sorted(_case(case) for case in suite.cases),
        "targets": None if suite.targets is None else [_target(target) for target in suite.targets],
        "reference": None if suite.reference is None else _target(suite.reference),
        "measure": _measure(suite.measure),
    }
    return hashlib.sha256(json.dumps(resolved, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _case(case: Case) -> list[str]:
    own = [f"margin={case.margin!r}"] if case.margin is not None else []
    return [case.key, case.name, *sorted(case.devices), *own]


def _measure(measure: Measure) -> dict[str, Any]:
    """Return how hard is measured; a margin that nobody chose does not make another suite."""
    said = asdict(measure)
    return {name: value for name, value in said.items() if name != "margin" or value != Measure.margin}


def _target(target: Target) -> dict[str, Any]:
    return {"target": str(target), "python": target.python, "env": dict(target.env), "label": target.label}


def suite_from_cases(
    name: str,
    cases: Iterable[Case | Workload],
    *,
    targets: Iterable[Target] | None = None,
    reference: Target | None = None,
    measure: Measure | None = None,
    description: str = "",
) -> Suite:
    """Return a suite made by a program; workloads are named after themselves and their number."""
    made: dict[str, Case] = {}
    for number, item in enumerate(cases, start=1):
        case = item if isinstance(item, Case) else Case(name=f"{item.name}-{number}", workload=item)
        twin = made.setdefault(case.key, case)
        if twin is not case:
            raise ValueError(f"{shown(case.name)} is the same case as {shown(twin.name)}")
    listed = None if targets is None else tuple(targets)
    suite = Suite(
        name=name,
        cases=tuple(made.values()),
        description=description,
        targets=listed,
        reference=reference or (listed[0] if listed else None),
        measure=measure or Measure(),
    )
    return replace(suite, hash=suite_hash(suite))
