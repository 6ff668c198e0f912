"""An arm that is the same in two runs, through which their other arms may be seen.

In each run the ratio to the anchor is free of what the machine did that hour; the difference of two
such ratios is free of both hours. That holds only where the anchor is the same thing on the same
machine: the same version, interpreter, variables and settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.report.changes import of_environment
from harness.report.compare_load import Arm, Run
from harness.report.compare_pairs import Draft
from harness.report.compare_select import target_of
from harness.stats.verdict import Verdict

Contest = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """The anchor of both runs, case by case, and why it is none where it is not the same in both."""

    name: str
    base: Mapping[Contest, Arm]
    new: Mapping[Contest, Arm]
    identities: frozenset[tuple[str, str]]
    differs: str = ""

    def beside(self, base: Arm, new: Arm) -> tuple[Arm, Arm]:
        """Return what two arms that are to be judged are seen beside."""
        return self.base[base.contest], self.new[new.contest]

    def without(self, arms: Sequence[Arm]) -> tuple[Arm, ...]:
        """Return `arms` less the anchor: beside itself it says nothing."""
        return tuple(arm for arm in arms if arm.identity not in self.identities)

    def object(self, line: Draft) -> Draft:
        """Return `line`, refused where its anchor proves nothing."""
        if line.verdict is not None:
            return line
        base, new = line.both
        lacking = base.contest not in self.base or new.contest not in self.new
        detail = self.differs or (
            f"the anchor {self.name} was not measured in this case on both sides" if lacking else ""
        )
        return replace(line, verdict=Verdict.NOT_COMPARABLE, detail=detail) if detail else line


def anchors_of(base: Run, new: Run, text: str) -> Anchors:
    """Return the anchor that `text` names, or raise where a run has none of that name."""
    left, right = (target_of(run.arms, text, f"the run {run.info.run_id}") for run in (base, new))
    return Anchors(
        name=left[0].name,
        base={arm.contest: arm for arm in left if arm.measured},
        new={arm.contest: arm for arm in right if arm.measured},
        identities=frozenset({left[0].identity, right[0].identity}),
        differs=next(_differences(base, left, new, right), ""),
    )


def _differences(base: Run, left: Sequence[Arm], new: Run, right: Sequence[Arm]) -> Iterator[str]:
    """Say what of the anchor is not the same in both runs."""
    name = left[0].name
    for what in ("framework_version", "env_id", "method_version"):
        one, other = (sorted({str(getattr(arm, what)) for arm in arms if arm.measured}) for arms in (left, right))
        if one != other:
            yield f"the anchor {name} is not the same in both runs: {what} {', '.join(one)} and {', '.join(other)}"
    for change in of_environment(base, left[0].full_name, new, right[0].full_name):
        yield f"the anchor {name} is not the same in both runs: {change.what} {change.base} and {change.new}"
