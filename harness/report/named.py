"""Rows by the names that people write: a case and a target, the beginning of a case's key, a line of a table.

A name is looked up as a whole and never taken apart, for a case may be called anything. What is not clear is
asked about, never guessed; only the reference steps back, for a row is asked for to see it beside that.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.target import shown_name
from harness.errors import NothingSelected, StoreError, UsageError
from harness.report.compare_load import Arm, Run, load_run
from harness.report.escape import visible
from harness.report.findings import case_of, contest_of, name_of
from harness.report.rows import measurements_of
from harness.store.lean import read_rows
from harness.store.read import read_measurements
from harness.store.record import Measurement
from harness.store.runs import PIN, find_runs

FORMS = "write RUN::CASE::TARGET, FILE.parquet::CASE::TARGET, the beginning of a case's key, or a line of a table"
MOST_COMPARED = 2000  # names among which a misspelt one is looked for
MOST_LISTED = 5

_BEGINNING = re.compile(r"[0-9a-f]{4,16}")
_KEY = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{16}(?![0-9A-Za-z])")
_RUN_ID = re.compile(r"[0-9]{8}T[0-9]{9}Z-[0-9a-f]{12}")
_LATEST = re.compile(r"latest(?:~[0-9]+)?")
_BETWEEN = re.compile(r"::|[|,\t]")


@dataclass(frozen=True, kw_only=True)
class Found:
    """A row, the run that holds it, and the row of its reference, where that was planned."""

    run: Run
    row: Measurement
    reference: Measurement | None
    notes: tuple[str, ...] = ()  # what is to be known of how it was found

    @property
    def arm(self) -> Arm:
        """The row as comparisons know it."""
        return _arm(self.run, self.row)

    @property
    def pair(self) -> tuple[Arm, Arm] | None:
        """The reference and the row, where they are two."""
        if self.reference is None or self.reference.key == self.row.key:
            return None
        return _arm(self.run, self.reference), self.arm


def find(root: Path, text: str) -> Found:
    """Return the row that `text` names, of a run below `root` or at a path, or raise and say what there is."""
    head, _, rest = text.partition("::")
    notes: tuple[str, ...] = ()
    if rest and _names_run(root, head):
        run = load_run(root, head)
        rows = _rows_of(root, run)
        row = row_named(rows, rest)
    elif _BEGINNING.fullmatch(head):
        run, notes = _newest_with(root, head)
        rows = _rows_of(root, run)
        row = row_named(rows, text)
    else:
        run, notes = _pasted_run(root, text)
        rows = _rows_of(root, run)
        row = _pasted_row(rows, text)
    return Found(run=run, row=row, reference=reference_of(rows, row), notes=(*run.problems, *notes))


def rows_named(rows: Sequence[Measurement], text: str) -> list[Measurement]:
    """Return the rows that `text` means: ``CASE`` or ``CASE::TARGET``, a case by its name, or its key's beginning.

    The copy of the reference is no row of its own here.
    """
    first = [row for row in rows if row.replica == 0]
    for targets in (_full_name, _names):
        found = [row for row in first if text in {f"{case}::{name}" for case in _cases(row) for name in targets(row)}]
        if found:
            return found
    found = [row for row in first if text in _cases(row)]
    key, _, target = text.partition("::")
    if not found and _BEGINNING.fullmatch(key):
        begun = [row for row in first if row.case_key.startswith(key)]
        found = _on(begun, {target}) if target else begun
    return found


def row_named(rows: Sequence[Measurement], text: str) -> Measurement:
    """Return the one row that `text` means, or raise."""
    found = rows_named(rows, text)
    if not found:
        raise nothing_called(rows, text)
    return _only(rows, found, text)


def reference_of(rows: Sequence[Measurement], row: Measurement) -> Measurement | None:
    """Return the row that `row` was held against: its reference, at equal threads; itself, where it is that."""
    contest = contest_of(row)
    near = [one for one in rows if one.case_key == row.case_key and one.replica == 0]
    beside = [one for one in near if contest_of(one) == contest]
    called = [one for one in beside if name_of(one) == row.reference]
    return next(iter(called or [one for one in beside if one.target == row.reference]), None)


def nothing_called(rows: Sequence[Measurement], text: str) -> NothingSelected:
    """Return the error that says what could have been meant."""
    known = list(dict.fromkeys(_called(row) for row in rows if row.replica == 0))[:MOST_COMPARED]
    near = difflib.get_close_matches(text[:200], known, n=1, cutoff=0.5)
    hint = f"did you mean {visible(near[0])}?" if near else f"names are such as {visible(next(iter(known), 'none'))}"
    return NothingSelected(f"no row is called {visible(text)}", remedy=hint)


# -- one row ---------------------------------------------------------------------------------------


def _called(row: Measurement) -> str:
    return f"{row.case}::{shown_name(row.target, row.label)}"


def _cases(row: Measurement) -> set[str]:
    return {row.case, case_of(row), row.case_key}


def _full_name(row: Measurement) -> set[str]:
    return {shown_name(row.target, row.label)}


def _names(row: Measurement) -> set[str]:
    """Return all that a row's target may be called where that is enough to tell it from the others."""
    plain = (row.target, row.label, row.backend, f"{row.backend}.{row.mode}", f"{row.backend}@{row.device}")
    return {name for name in (name_of(row), *plain) if name}


def _on(rows: Sequence[Measurement], names: Collection[str]) -> list[Measurement]:
    """Return those of `rows` whose target is among `names`."""
    wanted = set(names)
    exact = [row for row in rows if wanted & _full_name(row)]
    return exact or [row for row in rows if wanted & _names(row)]


def _only(rows: Sequence[Measurement], found: Sequence[Measurement], text: str) -> Measurement:
    """Return the one that is meant: where there are several, the reference is not."""
    beside = [row for row in found if reference_of(rows, row) is not row] if len(found) > 1 else found
    if len(beside) == 1:
        return beside[0]
    several = list(beside or found)
    listed = ", ".join(visible(_called(row)) for row in several[:MOST_LISTED])
    more = f" and {len(several) - MOST_LISTED} more" if len(several) > MOST_LISTED else ""
    raise UsageError(f"{visible(text)} means {len(several)} rows: {listed}{more}", remedy="name one of them")


def _arm(run: Run, row: Measurement) -> Arm:
    return next(arm for arm in run.arms if (arm.case_key, arm.target, arm.label, arm.replica) == row.key[1:])


# -- its run ---------------------------------------------------------------------------------------


def _rows_of(root: Path, run: Run) -> tuple[Measurement, ...]:
    return measurements_of(read_measurements(root, [run.info]).table)


def _names_run(root: Path, text: str) -> bool:
    """Whether `text` is to be looked up as a run, whatever comes of that."""
    if _LATEST.fullmatch(text) or text.startswith(PIN) or text.endswith((".parquet", ".json")):
        return True
    try:
        folder = bool(text) and Path(text).is_dir()
    except OSError:  # longer than any name of a file
        folder = False
    return folder or (bool(text) and any(run.run_id.startswith(text) for run in find_runs(root)))


def _newest_with(root: Path, key: str) -> tuple[Run, tuple[str, ...]]:
    """Return the newest complete run with a case whose key begins so; what repeated another run is passed over."""
    unread: list[str] = []
    for info in reversed(find_runs(root)):
        if not info.complete or info.again:
            continue
        try:
            rows, _ = read_rows(info, ("case_key",))
        except StoreError as error:
            unread.append(f"passed over: {error.message}")
            continue
        if any(str(row["case_key"]).startswith(key) for row in rows):
            return load_run(root, info.run_id), tuple(unread)
    raise NothingSelected(
        f"no complete run in {root} has a case whose key begins with {key}", remedy="name the run: RUN::CASE::TARGET"
    )


def _pasted_run(root: Path, text: str) -> tuple[Run, tuple[str, ...]]:
    """Return the run that a line of a table tells, or else the newest that has its case."""
    key, run_id = _KEY.search(text), _RUN_ID.search(text)
    if key is None:
        raise UsageError(f"no row is named by {visible(text)}", remedy=FORMS)
    return (load_run(root, run_id[0]), ()) if run_id else _newest_with(root, key[0])


def _pasted_row(rows: Sequence[Measurement], text: str) -> Measurement:
    """Return the row whose key and target stand in a line of a table."""
    keys = set(_KEY.findall(text))
    cases = [row for row in rows if row.replica == 0 and row.case_key in keys]
    if not cases:
        raise nothing_called(rows, text)
    fields = {field.strip(" `\"'") for field in _BETWEEN.split(text)}
    return _only(rows, _on(cases, fields) or cases, text)
