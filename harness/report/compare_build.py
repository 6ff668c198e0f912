"""From two runs that were read to the comparisons of a page: drafted, judged as one family, put together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.errors import NothingSelected
from harness.report import changes
from harness.report.compare_check import Check, check_of
from harness.report.compare_judge import Judged, Pair, Terms, by_insisting, in_session, through_anchor
from harness.report.compare_load import Arm, Run
from harness.report.compare_pairs import Draft, drafts
from harness.report.compare_select import Chosen, matched, sides
from harness.report.compare_through import Anchors
from harness.report.comparison import Change, Comparison, How, Line, Unmeasured
from harness.stats.combine import Combined, combine
from harness.stats.verdict import LEAST_SETS, Judgement, Verdict

JUDGED = frozenset(
    {Verdict.REGRESSED, Verdict.IMPROVED, Verdict.EQUIVALENT, Verdict.SMALL_CHANGE, Verdict.INCONCLUSIVE}
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """On what a comparison stands: two runs, why they may be compared, and by what they are judged."""

    base: Run
    new: Run
    how: How
    terms: Terms
    anchors: Anchors | None = None

    def comparisons(self) -> tuple[Comparison, ...]:
        """Return a comparison for each pair of sides that the names mean."""
        drafted = [self._draft(one, other) for one, other in sides(self.base, self.new)]
        self._refuse_strangers(drafted)
        judged = iter(self._judged(drafted))
        checks = [check_of(run) for run in self._checked]
        return tuple(self._comparison(each, judged, checks) for each in drafted)

    def _draft(self, base: Chosen, new: Chosen) -> _Drafted:
        if self.anchors is not None:
            base, new = (replace(side, arms=self.anchors.without(side.arms)) for side in (base, new))
        lines, unmeasured = drafts(base, new, self.how)
        if self.anchors is not None:
            lines = [self.anchors.object(line) for line in lines]
        common = any(left and right for left, right in matched(base, new))
        return _Drafted(base=base, new=new, lines=lines, unmeasured=unmeasured, common=common)

    def _refuse_strangers(self, drafted: Sequence[_Drafted]) -> None:
        """Raise where the two sides have no arm in common."""
        if any(each.common for each in drafted):
            return
        first, second = (f"{run.info.suite} in {run.info.run_id}" for run in (self.base, self.new))
        raise NothingSelected(
            f"the two sides have no arm in common: {first}, and {second}",
            remedy="name two runs of one suite, or the target of each: RUN::TARGET",
        )

    def _judged(self, drafted: Sequence[_Drafted]) -> list[Judged]:
        """Judge all pairs that are to be judged, as one family, in the order of their lines."""
        pairs = [line.both for each in drafted for line in each.lines if line.verdict is None]
        if not pairs:
            return []
        if self.how is How.SESSION:
            return in_session(self.base, pairs, self.terms)
        if self.anchors is None:
            return by_insisting(self.base, self.new, pairs, self.terms)
        anchors = [self.anchors.beside(*pair) for pair in pairs]
        return through_anchor(self.base, self.new, pairs, anchors, self.terms)

    @property
    def _checked(self) -> tuple[Run, ...]:
        """The runs whose self-checks the verdicts rest on."""
        return {How.SESSION: (self.base,), How.REFUSED: ()}.get(self.how, (self.base, self.new))

    def _comparison(self, each: _Drafted, judged: Iterator[Judged], checks: Sequence[Check]) -> Comparison:
        found = [(line, next(judged) if line.verdict is None else None) for line in each.lines]
        seen = [check.detectable for check in checks if check.detectable is not None]
        return Comparison(
            base=each.base.run.side(each.base.target),
            new=each.new.run.side(each.new.target),
            how=self.how,
            lines=tuple(_line(line, one, checks, self.terms) for line, one in found),
            unmeasured=tuple(each.unmeasured),
            changes=self._changes(each.base, each.new),
            overall=self._overall([one for _, one in found if one is not None]),
            self_check=_weakest(checks),
            detectable=max(seen, default=None),
            margin=self.terms.margin,
            correction=self.terms.correction,
            notes=tuple(self._notes()),
            anchor=self.anchors.name if self.anchors is not None else "",
        )

    def _changes(self, base: Chosen, new: Chosen) -> tuple[Change, ...]:
        if self.how is How.SESSION:
            return changes.of_targets(base.run, base.arms[0], new.arms[0])
        return changes.of_runs(base.run, new.run, base.target, new.target)

    def _overall(self, judged: Sequence[Judged]) -> Combined | None:
        """Return the geometric mean over several cases: those with process-sets enough, or all where none has."""
        known = [one for one in judged if one.per_set and one.judgement.sets]
        chosen = [one for one in known if one.judgement.sets >= LEAST_SETS[one.pairing]] or known
        if len(chosen) < 2:  # noqa: PLR2004  (the mean of one case is that case)
            return None
        pairing = "process" if any(one.pairing == "process" for one in chosen) else "round"
        per_set = np.array([one.per_set for one in chosen])
        return combine(per_set, pairing=pairing, confidence=self.terms.confidence)

    def _notes(self) -> Iterator[str]:
        for run in {run.info.run_id: run for run in (self.base, self.new)}.values():
            if not run.info.complete:
                yield f"{run.info.run_id} is {run.info.state}: it may lack arms and process-sets"
        first, second = ({arm.seed for arm in run.arms} for run in (self.base, self.new))
        if self.how in (How.INSISTED, How.THROUGH) and first != second:
            yield "the inputs of the two runs were drawn from different seeds; --seed N makes them equal"


def lines_of(run: Run, pairs: Sequence[Pair], terms: Terms) -> list[Line | None]:
    """Return what a session says of pairs of its arms, as one family; nothing of a pair that neither side could do."""
    drafted = [_paired(run, *pair) for pair in pairs]
    measured = [line.both for line in drafted if line and line.verdict is None]
    judged = iter(in_session(run, measured, terms) if measured else ())
    checks = [check_of(run)]
    found = ((line, next(judged) if line and line.verdict is None else None) for line in drafted)
    return [_line(line, one, checks, terms) if line else None for line, one in found]


def _paired(run: Run, base: Arm, new: Arm) -> Draft | None:
    first, second = (Chosen(run=run, arms=(arm,), target=arm.name, threads_named=True) for arm in (base, new))
    return next(iter(drafts(first, second, How.SESSION)[0]), None)


@dataclass(frozen=True, kw_only=True)
class _Drafted:
    """One comparison before it is judged."""

    base: Chosen
    new: Chosen
    lines: Sequence[Draft]
    unmeasured: Sequence[Unmeasured]
    common: bool  # whether both sides planned any arm


def _weakest(checks: Sequence[Check]) -> Combined | None:
    """Return the self-check on which all hangs: none where a run has none, one that failed where any did."""
    found = [check.combined for check in checks if check.combined is not None]
    if not found or len(found) < len(checks):
        return None
    return min(found, key=lambda combined: combined.agrees is not False)


def _line(line: Draft, judged: Judged | None, checks: Sequence[Check], terms: Terms) -> Line:
    shown = line.shown
    judgement, objection = _judgement(line, judged, checks, terms)
    own = judged or Judged(judgement=judgement, pairing="round")
    return Line(
        case=shown.case_name,
        case_key=shown.case_key,
        base=line.base.name if line.base else "",
        new=line.new.name if line.new else "",
        judgement=judgement,
        base_arm=line.base.full_name if line.base else "",
        new_arm=line.new.full_name if line.new else "",
        detail=objection or line.detail or (own.detail if judged else ""),
        base_s=line.base.time_s if line.base else None,
        new_s=line.new.time_s if line.new else None,
        pairing=own.pairing,
        withheld=bool(objection),
        counts=own.counts,
        per_set=tuple(each for each in own.per_set if math.isfinite(each)),
        groups=own.groups,
    )


def _judgement(line: Draft, judged: Judged | None, checks: Sequence[Check], terms: Terms) -> tuple[Judgement, str]:
    """Return what is said of a line, and why the run may not say more, where it may not."""
    if judged is None:
        margin = terms.margins.get(line.shown.case_key, terms.margin)
        return Judgement(verdict=line.verdict or Verdict.NOT_COMPARABLE, log=None, margin=margin), ""
    found = judged.judgement
    if found.verdict not in JUDGED or judged.detail:  # there is no verdict to be withheld
        return found, ""
    objection = next(filter(None, (check.objection(line.shown.contest) for check in checks)), "")
    return (replace(found, verdict=Verdict.INCONCLUSIVE, alone=None) if objection else found), objection
