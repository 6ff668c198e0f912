"""What is to be known of a page before anything on it: several runs, other machines, files that were left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report.content import Block, Bullets, Prose, Section, name, said
from harness.report.findings import Problem, RunFindings
from harness.report.load import Reported
from harness.report.pages.cells import listed


def notes(reported: Reported) -> Iterator[Section]:
    """Yield the section that comes first, where there is anything to say."""
    blocks = (*_mixed(reported.runs), *_problems(reported.problems))
    if blocks:
        yield Section(anchor="notes", title="Before you read", blocks=blocks, level=2)


def _mixed(runs: Sequence[RunFindings]) -> Iterator[Block]:
    """Say what does not go together; a number of two runs is made nowhere."""
    if len(runs) > 1:
        yield Prose(text=f"{len(runs)} runs, each in a part of its own: numbers of different runs are never mixed.")
    methods = sorted({arm.method_version for run in runs for arm in run.arms})
    if len(methods) > 1:
        versions = " and version ".join(map(str, methods))
        yield Prose(
            text=f"The method of measuring is not the same everywhere (version {versions}): what was measured in one "
            "way says nothing beside what was measured in another."
        )
    machines = [{arm.env_id for arm in run.arms if arm.env_id} for run in runs]
    if any(one != machines[0] for one in machines):
        yield Prose(
            text="The runs are not all of one machine in one setting "
            f"({listed(sorted(set().union(*machines)))}): times of one say nothing beside times of another."
        )


def _problems(problems: Sequence[Problem]) -> Iterator[Block]:
    if problems:
        yield Prose(text="Files that need a look:")
        yield Bullets(items=tuple(f"{name(problem.place)}: {said(problem.message)}" for problem in problems))
