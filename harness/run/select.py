"""Which arms of a suite are wanted: ``--filter``, ``--only`` and ``--last-failed``, all of which must agree.

An arm goes by the name that is printed of it, ``CASE::TARGET``. A name is looked up as a whole and
never taken apart, so that it may hold brackets, blanks and anything else that a case may be called.
The copy of the reference is no arm of its own here: it comes and goes with the reference.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import NothingSelected, UsageError
from harness.suite.filter import Fact, Facts, Filter, Spellings
from harness.suite.model import value_text

if TYPE_CHECKING:
    from harness.run.plan import Arm
    from harness.store.record import Measurement
    from harness.suite.model import Case

Key = tuple[str, str, str]  # case_key, target, label
MOST_COMPARED = 2000  # names among which a misspelt one is looked for


@dataclass(frozen=True, kw_only=True)
class Failed:
    """What ended badly in an earlier run."""

    run_id: str
    arms: tuple[tuple[Key, str], ...]  # with the names that were printed


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What is wanted; nothing said is everything."""

    filters: tuple[Filter, ...] = ()
    only: tuple[str, ...] = ()
    failed: Failed | None = None
    say: Callable[[str], object] = str  # where remarks go; by default nowhere

    def __bool__(self) -> bool:
        return bool(self.filters or self.only or self.failed)

    def choose(self, arms: Sequence[Arm]) -> list[Arm]:
        """Return those of `arms` that are wanted, in their order, or raise where there are none."""
        if not self or not arms:
            return list(arms)
        keep = {*range(len(arms))}
        if self.only:
            keep &= _named(arms, self.only)
        if self.failed is not None:
            keep &= self._failed(arms, self.failed)
        if self.filters:
            facts = [arm_facts(arm) for arm in arms]
            for each in self.filters:
                keep &= _held(each, facts)
        if not keep:
            raise NothingSelected("no arm is left by --filter, --only and --last-failed together")
        return [arm for place, arm in enumerate(arms) if place in keep]

    def _failed(self, arms: Sequence[Arm], failed: Failed) -> set[int]:
        places = {arm.key[:3]: place for place, arm in enumerate(arms)}
        gone = [name for key, name in failed.arms if key not in places]
        if len(gone) == len(failed.arms):
            raise NothingSelected(
                f"what failed in {failed.run_id} is not in this plan: {', '.join(gone[:3])}",
                remedy="name the --target that it ran on, or run without --last-failed",
            )
        for name in gone:
            self.say(f"{name} failed in {failed.run_id} and is not in this plan")
        return {places[key] for key, _ in failed.arms if key in places}


def name_of(arm: Arm) -> str:
    """Return what an arm is called wherever it is printed: ``square[m=128]::torch.eager@cpu``."""
    return f"{arm.case.name}::{arm.target.name}"


def row_name(row: Measurement) -> str:
    """Return what the arm of a row is called."""
    from harness.core.target import shown_name

    return f"{row.case}::{shown_name(row.target, row.label)}"


def last_failed(rows: Iterable[Measurement], run_id: str) -> Failed:
    """Return the arms among the rows of a run that failed or are invalid, or raise where none is."""
    arms = {
        (row.case_key, row.target, row.label): row_name(row) for row in rows if row.outcome in ("failed", "invalid")
    }
    if not arms:
        raise NothingSelected(f"nothing failed in {run_id}, the newest run of this suite")
    return Failed(run_id=run_id, arms=tuple(arms.items()))


def held(filters: Iterable[Filter], facts: Sequence[Facts]) -> list[int]:
    """Return the places of those `facts` for which all `filters` hold, or raise where there is none."""
    keep = {*range(len(facts))}
    for each in filters:
        keep &= _held(each, facts)
    if not keep:
        raise NothingSelected("no arm is left by these filters together")
    return sorted(keep)


def case_facts(case: Case) -> dict[str, Fact]:
    """Return what is known of a case, before there is a target."""
    workload = case.workload
    return {
        "id": case.name.partition("[")[0],
        "case": case.name,
        "workload": workload.name,
        "flops": workload.flops(),
        **workload.params(),  # last: where a parameter has the name of a fact, the suite means the parameter
    }


def arm_facts(arm: Arm) -> dict[str, Fact]:
    """Return what is known of an arm, by the names that a filter uses."""
    target = arm.target
    short = f"{target.backend}@{target.device}" if target.mode == arm.info.default_mode else str(target)
    return {
        "name": name_of(arm),
        "target": Spellings({target.name, str(target), short}),
        "label": target.label,
        "backend": target.backend,
        "mode": target.mode,
        "class": arm.mode_class,
        "device": Spellings({str(target.device), target.device.kind}),
        **({"threads": arm.threads} if arm.threads else {}),
        **case_facts(arm.case),
    }


def row_facts(row: Measurement) -> dict[str, Fact]:
    """Return what a stored row tells, by the same names, and how the arm ended."""
    kind = row.device.partition(":")[0]
    return {
        "name": row_name(row),
        "target": Spellings({row.label or row.target, row.target}),
        "label": row.label,
        "backend": row.backend,
        "mode": row.mode,
        "class": row.mode_class,
        "device": Spellings({row.device, kind}),
        "threads": row.threads,
        "outcome": row.outcome,
        "id": row.case.partition("[")[0],
        "case": row.case,
        "workload": row.workload,
        "flops": row.flops,
        **_params(row.params),
    }


def _params(text: str) -> dict[str, Fact]:
    """Return the parameters in a row, which may come from anywhere."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    plain = found.items() if isinstance(found, dict) else ()
    return {name: value if isinstance(value, str | int | float | bool) else value_text(value) for name, value in plain}


def _held(one: Filter, facts: Sequence[Facts]) -> set[int]:
    one.check(facts)
    found = {place for place, known in enumerate(facts) if one.holds(known)}
    if not found:
        values = one.values(facts)
        remedy = f"here {values}" if values else "see the names with --dry-run"
        raise NothingSelected(f"no arm is left by --filter {one.text!r}", remedy=remedy)
    return found


def _named(arms: Sequence[Arm], names: Sequence[str]) -> set[int]:
    exact: dict[str, set[int]] = {}
    loose: dict[str, set[int]] = {}
    for place, arm in enumerate(arms):
        exact.setdefault(name_of(arm), set()).add(place)
        for spelling in _spellings(arm):
            loose.setdefault(spelling, set()).add(place)
    found: set[int] = set()
    for name in names:
        places = exact.get(name) or loose.get(" ".join(name.split()))
        if places is None:
            raise _unknown(name, exact)
        found |= places
    return found


def _spellings(arm: Arm) -> Iterator[str]:
    """Go through what an arm may also be called: blanks for colons, the default mode left out, case or target alone."""
    target = arm_facts(arm)["target"]
    case = " ".join(arm.case.name.split())
    yield case
    for name in target if isinstance(target, Spellings) else ():
        yield from (f"{case}::{name}", f"{case} {name}", f"{case} on {name}", f"::{name}")


def _unknown(name: str, known: Iterable[str]) -> UsageError:
    listed = list(known)
    near = difflib.get_close_matches(name[:200], listed[:MOST_COMPARED], n=1, cutoff=0.5)
    meant = f"did you mean {near[0]!r}? " if near else f"names are such as {listed[0]!r}; "
    return UsageError(f"--only: no arm is called {name[:200]!r}", remedy=f"{meant}--dry-run shows them all")
