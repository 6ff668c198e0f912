"""What is not the same in several runs, as a sentence and as a table with a column for each run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.report.changes import NOTHING, OF_A_DEVICE, OF_THE_MACHINE, Difference
from harness.report.content import Cell, Column, Row, Table, link, name
from harness.report.findings import RunFindings
from harness.report.pages.cells import DASH, listed
from harness.report.pages.facts import fact

ANCHOR = "differences"
MOST = 60  # rows; manifests may come from anywhere

_ONE_MACHINE, _VERSIONS, _SETTINGS = "on one machine", "with the same versions", "in the same settings"
_KINDS = (_ONE_MACHINE, _VERSIONS, _SETTINGS)
_OF_SETTINGS = re.compile(r"machine\.environment\.|measure\.|.*threads$|env$|interpreter$|xla_flags$")
_OF_VERSIONS = re.compile(r"machine\.(?:python|packages)\.")


def unlike(found: Sequence[Difference]) -> Iterator[str]:
    """Say in a sentence in which way runs are not alike, where they are not."""
    kinds = {_kind(one) for one in found}
    if kinds:
        *others, last = [kind for kind in _KINDS if kind in kinds]
        told = f"{', '.join(others)} and {last}" if others else last
        so = "" if kinds == {_SETTINGS} else ", so times of one say nothing beside times of another"
        yield f"They were not all measured {told}{so}; see {link('what is not the same', ANCHOR)}."


def table_of(found: Sequence[Difference], runs: Sequence[RunFindings]) -> Table:
    """Return what differs between runs, a column for each of them."""
    left = len(found) - MOST
    heads = (Column(title=f"part {at}: {name(run.suite)}") for at, run in enumerate(runs, start=1))
    return Table(
        name="runs-differ",
        title="Machine, versions and settings, but for what is the same in all runs",
        columns=(Column(title="what"), *heads),
        rows=tuple(map(_row, found[:MOST])),
        note=(
            "A dash stands where a run has no such thing, or does not tell."
            + (f" {left:,} more entries stand in the manifests of the runs." if left > 0 else "")
        ),
    )


def _kind(one: Difference) -> str:
    if _OF_SETTINGS.match(one.what):
        return _SETTINGS
    of_machine = one.what.startswith((OF_THE_MACHINE, OF_A_DEVICE)) and not _OF_VERSIONS.match(one.what)
    return _ONE_MACHINE if of_machine and not one.who else _VERSIONS


def _row(one: Difference) -> Row:
    what = f"{listed(one.who)}: {name(one.what)}" if one.who else name(one.what)
    return Row(cells=(Cell(text=what), *(_cell(one.what, value) for value in one.values)))


def _cell(what: str, value: str) -> Cell:
    return DASH if value in ("", NOTHING) else fact(what, value)
