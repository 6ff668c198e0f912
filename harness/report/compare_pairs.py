"""What can be said of two arms before any number is looked at, and which pairs are left to be judged.

An arm that was not measured has no number, whatever else is known of it. And two numbers are put beside
each other only where they are times of the same work, done in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.report.compare_load import Arm
from harness.report.compare_select import Chosen, matched
from harness.report.comparison import How, Unmeasured
from harness.stats.verdict import Verdict
from harness.store.record import Outcome

NEVER_RANKED = "default"  # a math mode: what a framework does untouched
IDLE = (Outcome.REFUSED, Outcome.UNAVAILABLE, Outcome.PREDICTED)  # nothing was lost where both sides ended so
TWO_SESSIONS = "measured in two sessions, so what the machine did in between is part of any difference"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One line before it is judged; without a verdict there are two times to be compared."""

    base: Arm | None
    new: Arm | None
    verdict: Verdict | None = None
    detail: str = ""

    @property
    def shown(self) -> Arm:
        """The arm that the line is about."""
        found = self.new or self.base
        assert found is not None  # noqa: S101  (a line is about some arm)
        return found

    @property
    def both(self) -> tuple[Arm, Arm]:
        """The two arms of a line that is to be judged."""
        assert self.base is not None  # noqa: S101
        assert self.new is not None  # noqa: S101
        return self.base, self.new


def drafts(base: Chosen, new: Chosen, how: How) -> tuple[list[Draft], list[Unmeasured]]:
    """Return a line for each arm of either side, and those that neither side could measure anyway."""
    lines, unmeasured = [], []
    for left, right in matched(base, new):
        if _idle(left) and _idle(right):
            unmeasured.append(_unmeasured(left, right))
        else:
            lines.append(_draft(left, right, how))
    return lines, unmeasured


def obstacle(base: Arm, new: Arm, how: How) -> str:
    """Say why two measured arms of one case may not be compared; nothing where they may."""
    return next(_obstacles(base, new, how), "")


def _draft(base: Arm | None, new: Arm | None, how: How) -> Draft:
    verdict, detail = _ended(base, new)
    if verdict is None and base is not None and new is not None:
        detail = TWO_SESSIONS if how is How.REFUSED else obstacle(base, new, how)
        verdict = Verdict.NOT_COMPARABLE if detail else None
    return Draft(base=base, new=new, verdict=verdict, detail=detail)


def _ended(base: Arm | None, new: Arm | None) -> tuple[Verdict | None, str]:
    """Return the verdict that follows from how the arms ended, with the reason; none where both were measured."""
    for arm, side in ((new, "new"), (base, "base")):
        if arm is not None and arm.outcome == Outcome.INVALID:
            return Verdict.INVALID, f"{', '.join(arm.validity) or 'a check'} failed on the {side} side{_why(arm)}"
    if new is None:
        return Verdict.MISSING, "the new side did not plan it"
    if not new.measured:
        failed = new.outcome == Outcome.FAILED
        return (Verdict.FAILED, new.detail) if failed else (Verdict.MISSING, f"{new.outcome}{_why(new)}")
    if base is None or not base.measured:
        ended = f"in the base it ended as {base.outcome}{_why(base)}" if base else "the base did not plan it"
        return Verdict.NEW, ended
    return None, ""


def _obstacles(base: Arm, new: Arm, how: How) -> Iterator[str]:
    if base.method_version != new.method_version:
        yield f"measured by different methods, {base.method_version} and {new.method_version}"
    if base.math != new.math:
        yield f"different arithmetic: math {base.math} and {new.math}"
    if NEVER_RANKED in (base.math, new.math) and base.backend != new.backend:
        yield f"math {NEVER_RANKED} is what each framework does untouched, which need not be the same arithmetic"
    if _other_inputs(base, new, how):
        yield "different inputs: their hashes differ, though seed and case are the same"
    if how in (How.INSISTED, How.THROUGH):
        yield from _other_place(base, new)


def _other_place(base: Arm, new: Arm) -> Iterator[str]:
    if base.threads != new.threads:
        yield f"different numbers of threads, {base.threads} and {new.threads}"
    if base.env_id is None or base.env_id != new.env_id:
        yield f"measured on different machines, or the same set otherwise: env_id {base.env_id} and {new.env_id}"


def _other_inputs(base: Arm, new: Arm, how: How) -> bool:
    """Whether the arms worked on inputs made in different ways.

    Another seed draws other numbers of the same distribution, which is what a later run does unless its
    seed is fixed. The same seed that gives other inputs is another way of making them: other work.
    """
    known = base.input_hash is not None and new.input_hash is not None
    drawn_alike = how is How.SESSION or base.seed == new.seed
    return known and drawn_alike and base.input_hash != new.input_hash


def _idle(arm: Arm | None) -> bool:
    return arm is None or arm.outcome in IDLE


def _unmeasured(base: Arm | None, new: Arm | None) -> Unmeasured:
    arm = new or base
    assert arm is not None  # noqa: S101
    return Unmeasured(case=arm.case_name, case_key=arm.case_key, target=arm.name, detail=f"{arm.outcome}{_why(arm)}")


def _why(arm: Arm) -> str:
    return f": {arm.detail}" if arm.detail else ""
