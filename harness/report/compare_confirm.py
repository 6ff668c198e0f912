"""What fresh processes said of differences that were flagged: the confirmation decides.

A run that confirms another names it in its manifest. The first that reached its end counts: whoever
may measure again until the answer pleases will be pleased.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.report.comparison import Comparison, Line, Page
from harness.store.layout import RUNS
from harness.store.runs import RunInfo, read_manifest


def confirmed_by(page: Page, confirmation: Page) -> Page:
    """Return `page` with each flagged difference that `confirmation` measured again decided by it."""
    found = {
        (line.case_key, line.case, line.base, line.new): (line, comparison.new.run_id)
        for comparison in confirmation.comparisons
        for line in comparison.lines
    }
    return replace(page, comparisons=tuple(_confirmed(comparison, found) for comparison in page.comparisons))


def confirming_run(info: RunInfo) -> RunInfo | None:
    """Return the first complete run beside `info` that measured its flagged differences again."""
    manifest = next(iter(info.paths.values()), Path()).parent.parent / RUNS / f"{info.run_id}.json"
    for path in sorted(manifest.parent.glob("[!.]*.json")):
        if path.name > manifest.name:
            try:
                found = read_manifest(path)
            except (OSError, ValueError):  # what is wrong with it is said where it is asked for
                continue
            if found.complete and found.confirms == info.run_id:
                return found
    return None


def _confirmed(comparison: Comparison, found: Mapping[tuple[str, str, str, str], tuple[Line, str]]) -> Comparison:
    by = ""
    lines = []
    for line in comparison.lines:
        again, run_id = found.get((line.case_key, line.case, line.base, line.new), (None, ""))
        if line.flagged and again is not None:
            lines.append(
                replace(line, confirmed=again.judgement, detail=again.detail or line.detail, withheld=again.withheld)
            )
            by = run_id
        else:
            lines.append(line)
    return replace(comparison, lines=tuple(lines), confirmed_by=by or comparison.confirmed_by)
