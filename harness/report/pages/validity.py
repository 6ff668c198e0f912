"""Whether to believe it: what the machine did meanwhile, and which checks each arm went through."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from harness.report import noise, words
from harness.report.content import Block, Bullets, Cell, Row, Table, name, said
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.headline import self_check
from harness.report.lazy import Rows
from harness.report.marks import marks_of, meaning
from harness.report.pages.cells import columns, named, numbers, outcome, row_of, share, shared_facets, small, whole
from harness.report.trust import widths_of
from harness.stats.noise import LIMITS, Grade, grade_of
from harness.store.record import Measurement, Outcome

_LIMIT = words.share(next(limit for limit, grade in LIMITS if grade is Grade.FAIR))
_RULE = (
    f"valid: all checks that ran were passed, and half the interval is at most {_LIMIT}. noisy: the checks were "
    "passed, and half the interval is more, so that small differences could not be seen. spread unknown: there is no "
    "interval, because there were fewer than two fresh starts. invalid: a check failed; a time that was taken was "
    "rejected and is compared with nothing. failed: it ended badly, for one with an answer that was wrong before "
    "it was timed. Half the interval is that of the ratio to the reference, as a share of it; for the "
    "reference itself, of the ratio to its copy; where there is no such ratio, of the time. Of a training, whose "
    "losses, gradients and weights each have a bound, the largest error is that of the one which came nearest to its "
    "own, brought to the tolerance that is shown."
)
_TICKED = re.compile(r"`([^`]+)`")


def whether_to_believe(run: RunFindings) -> Iterator[Block]:
    """Yield what the self-check and the readings of the machine say, and a row of checks for each arm."""
    told = [self_check(run), noise.sentence(run.manifest), *noise.remarks(run.manifest)]
    yield Bullets(items=tuple(_TICKED.sub(lambda found: name(found[1]), line) for line in told if line))
    yield from _readings(run)
    yield from _checks(run)
    yield from _marks(run)


def _readings(run: RunFindings) -> Iterator[Table]:
    head, rows = noise.table(run.manifest)
    if rows:
        yield Table(
            name="noise-readings",
            title="What the machine did meanwhile",
            columns=numbers(dict.fromkeys(head, "")),
            rows=tuple(Row(cells=tuple(Cell(text=text) for text in row)) for row in rows),
            note=(
                "A process-set is one fresh start of every target. Ours and others are shares of the processors' time: "
                "of this command, and of everybody else. Fixed work is how long a piece of work took that is always "
                "the same, beside the quickest process-set."
            ),
        )


def _checks(run: RunFindings) -> Iterator[Table]:
    proved = (Outcome.MEASURED, Outcome.INVALID)
    arms = [arm for arm in run.arms if arm.replica == 0 and (arm.outcome in proved or arm.checks_run)]
    if not arms:
        return
    widths = widths_of(run, itself=True)
    figures = dict.fromkeys(("largest error", "tolerance", "right bits", "half the interval"), "")
    yield Table(
        name="checks",
        title="Which checks each arm went through",
        columns=(
            *columns("case", "target", "checks run", "checks failed"),
            *numbers(figures),
            *columns("in a word"),
        ),
        rows=Rows(lambda arm: row_of(arm, _check_cells(arm, widths.get(arm.key))), arms),
        note=_RULE,
    )


def _marks(run: RunFindings) -> Iterator[Table]:
    found: dict[tuple[str, str], list[Measurement]] = defaultdict(list)
    for arm in run.arms:
        for mark in marks_of(arm) if arm.replica == 0 else ():
            found[mark, name_of(arm)].append(arm)
    if found:
        yield Table(
            name="marks",
            title="What is to be known of some arms",
            columns=(*columns("mark", "target"), *numbers({"arms": ""}), *columns("the first", "what it means")),
            rows=tuple(
                Row(
                    cells=(
                        *(Cell(text=name(mark)), Cell(text=name(target))),
                        *(whole(len(arms)), named(case_of(arms[0])), Cell(text=meaning(mark))),
                    ),
                    facets=shared_facets(arms),
                )
                for (mark, target), arms in sorted(found.items(), key=lambda item: item[0])
            ),
        )


def _check_cells(arm: Measurement, of_ratio: float | None) -> tuple[Cell, ...]:
    width = of_ratio if of_ratio is not None else _of_time(arm)
    bits = arm.effective_bits
    return (
        named(case_of(arm)),
        named(name_of(arm)),
        Cell(text=_told(arm.checks_run)),
        Cell(text=said(", ".join(arm.validity)) if arm.validity else "none"),
        small(arm.max_error),
        small(arm.tolerance),
        Cell(text=f"{bits:.1f}", value=bits) if words.known(bits) else Cell(text=words.UNKNOWN),
        share(width),
        _word(arm, width),
    )


def _told(names: Sequence[str]) -> str:
    """Return the checks that were run; names of letters and digits alone need no mark of being somebody's words."""
    if not names:
        return "none is named"
    told = ", ".join(names)
    return told if all(one.isascii() and one.isalnum() for one in names) else said(told)


def _word(arm: Measurement, width: float | None) -> Cell:
    """Return what the rule below the table says of an arm."""
    if arm.outcome != Outcome.MEASURED:
        return outcome(arm)
    if width is None:
        return Cell(text="spread unknown", state="indicative")
    noisy = grade_of(width) in (Grade.NOISY, Grade.UNUSABLE)
    return Cell(text="noisy", state="noisy") if noisy else Cell(text="valid", state="valid")


def _of_time(arm: Measurement) -> float | None:
    if arm.time_s and words.known(arm.time_low_s) and words.known(arm.time_high_s):
        return (arm.time_high_s - arm.time_low_s) / 2 / arm.time_s
    return None
