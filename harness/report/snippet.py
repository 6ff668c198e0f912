"""The suite file that measures one row of a run again: its case, on its target and on its reference.

It is written by hand, for a report reads results and knows no suites. Texts stand in it as JSON writes them,
which YAML reads alike. What no suite could hold is not written at all (a parameter that is no JSON, a text
with marks that nobody sees): a comment says why. Nothing that decides which program runs is taken from a
row or a manifest, for either may be a stranger's.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from harness.core import plugins
from harness.core.target import Target, shown_name, split_threads
from harness.errors import UsageError
from harness.report.escape import visible
from harness.stats.verdict import LEAST_SETS
from harness.store.record import Measurement, Outcome

SCHEMA = "harness.suite/1"
LARGEST = 2**63 - 1
LONGEST_TEXT = 1000
LONGEST_NAME = 64
MOST_THREADS = 4096
USUAL_TIME_S, MOST_TIME_S = 20, 86_400  # for one arm: what a suite gives that says nothing, and the most it may give
SPARE = 1.25  # of the time that an arm took then

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
# Keys of an entry that are no parameters, and words that YAML takes for something else.
_TAKEN = frozenset(("id", "workload", "matrix", "zip", "derive", "exclude", "when", "shapes_from", "margin"))
_TAKEN |= {"true", "false", "null"}
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._-]+")


def snippet(arm: Measurement, reference: Measurement | None = None) -> str:
    """Return the text of a suite that measures the case of `arm` again, or comments that say why there is none.

    `reference` is the row of its reference; without it, the reference is what the row calls so, if that is a target.
    """
    what = f"# {_shown(arm.case)} on {_shown(shown_name(arm.target, arm.label))} of the run {_shown(arm.run_id)}"
    reason = why_not(arm)
    if reason:
        return f"{what} cannot be written as a suite:\n# {reason}\n"
    return "\n".join([f"{what}, once more beside its reference.", *_lines(arm, reference)]) + "\n"


def why_not(arm: Measurement) -> str:
    """Say why there is no suite that measures `arm` again; nothing where there is one."""
    params = _params(arm)
    if params is None:
        return "its parameters are not JSON"
    if arm.workload not in plugins.names(plugins.WORKLOADS):
        return f"there is no workload {_shown(arm.workload)} here; an operation of your own is brought by --load"
    unsaid = next((name for name, value in params.items() if not _is_sayable(name, value)), None)
    if unsaid is not None:
        return f"no suite can hold its parameter {_shown(unsaid)}"
    return "" if _target(arm) else f"{_shown(shown_name(arm.target, arm.label))} is no target"


def _lines(arm: Measurement, reference: Measurement | None) -> Iterator[str]:
    own, beside = _target(arm), _reference(arm, reference)
    targets = list(dict.fromkeys(target for target in (beside, own) if target is not None))
    name = _identifier(arm.case)
    yield "# Save it as again.yaml, then: python -m harness run again.yaml"
    if beside is None and arm.reference:
        yield f"# The row does not tell what target its reference {_shown(arm.reference)} is: add it as the first."
    if any(target.label for target in targets):
        yield "# What has a label may have had an interpreter or variables of its own: see target_specs of its run."
    yield f"schema: {SCHEMA}"
    yield f"name: {_text(f'again-{name}')}"
    yield "targets:"
    yield from (f"  - {_written(target)}" for target in targets)
    yield f"reference: {_text(targets[0].name)}"
    yield "measure:"
    yield from (f"  {key}: {value}" for key, value in _measure(arm, reference))
    yield "cases:"
    yield f"  - id: {_text(name)}"
    yield f"    workload: {_text(arm.workload)}"
    yield from (f"    {key}: {_text(value)}" for key, value in (_params(arm) or {}).items())


def _measure(arm: Measurement, reference: Measurement | None) -> Iterator[tuple[str, str]]:
    """Yield how hard to measure: well enough for a verdict, with the inputs and the threads of then."""
    # Arms that alternate by whole processes need more process-sets than the profile `standard` measures.
    yield "profile", "rigorous" if arm.pairing == "process" else "standard"
    if arm.threads is not None and 1 <= arm.threads <= MOST_THREADS:
        yield "threads", str(arm.threads)
    if 0 <= arm.seed <= LARGEST:
        yield "seed", str(arm.seed)
    needed = SPARE * max(_taken_s(row) for row in (arm, reference or arm))
    if needed > USUAL_TIME_S:
        yield "max_time", f"{min(MOST_TIME_S, math.ceil(needed))}s"


def _taken_s(row: Measurement) -> float:
    """Return what as many process-sets as a verdict needs take, each as long as then; 0 where nobody knows."""
    known = (row.time_s, row.inner, row.sets, row.rounds)
    if row.outcome != Outcome.MEASURED or not all(known):
        return 0.0
    sets = LEAST_SETS.get(row.pairing, LEAST_SETS["round"])
    taken = sets * row.rounds / row.sets * ((row.inner or 0) + 1) * (row.time_s or 0.0)
    return taken if math.isfinite(taken) else 0.0


def _params(arm: Measurement) -> Mapping[str, Any] | None:
    """Return the parameters of a row, what stands in columns of their own among them; None where they are no JSON."""
    try:
        known = json.loads(arm.params, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    if not isinstance(known, dict):
        return None
    columns: dict[str, Any] = {"dtype": arm.dtype, "math": arm.math, "direction": arm.direction, "cache": arm.cache}
    said = {name: value for name, value in columns.items() if value and name not in known} | known
    return {name: value for name, value in said.items() if value is not None}  # None is only ever a default


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _is_sayable(name: str, value: Any) -> bool:
    """Whether an entry of a suite can give a parameter this value."""
    if not _NAME.fullmatch(name) or name in _TAKEN:
        return False
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST_TEXT and value.isprintable()
    if isinstance(value, list):
        return all(isinstance(item, int) and _is_number(item) for item in value)
    return isinstance(value, bool) or _is_number(value)


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and bool(abs(value) <= LARGEST)  # which infinity is not, and JSON has no other


def _reference(arm: Measurement, reference: Measurement | None) -> Target | None:
    if reference is not None:
        return _target(reference)
    try:
        return Target.parse(arm.reference)
    except UsageError:
        return _target(arm) if arm.reference == split_threads(arm.label)[0] else None


def _target(arm: Measurement) -> Target | None:
    """Return the target of a row, without the number of threads that its label may tell."""
    try:
        return replace(Target.parse(arm.target), label=split_threads(arm.label)[0]).checked()
    except UsageError:
        return None


def _written(target: Target) -> str:
    plain = _text(str(target))
    return f"{{target: {plain}, label: {_text(target.label)}}}" if target.label else plain


def _identifier(case: str) -> str:
    """Return a name for the entry and its suite; what makes a case the same is not its name."""
    plain = _NOT_IN_A_NAME.sub("-", case.lower()).strip("-._")
    return plain[: LONGEST_NAME - len("again-")] or "case"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shown(text: str) -> str:
    """Return a text as a comment may show it: quoted, on one line, in ASCII."""
    return json.dumps(visible(text))
