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

from harness.core.sayable import sayable
from harness.errors import NothingSelected
from harness.report import words
from harness.report.answers import first_sentence, machine_line, ranking_lines
from harness.report.content import plain
from harness.report.escape import harmless, visible
from harness.report.findings import Entry, RunFindings, case_of, contest_of, name_of
from harness.report.fitted import fitted
from harness.report.headline import besides, headline, stopped
from harness.report.leads import capital
from harness.report.load import findings_of
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.report.trust import light
from harness.store.read import resolve
from harness.store.record import Measurement, Outcome, Sample

COLUMNS = 100

_GAP = "  "  # before each column
_USUAL = (8, 7, 13, 24, 14)  # time, its spread, speed, ratio, verdict: what they take where names need the rest
_ITEMS = 13  # letters of what is counted a second
_TO_THE_RIGHT = (True, False, True, False, False)
_LONGEST_NAME = COLUMNS // 2  # a reason may stand beside it


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
    yield from _table(run)
    yield ""
    for said in _said(run):
        yield from map(_cut, textwrap.wrap(plain(said), COLUMNS, subsequent_indent="  "))


def _said(run: RunFindings) -> Iterator[str]:
    """Yield what a run says on the whole, in the words of its page."""
    trust = light(run)
    yield from stopped(run)
    yield first_sentence(run)
    yield f"{capital(trust.trust.word)}: {trust.text}"
    yield from ranking_lines(run)
    yield from besides(run, visible)
    yield machine_line(run)


def _entries(run: RunFindings) -> dict[Any, Entry]:
    """Return one entry an arm. In two classes at once it says the same beside the reference, if that is there."""
    entries: dict[Any, Entry] = {}
    for board in run.boards:
        for case in board.cases:
            for entry in case.entries:
                if entries.get(entry.arm.key) is None or entry.verdict != "other class":
                    entries[entry.arm.key] = entry
    return entries


def _table(run: RunFindings) -> Iterator[str]:
    """Yield the arms by case, in columns as wide as they have to be; names get what the others leave."""
    entries = _entries(run)
    shown = [entries[arm.key] for arm in run.arms if not arm.replica]
    cells = [_cells(entry) for entry in shown]
    wanted = [max((len(one[at]) for one in cells if one), default=0) for at in range(len(_USUAL))]
    widths = [min(pair) for pair in zip(wanted, _USUAL, strict=True)]
    left = COLUMNS - len(_GAP) - sum(len(_GAP) + width for width in widths)
    names = fitted([name_of(entry.arm) for entry in shown], min(left, _LONGEST_NAME))
    widest = max(map(len, names.values()), default=0)
    if sum(wanted) - sum(widths) <= left - widest:
        widths = wanted
    last = ""
    for entry, told in zip(shown, cells, strict=True):
        if contest_of(entry.arm) != last:
            yield from ("", _cut(visible(case_of(entry.arm))))
            last = contest_of(entry.arm)
        placed = _placed(told, widths) if told else [_ended(entry.arm)]
        yield _cut(_GAP.join(("", f"{names[name_of(entry.arm)]:<{widest}}", *placed)).rstrip())


def _cells(entry: Entry) -> tuple[str, ...]:
    """Return what stands beside the name of an arm with a time."""
    arm = entry.arm
    if not entry.measured:
        return ()
    items = visible(arm.items_name, _ITEMS) if arm.items_name else None
    return (
        words.time(arm.time_s),
        _spread(arm),
        words.per_second(arm.flops_per_s, arm.bytes_per_s, arm.items_per_s, items),
        _ratio(entry),
        entry.verdict,
    )


def _placed(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, _TO_THE_RIGHT, strict=True)
    ]


def _ended(arm: Measurement) -> str:
    """Say why an arm has no time."""
    detail = f": {visible(arm.detail)}" if arm.detail else ""
    codes = f" {', '.join(map(visible, arm.validity))}" if arm.outcome == Outcome.INVALID else ""
    return f"{visible(arm.outcome)}{codes}{detail}"


def _spread(arm: Measurement) -> str:
    if arm.time_s and words.known(arm.time_low_s) and words.known(arm.time_high_s):
        return f"± {words.share((arm.time_high_s - arm.time_low_s) / 2 / arm.time_s)}"
    return ""


def _ratio(entry: Entry) -> str:
    beside = entry.beside_reference
    return f"x {words.ratio(beside.ratio, beside.low, beside.high)}" if beside else ""


def _document(run: RunFindings, problems: Sequence[Any]) -> str:
    entries = _entries(run)
    arms = [asdict(arm) | _judged(entries.get(arm.key)) for arm in run.arms]
    document = {
        "run_id": run.run_id,
        "suite": run.suite,
        "state": run.state,
        "reference": run.reference,
        "headline": headline(run, visible),
        "arms": arms,
        "problems": [{"file": problem.place, "reason": problem.message} for problem in problems],
    }
    return jsonlib.dumps(sayable(document), indent=2, default=_plain, allow_nan=False) + "\n"


def _judged(entry: Entry | None) -> dict[str, Any]:
    beside = entry.beside_reference if entry else None
    return {
        "verdict": entry.verdict if entry and entry.measured else None,
        "ratio": beside.ratio if beside else None,
        "ratio_low": beside.low if beside else None,
        "ratio_high": beside.high if beside else None,
    }


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _cut(line: str) -> str:
    """Return a line that is not too long, and no order to who reads along."""
    told = harmless(line)
    return f"{told[: COLUMNS - 1]}…" if len(told) > COLUMNS else told
