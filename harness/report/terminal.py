"""Results as plain text for a terminal, at most 100 columns wide: what `run` ends with and `show` prints.

Nothing here prints; every text ends with a line break.
"""

from __future__ import annotations

import json as jsonlib
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from harness.errors import NothingSelected
from harness.report import words
from harness.report.escape import visible
from harness.report.findings import Entry, RunFindings, case_of, contest_of, name_of
from harness.report.headline import headline
from harness.report.load import findings_of
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.report.verdicts import finite
from harness.store.read import resolve
from harness.store.record import Measurement, Outcome, Sample

COLUMNS = 100

_TIME, _SPREAD, _SPEED, _RATIO, _VERDICT = 8, 6, 13, 24, 14
_NAME = COLUMNS - sum((_TIME, _SPREAD, _SPEED, _RATIO, _VERDICT)) - 2 * 6  # two blanks before each column


def table_of(
    measurements: Sequence[Measurement],
    samples: Iterable[Sample] | pd.DataFrame | None = None,
    *,
    manifest: Mapping[str, Any] | None = None,
    state: str = "complete",
) -> str:
    """Return the results of one run: every planned arm by case, then what they say together."""
    if not measurements:
        return "no arms were planned\n"
    frame = samples if samples is None or isinstance(samples, pd.DataFrame) else sample_frame(samples)
    return "\n".join(_lines(summarise(measurements, frame, manifest=manifest, state=state, matrix=False))) + "\n"


def show_run(
    root: Path,
    name: str,
    *,
    json: bool = False,
    choose: Callable[[Sequence[Measurement]], Sequence[Measurement]] = tuple,
) -> str:
    """Return what the run called `name` says, as text or as one JSON document; `choose` may leave arms out."""
    from harness.report.findings import Problem

    problems: list[Problem] = []
    selection = resolve(root, name)
    found = findings_of(root, selection, problems, matrix=False)
    if found is None:
        reasons = "; ".join(f"{problem.place}: {problem.message}" for problem in problems)
        raise NothingSelected(f"the run {selection.run.run_id} cannot be shown: {reasons}")
    chosen = {arm.key for arm in choose(found.arms)}
    found = found.where(lambda arm: arm.key in chosen) if len(chosen) < len(found.arms) else found
    if json:
        return _document(found, problems)
    told = [f"look at {visible(problem.place)}: {visible(problem.message)}" for problem in problems]
    return "\n".join([*_lines(found), *told]) + "\n"


def _lines(run: RunFindings) -> Iterator[str]:
    partial = "" if run.state == "complete" else f" ({run.state})"
    yield _cut(f"{visible(run.suite)}, run {visible(run.run_id)}{partial}")
    entries = _entries(run)
    last = ""
    for arm in run.arms:
        if arm.replica:
            continue
        if contest_of(arm) != last:
            yield from ("", _cut(visible(case_of(arm))))
            last = contest_of(arm)
        yield _line(entries[arm.key])
    yield ""
    for said in headline(run, visible):
        yield from textwrap.wrap(said, COLUMNS, subsequent_indent="  ")


def _entries(run: RunFindings) -> dict[Any, Entry]:
    """Return one entry an arm. In two classes at once it says the same beside the reference, if that is there."""
    entries: dict[Any, Entry] = {}
    for board in run.boards:
        for case in board.cases:
            for entry in case.entries:
                if entries.get(entry.arm.key) is None or entry.verdict != "other class":
                    entries[entry.arm.key] = entry
    return entries


def _line(entry: Entry) -> str:
    arm = entry.arm
    name = f"  {_fit(visible(name_of(arm)), _NAME)}"
    if not entry.measured:
        detail = f": {visible(arm.detail)}" if arm.detail else ""
        codes = f" {', '.join(map(visible, arm.validity))}" if arm.outcome == Outcome.INVALID else ""
        return _cut(f"{name}  {arm.outcome}{codes}{detail}")
    cells = (
        f"{words.time(arm.time_s):>{_TIME}}",
        f"{_spread(arm):<{_SPREAD}}",
        f"{words.per_second(arm.flops_per_s, arm.bytes_per_s, arm.items_per_s, arm.items_name):>{_SPEED}}",
        f"{_ratio(entry):<{_RATIO}}",
        entry.verdict,
    )
    return _cut("  ".join((name, *cells)).rstrip())


def _spread(arm: Measurement) -> str:
    if arm.time_s and words.known(arm.time_low_s) and words.known(arm.time_high_s):
        return f"± {words.share((arm.time_high_s - arm.time_low_s) / 2 / arm.time_s)}"
    return ""


def _ratio(entry: Entry) -> str:
    beside = entry.beside_reference
    return f"x {words.ratio(beside.ratio, beside.low, beside.high)}" if beside else ""


def _document(run: RunFindings, problems: Sequence[Any]) -> str:
    entries = _entries(run)
    arms = [_sayable(asdict(arm)) | _judged(entries.get(arm.key)) for arm in run.arms]
    document = {
        "run_id": run.run_id,
        "suite": run.suite,
        "state": run.state,
        "reference": run.reference,
        "headline": headline(run, visible),
        "arms": arms,
        "problems": [{"file": problem.place, "reason": problem.message} for problem in problems],
    }
    return jsonlib.dumps(document, indent=2, default=_plain, allow_nan=False) + "\n"


def _sayable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: finite(value) if isinstance(value, float) else value for name, value in row.items()}


def _judged(entry: Entry | None) -> dict[str, Any]:
    beside = entry.beside_reference if entry else None
    return {
        "verdict": entry.verdict if entry and entry.measured else None,
        "ratio": finite(beside.ratio) if beside else None,
        "ratio_low": finite(beside.low) if beside else None,
        "ratio_high": finite(beside.high) if beside else None,
    }


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _fit(text: str, width: int) -> str:
    return f"{text[: width - 1]}…" if len(text) > width else f"{text:<{width}}"


def _cut(line: str) -> str:
    return f"{line[: COLUMNS - 1]}…" if len(line) > COLUMNS else line
