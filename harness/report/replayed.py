"""Whether a row that was measured again comes out as it did then, beside its reference.

Two sessions share nothing that would cancel, and often not even a machine, so their times are not compared. Each
ratio to the reference is of one session, and free of what the machine did in it; the two ratios are. Over
process-sets, the difference of their logarithms has Welch's interval. They disagree where it lies beyond
the margin. They agree where it does not, and where it also leaves no room for a difference of a tenth:
an interval that is wide enough agrees with anything. All else cannot be told.

A row on one device beside its reference on another is another quantity than both on one: where a row was taken to
another device and its reference was not taken along, the two times are told, and nothing is made of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.errors import ExitCode
from harness.report.changes import of_runs
from harness.report.compare_check import check_of
from harness.report.compare_judge import Judged, Terms, confidence_of, in_session, terms_of, through_anchor
from harness.report.compare_pairs import obstacle
from harness.report.comparison import Change, How
from harness.report.named import Found
from harness.report.sentences import percent
from harness.stats.multiplicity import Correction
from harness.stats.verdict import FLAGGED, LEAST_SETS, MARGIN, Judgement, Verdict
from harness.store.layout import SAMPLES
from harness.store.record import Measurement, Outcome

SURE = 0.10  # a difference of this share has to be out of the question before two ratios are said to agree
BY_DESIGN = frozenset({"suite_hash", "overrides"})  # it was another suite that asked for it


class Answer(StrEnum):
    """What may be said of the ratio of then and that of now."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNCLEAR = "cannot tell"
    ANEW = "measured anew"  # on another device: a measurement of its own, which checks nothing of then


CODES = {
    Answer.AGREES: ExitCode.FINE,
    Answer.DISAGREES: ExitCode.REGRESSION,
    Answer.UNCLEAR: ExitCode.UNDECIDED,
    Answer.ANEW: ExitCode.UNDECIDED,
}


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A row of then beside the same row of now; `now` is missing where it was of no use to measure it again."""

    then: Found
    now: Found | None
    answer: Answer
    reason: str = ""  # why nothing is told of the row of then; it may quote anybody
    before: Judgement | None = None  # the ratio to the reference then
    after: Judgement | None = None  # and now, where it is the same quantity
    difference: Judgement | None = None  # the ratio of now over that of then
    changes: tuple[Change, ...] = ()

    @property
    def one_machine(self) -> bool:
        """Whether both sessions describe their machine and device alike."""
        if self.now is None or self.then.row.env_id is None:
            return False
        then, now = self.then.row, self.now.row
        return (then.env_id, then.device_name) == (now.env_id, now.device_name)


def lack(found: Found, when: str) -> str:
    """Say why a session has no ratio of the row to its reference; nothing where it has one."""
    row, reference = found.row, found.reference
    if row.outcome != Outcome.MEASURED:
        return f"{when} it was not measured: {_ended(row)}"
    if reference is None:
        return f"{when} it had no reference"
    if found.pair is None:
        return "it is the reference itself, which the others are held against"
    if reference.outcome != Outcome.MEASURED:
        return f"{when} its reference was not measured: {_ended(reference)}"
    if SAMPLES not in found.run.info.paths:
        return f"{when} no blocks came with the file: samples/NAME.parquet beside measurements/NAME.parquet"
    return ""


def few_sets(found: Found) -> str:
    """Say that a row rests on fewer process-sets than any verdict needs; nothing where it rests on enough."""
    least = LEAST_SETS.get(found.row.pairing, LEAST_SETS["round"])
    if found.row.sets >= least:
        return ""
    return f"that row rests on {found.row.sets} of {least} process-sets, so whatever comes out, nothing can be told"


def _elsewhere(then: Found, now: Found | None) -> str:
    """Say why the ratio of now is another quantity than that of then; nothing where they are the same.

    They are where the row and its reference are each on the device of then, and where both were on one device then
    and are on one device now. What was not measured has no ratio, which is told instead.
    """
    if now is None or now.row.outcome != Outcome.MEASURED or lack(then, "then"):
        return ""
    was, is_ = _devices(then), _devices(now)
    if was == is_ or len({*was}) == len({*is_}) == 1:
        return ""
    return f"the row and its reference are on {' and '.join(is_)} now, and were on {' and '.join(was)} then"


def replayed(then: Found, now: Found | None) -> Replayed:
    """Return what the same row, measured again, says of what was found then."""
    apart = _elsewhere(then, now)
    before, after = _ratio(then, "then"), None if apart else _ratio(now, "now")
    judged = _judged(then, now) if before is not None and after is not None else None
    reason = apart or _reason(then, now, judged)
    found = None if judged is None else judged.judgement
    return Replayed(
        then=then,
        now=now,
        answer=Answer.ANEW if apart else _answer(found, reason),
        reason=reason,
        before=before,
        after=after,
        difference=found,
        changes=_changes(then, now),
    )


def _devices(found: Found) -> tuple[str, str]:
    """Return the devices of a row and of its reference."""
    return found.row.device, (found.reference or found.row).device


def _ratio(found: Found | None, when: str) -> Judgement | None:
    """Return the ratio of a row to its reference within its own session."""
    if found is None or found.pair is None or lack(found, when):
        return None
    terms = Terms(correction=Correction.NONE, confidence=confidence_of(found.run))
    (judged,) = in_session(found.run, [found.pair], terms)
    return judged.judgement


def _judged(then: Found, now: Found | None) -> Judged | None:
    """Return the ratio of now over that of then, each seen beside the reference of its own session."""
    if now is None or then.pair is None or now.pair is None:
        return None
    terms = terms_of(then.run, now.run, MARGIN, {}, Correction.NONE)
    pairs, anchors = [(then.pair[1], now.pair[1])], [(then.pair[0], now.pair[0])]
    (judged,) = through_anchor(then.run, now.run, pairs, anchors, terms)
    return judged


def _reason(then: Found, now: Found | None, judged: Judged | None) -> str:
    """Say why nothing can be told; nothing where something can."""
    if now is None:
        return lack(then, "then") or "it was not measured again"
    known = lack(then, "then") or lack(now, "now")
    if known or judged is None:
        return known
    return next(filter(None, _doubts(then, now, judged)), "")


def _doubts(then: Found, now: Found, judged: Judged) -> Iterator[str]:
    found = judged.judgement
    yield obstacle(then.arm, now.arm, How.ACROSS)
    if found.verdict is Verdict.NOT_COMPARABLE:
        yield judged.detail
    least, counts = LEAST_SETS[judged.pairing], judged.counts
    if counts is not None and min(counts) < least:
        yield f"it takes {least} process-sets on either side, and there were {counts[0]} then and {counts[1]} now"
    for side, when in ((then, "then"), (now, "now")):
        objection = check_of(side.run).objection(side.arm.contest)
        yield f"{when}, {objection}" if objection else ""
    if found.verdict not in FLAGGED and not _is_sure(found):
        yield f"the ratios are not known well enough: a difference of {percent(SURE)} is not out of the question"


def _is_sure(found: Judgement) -> bool:
    """Whether a difference of a size that everybody would call one is out of the question."""
    if found.log_low is None or found.log_high is None:
        return False
    return max(abs(found.log_low), abs(found.log_high)) <= math.log1p(SURE)


def _answer(found: Judgement | None, reason: str) -> Answer:
    if reason or found is None:
        return Answer.UNCLEAR
    return Answer.DISAGREES if found.verdict in FLAGGED else Answer.AGREES


def _changes(then: Found, now: Found | None) -> tuple[Change, ...]:
    """Return what is not the same then and now; of a file without a manifest nobody knows."""
    if now is None or not then.run.manifest:
        return ()
    old, new = then.arm.full_name, now.arm.full_name
    found = of_runs(then.run, now.run) if old == new else of_runs(then.run, now.run, old, new)
    return tuple(one for one in found if one.what not in BY_DESIGN)


def _ended(row: Measurement) -> str:
    return f"{row.outcome}: {row.detail}" if row.detail else row.outcome
