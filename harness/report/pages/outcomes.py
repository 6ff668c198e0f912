"""What became of every planned arm: what was not measured, grouped by reason; what was only predicted; all of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from harness.report import words
from harness.report.content import Block, Cell, Column, Fold, Prose, Row, Table, name, said
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.headline import outcomes
from harness.report.lazy import Rows
from harness.report.pages.cells import (
    columns,
    duration,
    full_name,
    listed,
    named,
    numbers,
    outcome,
    row_of,
    shared_facets,
    whole,
)
from harness.store.record import Measurement, Outcome

TROUBLES = (Outcome.FAILED, Outcome.INVALID, Outcome.NOT_RUN, Outcome.UNAVAILABLE, Outcome.REFUSED)


def what_became(run: RunFindings) -> Iterator[Block]:
    """Yield how all planned arms ended: in a sentence, those without a time by reason, and each by itself."""
    yield Prose(text=f"{outcomes(run)}.")
    groups = _groups(run)
    if groups:
        yield Table(
            name="not-measured",
            title="What was not measured, and why",
            columns=(*columns("outcome", "reason"), *numbers({"arms": ""}), *columns("targets", "cases")),
            rows=tuple(map(_group_row, groups)),
            note="Nothing here has a time, and nothing here is compared with anything.",
        )
    yield Fold(title="Every planned arm", blocks=(_counts(run), _each(run)))


def predictions(run: RunFindings) -> Iterator[Block]:
    """Yield what a compiler estimates of arms that were compiled and not run."""
    arms = [arm for arm in run.arms if arm.outcome == Outcome.PREDICTED]
    if not arms:
        return
    yield Prose(
        text=(
            "These arms were compiled for a device that is not here, and never run. The times are what the compiler "
            "expects, not what anybody measured: they are compared with nothing and win nothing."
        )
    )
    yield Table(
        name="predicted",
        title="What the compiler estimates",
        columns=(*columns("case", "target", "device"), *numbers({"estimate, not measured": "s"}), *columns("details")),
        rows=tuple(row_of(arm, _prediction(arm)) for arm in arms),
    )


def details(arm: Measurement) -> str:
    """Say what is to be said of how an arm ended."""
    match arm.outcome:
        case Outcome.MEASURED:
            blocks = f"{words.counted(arm.rounds, 'block')} in {words.counted(arm.sets, 'fresh start')}"
            return _more(f"{words.time(arm.time_s)}, {blocks}", arm.detail)
        case Outcome.INVALID:
            rejected = f"; rejected time {words.time(arm.rejected_s)}" if arm.rejected_s is not None else ""
            return f"{_reason(arm)}{rejected}"
        case Outcome.PREDICTED:
            return _more(f"the compiler estimates {words.time(arm.predicted_s)}", arm.detail)
        case _:
            return _reason(arm)


def _reason(arm: Measurement) -> str:
    """Say why an arm has no time; where a check failed, which one."""
    told = said(arm.detail) if arm.detail.strip() else "no reason was recorded"
    return f"{said(', '.join(arm.validity))}: {told}" if arm.validity else told


def _more(text: str, detail: str) -> str:
    return f"{text}; {said(detail)}" if detail.strip() else text


def _prediction(arm: Measurement) -> tuple[Cell, ...]:
    told = said(arm.detail) if arm.detail.strip() else "nothing more is told"
    return (named(case_of(arm)), named(name_of(arm)), named(arm.device), duration(arm.predicted_s), Cell(text=told))


def _groups(run: RunFindings) -> list[list[Measurement]]:
    """Return the arms without a time that ended alike, the worst outcome first."""
    found: dict[tuple[str, str], list[Measurement]] = defaultdict(list)
    for ending in TROUBLES:
        for arm in run.arms:
            if arm.outcome == ending:
                found[ending, _kind(arm)].append(arm)
    return list(found.values())


def _kind(arm: Measurement) -> str:
    """Return what arms of one group have in common: the checks that failed, the kind of failure, or the reason."""
    if arm.outcome == Outcome.INVALID:
        return ", ".join(arm.validity)
    return arm.detail.partition(":")[0] if arm.outcome == Outcome.FAILED else arm.detail


def _group_row(arms: Sequence[Measurement]) -> Row:
    others = len({arm.detail for arm in arms}) - 1
    more = f" (and {words.counted(others, 'other message')} of this kind)" if others else ""
    cells = (
        outcome(arms[0]),
        Cell(text=f"{_reason(arms[0])}{more}"),
        whole(len(arms)),
        Cell(text=listed(map(name_of, arms))),
        Cell(text=listed(map(case_of, arms))),
    )
    return Row(cells=cells, facets=shared_facets(arms))


def _counts(run: RunFindings) -> Table:
    """Return how many arms of each target ended how."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for arm in run.arms:
        counts[full_name(arm)][arm.outcome] += 1
    ended = {str(arm.outcome) for arm in run.arms}
    strange = sorted(ended - set(map(str, Outcome)))  # a store may come from anywhere
    met = [*(str(ending) for ending in Outcome if ending in ended), *strange]
    heads = [name(ending) if ending in strange else ending for ending in met]
    return Table(
        name="outcome-counts",
        title="How many arms of each target ended how",
        columns=(*columns("target"), *(Column(title=head, number=True) for head in heads)),
        rows=tuple(
            Row(cells=(Cell(text=target), *(whole(count[ending]) for ending in met)))
            for target, count in counts.items()
        ),
    )


def _each(run: RunFindings) -> Table:
    return Table(
        name="arms",
        title="Every planned arm, and how it ended",
        columns=columns("case", "target", "outcome", "details"),
        rows=Rows(_row, run.arms),
    )


def _row(arm: Measurement) -> Row:
    return row_of(arm, (named(arm.case), Cell(text=full_name(arm)), outcome(arm), Cell(text=details(arm))))
