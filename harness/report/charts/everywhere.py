"""By how much, everywhere at once: a map of all cases and targets, each beside the same reference."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.charts.look import Look, drawn_of, gap, left_out, marked, numbered, parted, sureness
from harness.report.content import Chart, name
from harness.report.escape import visible
from harness.report.findings import Entry, RunFindings, contest_of, name_of
from harness.report.headline import is_indicative
from harness.report.picture import Map, Row, Shade
from harness.stats.compare import Status

CASES_A_PICTURE = 60
OTHER_CLASS = "other class"  # the verdict of an arm that is not ranked with the reference

_JUDGED = frozenset({Status.FASTER, Status.SLOWER, Status.TIE})
_INDICATIVE = "There are no verdicts: a verdict needs more fresh starts than were made, so the numbers are indicative."
_BRACKETS = "A number in brackets, without a colour, bears no verdict, and the key below the fields says why."
_APART = (
    "Other class: programs used as they are written and compiled ones are ranked apart, in the tables, and NumPy is "
    "never ranked, so a target and a reference that are not ranked together have a ratio and no verdict."
)
_REST = (
    "A word in place of a number says what became of that target in that case. The cases differ in kind, so do not "
    "average a column."
)


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return the maps, or nothing where no target has a ratio to the reference."""
    rows = _rows(run)
    if all(shade.ratio is None for row in rows for shade in row.fields.values()):
        return []
    what = f"time over that of {visible(run.reference, 60)}"
    title = marked(f"All cases and targets: {what}", run)
    shown = drawn_of(rows)
    parts = parted(shown, CASES_A_PICTURE)
    reading = f"{_reading(run, shown)}{left_out(len(shown), len(rows))}"
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
    """Return one row a contest, in the order of the tables, whatever classes its arms are ranked in.

    An arm that is ranked in two classes has the verdict of the one that the reference is in as well.
    """
    names: dict[str, str] = {}
    fields: dict[str, dict[str, Shade]] = {key: {} for key in map(contest_of, run.arms)}
    for board in run.boards:
        for case in board.cases:
            names.setdefault(case.key, case.name)
            shades = fields.setdefault(case.key, {})
            for entry in case.entries:
                target = name_of(entry.arm)
                if target not in shades or shades[target].standing == OTHER_CLASS:
                    shades[target] = _shade(entry)
    return [Row(name=names[key], fields=shades) for key, shades in fields.items() if shades]


def _shade(entry: Entry) -> Shade:
    """Return what the table of a class says of an arm: its ratio with the verdict, or a word."""
    if entry.measured and entry.verdict == "reference":
        return Shade(standing="reference")
    beside = entry.beside_reference
    if beside is None or beside.ratio is None:
        return Shade(standing=gap(entry))
    return Shade(standing=entry.verdict, ratio=beside.ratio, low=beside.low, high=beside.high)


def _reading(run: RunFindings, rows: Sequence[Row]) -> str:
    met = {shade.standing for row in rows for shade in row.fields.values() if shade.ratio is not None}
    judged = (
        "The sign beside it says whether that is faster, slower or a tie. A tie means that the "
        f"{sureness(run)} interval of the ratio contains 1: this run could not tell the two apart."
    )
    how = (
        f"The number in a field is the time of that target divided by the time of {name(run.reference)} in the same "
        "case and the same repeats: 0.50 is half the time, 2.0 is twice."
    )
    told = [
        how,
        _INDICATIVE if is_indicative(run) else "",
        judged if met & _JUDGED else "",
        _BRACKETS if met - _JUDGED else "",
        _APART if OTHER_CLASS in met else "",
        _REST,
    ]
    return " ".join(filter(None, told))
