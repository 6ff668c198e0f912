"""What is to be known before a page is read: which files were left out, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report.content import Bullets, Prose, Section, name, said
from harness.report.findings import Problem


def notes(problems: Sequence[Problem]) -> Iterator[Section]:
    """Yield what is to be known, where there is anything."""
    if problems:
        told = tuple(f"{name(problem.place)}: {said(problem.message)}" for problem in problems)
        blocks = (Prose(text="Files that need a look:"), Bullets(items=told))
        yield Section(anchor="notes", title="Before you read", blocks=blocks, level=2)
