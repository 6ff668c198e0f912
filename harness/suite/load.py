"""A suite from its YAML file, or everything that is wrong with it at once.

Guard (what may be read at all), structure (which keys, which types), names (targets, workloads,
parameters), expansion (cases): each step takes what the one before has left sound, so that one
mistake does not hide another. Nothing here imports a framework.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.core.units import read_seconds, read_share
from harness.suite.expand import expand
from harness.suite.identity import suite_hash
from harness.suite.model import Measure, Suite
from harness.suite.nodes import Findings
from harness.suite.schema import MeasureEntry
from harness.suite.sources import Source, read_sources
from harness.suite.targets import read_reference, read_targets

MOST_CASES = 10_000


def load_suite(path: str | os.PathLike[str], *, max_cases: int = MOST_CASES, overrides: Sequence[str] = ()) -> Suite:
    """Read, check and expand the suite at `path`; raises `SuiteError` with all its findings.

    `overrides` say something in its place: ``measure.profile=rigorous``.
    """
    findings = Findings()
    sources = read_sources(Path(path), findings, overrides)
    return suite_of(sources, max_cases, findings, overrides)


def suite_of(sources: list[Source], max_cases: int, findings: Findings, overrides: Sequence[str] = ()) -> Suite:
    """Check and expand what was read; raises `SuiteError` with everything in `findings`."""
    if not sources:
        findings.check()
    head = sources[0]
    read = None if head.targets is None else read_targets(head.targets, findings)
    reference = read_reference(head.reference, head.root.get("reference"), read, findings)
    cases = expand(sources, max_cases, findings)
    findings.check()
    suite = Suite(
        name=head.name,
        cases=cases,
        description=head.description.strip(),
        targets=None if read is None else tuple(target for target, _ in read),
        reference=reference,
        measure=_measure(head.measure),
        path=head.path,
        source=_whole_text(sources),
        overrides=tuple(overrides),
    )
    return replace(suite, hash=suite_hash(suite))


def _measure(entry: MeasureEntry) -> Measure:
    return Measure(
        profile=entry.profile,
        target_ci=read_share(entry.target_ci),
        margin=read_share(entry.margin),
        max_time_s=read_seconds(entry.max_time),
        threads=tuple(map(_number, entry.threads)) if isinstance(entry.threads, list) else _number(entry.threads),
        rounds=entry.rounds,
        seed=entry.seed,
    )


def _number(threads: str | int) -> int | None:
    """Return a number of threads; None is all."""
    return threads if isinstance(threads, int) else None


def _whole_text(sources: list[Source]) -> str:
    """Return the text that was read; included files follow, each under a comment that names it."""
    included = [f"\n# included: {source.path.name}\n{source.text}" for source in sources[1:]]
    return "".join([sources[0].text, *included])
