"""By how much, everywhere at once: a map of all cases and targets, each beside the same reference."""

from __future__ import annotations

from harness.report.boards import verdict_of
from harness.report.charts.look import Look, drawn_of, gap, holds, left_out, marked, numbered, parted, sureness
from harness.report.content import Chart, name
from harness.report.escape import visible
from harness.report.findings import Board, CaseFindings, Entry, RunFindings, contest_of, name_of
from harness.report.headline import is_indicative
from harness.report.picture import Map, Row, Shade

CASES_A_PICTURE = 60


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return the maps, or nothing where no target has a ratio to the reference."""
    rows = _rows(run)
    if all(shade.ratio is None for row in rows for shade in row.fields.values()):
        return []
    what = f"time over that of {visible(run.reference, 60)}"
    title = marked(f"all cases and targets: {what}", run)
    shown = drawn_of(rows)
    parts = parted(shown, CASES_A_PICTURE)
    reading = f"{_reading(run)}{left_out(len(shown), len(rows))}"
    return [
        Chart(
            picture=Map(
                name=look.file(f"map-{at + 1:02d}"),
                section="map",
                title=numbered(title, at, len(parts)),
                alt=f"{title}, a field for each case and target, cases {at * CASES_A_PICTURE + 1} to "
                f"{at * CASES_A_PICTURE + len(part)} of {len(rows)}",
                unit=what,
                targets=look.targets,
                rows=tuple(part),
            ),
            reading=reading,
        )
        for at, part in enumerate(parts)
    ]


def _rows(run: RunFindings) -> list[Row]:
    """Return one row a contest, in the order of the tables, whatever classes its arms are ranked in."""
    names: dict[str, str] = {}
    fields: dict[str, dict[str, Shade]] = {key: {} for key in map(contest_of, run.arms)}
    for board in run.boards:
        for case in board.cases:
            names.setdefault(case.key, case.name)
            for entry in case.entries:
                fields.setdefault(case.key, {}).setdefault(name_of(entry.arm), _shade(run, board, case, entry))
    return [Row(name=names[key], fields=shades, key=key) for key, shades in fields.items() if shades]


def _shade(run: RunFindings, board: Board, case: CaseFindings, entry: Entry) -> Shade:
    if entry.measured and entry.verdict == "reference":
        return Shade(standing="reference")
    beside = entry.beside_reference
    if beside is None or beside.ratio is None:
        return Shade(standing=gap(entry))
    word = verdict_of(beside, ranked=board.ranked, same_class=True, withheld=not holds(run, case))
    return Shade(standing=word, ratio=beside.ratio, low=beside.low, high=beside.high)


def _reading(run: RunFindings) -> str:
    verdict = (
        "The sign beside it says whether that is faster, slower or a tie. A tie means that the "
        f"{sureness(run)} interval of the ratio contains 1: this run could not tell the two apart."
    )
    none = "There are no verdicts: a verdict needs more fresh starts than were made, so the numbers are indicative."
    return (
        f"The number in a field is the time of that target divided by the time of {name(run.reference)} in the same "
        f"case and the same repeats: 0.50 is half the time, 2.0 is twice. {none if is_indicative(run) else verdict} "
        "Targets used as written and compiled ones stand side by side here, because all are compared with one and the "
        "same reference; they are ranked apart, in the tables. A word in place of a number says what became of that "
        "target in that case. The cases differ in kind, so do not average a column."
    )
