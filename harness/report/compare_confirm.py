"""What fresh processes said of differences that were flagged: the confirmation decides.

A run that measured differences of another again names it in its manifest, and tells what the targets of the
runs compared are called in it. Of each difference the first such run that reached its end and has it counts:
whoever may measure again until the answer pleases will be pleased.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from harness.report.compare_build import lines_of
from harness.report.compare_judge import Pair, Terms, terms_of
from harness.report.compare_load import Run, arms_of
from harness.report.comparison import Comparison, Line, Page
from harness.stats.verdict import Verdict
from harness.store.layout import RUNS
from harness.store.record import Outcome
from harness.store.runs import RunInfo, read_manifest

NAMES = "confirms_names"  # in a manifest: by run, what the targets of the runs compared are called there

Key = tuple[str, str, str]  # the case, and the arms beside each other


def decided(page: Page, *runs: RunInfo) -> Page:
    """Return `page` with its flagged differences decided by what measured them again, the first run that has each."""
    if seen_once(page):
        for again in confirming_runs(*runs):
            page = decided_by(page, again)
    return page


def decided_by(page: Page, again: RunInfo) -> Page:
    """Let the run `again` decide what is open of `page`. All pairs of the page that it has are one family."""
    called = {_key(line): _called(again, one, line) for one in page.comparisons for line in one.lines}
    if not any(all(called[_key(line)]) for line in seen_once(page)):
        return page
    run = arms_of(again)
    arms = {(arm.case_key, arm.full_name): arm for arm in run.arms if arm.replica == 0}
    pairs: dict[Key, Pair] = {}
    for key, names in called.items():
        base, new = (arms.get((key[0], name)) for name in names)
        if base is not None and new is not None and base is not new:
            pairs[key] = (base, new)
    lines = lines_of(run, list(pairs.values()), _terms(page, run))
    found = {key: _lost(line, pairs[key]) for key, line in zip(pairs, lines, strict=True) if line is not None}
    return replace(page, comparisons=tuple(_decided(one, found, again.run_id) for one in page.comparisons))


def interrupted(page: Page) -> Page:
    """Return `page`, what is open of it marked: measuring it again did not reach its end, so nothing is decided."""
    return replace(
        page,
        comparisons=tuple(
            replace(one, lines=tuple(replace(line, stopped=line.seen_once) for line in one.lines))
            for one in page.comparisons
        ),
    )


def seen_once(page: Page) -> list[Line]:
    """Return the differences of a page that nobody has measured again."""
    return [line for one in page.comparisons for line in one.lines if line.seen_once]


def confirming_runs(*runs: RunInfo) -> Iterator[RunInfo]:
    """Yield the complete runs beside `runs` that measured differences of one of them again, the earliest first."""
    confirmed = {info.run_id for info in runs}
    folders = {next(iter(info.paths.values()), Path()).parent.parent / RUNS for info in runs}
    later = {path.name: path for folder in folders for path in folder.glob("[!.]*.json") if path.stem > min(confirmed)}
    for _, path in sorted(later.items()):
        try:
            found = read_manifest(path)
        except (OSError, ValueError):  # what is wrong with it is said where it is asked for
            continue
        if found.complete and found.confirms in confirmed:
            yield found


def _key(line: Line) -> Key:
    return (line.case_key, *line.arms)


def _called(again: RunInfo, one: Comparison, line: Line) -> tuple[str, str]:
    """Return what `again` calls the two arms of a line; nothing where it did not measure that target of that run."""
    base, new = (_name(again, side.run_id, name) for side, name in zip((one.base, one.new), line.arms, strict=True))
    return base, new


def _name(again: RunInfo, run_id: str, name: str) -> str:
    told = again.manifest.get(NAMES)
    if told is None:  # by a harness that did not tell yet
        return name if run_id == again.confirms else ""
    names = told.get(run_id) if isinstance(told, Mapping) else None
    found = names.get(name) if isinstance(names, Mapping) else None
    return found if isinstance(found, str) else ""


def _terms(page: Page, run: Run) -> Terms:
    """Return the terms by which the page was judged, as sure as the run allows."""
    first = page.comparisons[0]
    margins = {line.case_key: line.judgement.margin for one in page.comparisons for line in one.lines}
    return terms_of(run, run, first.margin, margins, first.correction)


def _lost(line: Line, pair: Pair) -> Line:
    """Return a line of a confirming run: a base that has no time there makes nothing new, it was lost."""
    if line.verdict is not Verdict.NEW:
        return line
    lost = Verdict.FAILED if pair[0].outcome == Outcome.FAILED else Verdict.MISSING
    return replace(line, judgement=replace(line.judgement, verdict=lost))


def _decided(one: Comparison, found: Mapping[Key, Line], run_id: str) -> Comparison:
    lines = tuple(
        _confirmed(line, found[_key(line)], run_id) if line.seen_once and _key(line) in found else line
        for line in one.lines
    )
    if lines == one.lines:
        return one
    return replace(one, lines=lines, confirmed_by=", ".join(filter(None, (one.confirmed_by, run_id))))


def _confirmed(line: Line, again: Line, run_id: str) -> Line:
    return replace(
        line,
        confirmed=again.judgement,
        confirmed_by=run_id,
        detail=again.detail or line.detail,
        withheld=again.withheld,
        stopped=False,
    )
