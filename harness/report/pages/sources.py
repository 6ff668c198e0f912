"""Where every number comes from: the files, the keys of rows, the machine, and how to make and cite it again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from harness.core.target import shown_name
from harness.core.units import size
from harness.report.citation import citation
from harness.report.content import Block, Cell, Code, Fold, Prose, Row, Table, name
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.lazy import Rows
from harness.report.named import reference_of
from harness.report.pages.cells import DASH, columns, named, numbers, row_of, whole
from harness.report.pages.facts import fact
from harness.report.reproduce import Input, facts, inputs, own_command, reproduce
from harness.report.snippet import snippet
from harness.report.words import UNKNOWN
from harness.store.record import Measurement, Outcome

MOST_FACTS = 200  # a manifest may come from anywhere
MOST_SNIPPETS = 50


def environment(run: RunFindings) -> Iterator[Block]:
    """Yield a table of what the manifest and the rows say about where this was measured."""
    found = facts(run)
    left = len(found) - MOST_FACTS
    yield Table(
        name="environment",
        title="The machine, the versions and the settings",
        columns=columns("what", "value"),
        rows=tuple(Row(cells=(named(what), fact(what, value))) for what, value in found[:MOST_FACTS]),
        note=f"{left:,} more entries stand in the manifest of the run." if left > 0 else "",
    )


def sources(run: RunFindings) -> Iterator[Block]:
    """Yield the files of a run with their hashes, and the keys of its rows."""
    files = inputs(run)
    made = f"All numbers of this part are of the run {name(run.run_id)}"
    if files:
        hashes = "The hashes are those of its manifest; a file that has another is not read."
        yield Prose(text=f"{made}, and made of the files below. {hashes}")
        yield Table(
            name="files",
            title="The files of the run",
            columns=(*columns("file", "SHA-256"), *numbers({"size": "B", "rows": ""})),
            rows=tuple(map(_file_row, files)),
        )
    else:
        yield Prose(text=f"{made}. No manifest names its files, so there is no hash that they could be held against.")
    yield Fold(title="The row of every number", blocks=(_trace(run),))


def again(run: RunFindings) -> Iterator[Block]:
    """Yield the commands that measured this and made the page, and a suite for each case."""
    yield from reproduce(run, own_command(run.store, "report", run.called))
    chosen, cases = _one_a_case(run), defaultdict(list)
    for arm in run.arms:
        cases[arm.case_key].append(arm)
    folds = [_suite(arm, reference_of(cases[arm.case_key], arm)) for arm in chosen[:MOST_SNIPPETS]]
    left = len(chosen) - len(folds)
    more = [Prose(text=f"{left:,} more cases have none here; the suite of the run has them all.")] if left else []
    yield Fold(title="A suite for each case, to copy", blocks=(*folds, *more))


def cite(run: RunFindings) -> Iterator[Block]:
    """Yield what to write where these numbers are used."""
    yield Code(lines=citation(run))


def _value(value: str) -> str:
    return name(value) if value.strip() else UNKNOWN


def _file_row(file: Input) -> Row:
    bytes_ = DASH if file.bytes is None else Cell(text=size(file.bytes), value=file.bytes)
    return Row(cells=(named(file.path), Cell(text=_value(file.sha256)), bytes_, whole(file.rows)))


def _trace(run: RunFindings) -> Table:
    return Table(
        name="trace",
        title="Which row of the store holds the numbers of which arm",
        columns=columns("case", "row"),
        rows=Rows(lambda arm: row_of(arm, map(named, _keys(run, arm))), (arm for arm in run.arms if arm.replica == 0)),
        note=(
            "A row is called after its run, the key of its case, and its target. It is measured again, here or "
            f"elsewhere, by {name(own_command(run.store, 'replay', 'ROW'))}."
        ),
    )


def _keys(run: RunFindings, arm: Measurement) -> tuple[str, str]:
    row = f"{run.called}::{arm.case_key}::{shown_name(arm.target, arm.label)}"
    return case_of(arm), row


def _one_a_case(run: RunFindings) -> list[Measurement]:
    """Return an arm for each case: one that was measured beside the reference, where there is such a one."""
    chosen: dict[str, Measurement] = {}
    for arm in sorted(run.arms, key=lambda arm: _is_worth(arm, run), reverse=True):
        chosen.setdefault(arm.case_key, arm)
    return [chosen[key] for key in dict.fromkeys(arm.case_key for arm in run.arms)]


def _is_worth(arm: Measurement, run: RunFindings) -> tuple[bool, bool, bool]:
    return (arm.replica == 0, arm.outcome == Outcome.MEASURED, name_of(arm) != run.reference)


def _suite(arm: Measurement, reference: Measurement | None) -> Fold:
    lines = tuple(snippet(arm, reference).splitlines())
    return Fold(title=f"{name(arm.case)} on {name(name_of(arm))}", blocks=(Code(lines=lines, language="yaml"),))
