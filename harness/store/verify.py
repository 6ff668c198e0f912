"""Is everything that was saved still there and unharmed? Reads all of it, changes none of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.store.finding import StoreFinding
from harness.store.layout import TABLES
from harness.store.read import Loaded, read_measurements, read_samples, unlisted
from harness.store.recover import JournalState, journals, state_of
from harness.store.runs import RunInfo, scan

_KEY = ("case_key", "target", "label", "replica")
_ADVICE = {
    JournalState.LIVE: "a run is under way",
    JournalState.ABANDONED: "a run was killed; python -m harness store recover makes a partial run of it",
    JournalState.DAMAGED: "a run was killed, and its journal cannot be read from its first line on",
}


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was looked at, and what is wrong with it."""

    runs: int
    measurements: int
    samples: int
    findings: tuple[StoreFinding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing had to be set aside."""
        return not any(finding.set_aside for finding in self.findings)


def verify(root: Path) -> Verification:
    """Check every run of a store: hashes, checksums, types, counts, and that the tables agree."""
    found = scan(root)
    rows, samples, findings = 0, 0, [*found.findings, *_strays(Path(root), found.runs)]
    for run in found.runs:
        measured, timed = read_measurements(root, [run]), read_samples(root, [run])
        rows += measured.table.num_rows
        samples += timed.table.num_rows
        findings += [*measured.findings, *timed.findings]
        if not (_set_aside(measured) or _set_aside(timed)):
            findings += _disagreements(run, measured, timed)
    return Verification(runs=len(found.runs), measurements=rows, samples=samples, findings=tuple(findings))


def _set_aside(loaded: Loaded) -> bool:
    return any(finding.set_aside for finding in loaded.findings)


def _disagreements(run: RunInfo, measured: Loaded, timed: Loaded) -> Iterator[StoreFinding]:
    manifest = run.paths["measurements"].parent.parent / "runs" / f"{run.run_id}.json"
    outcomes = Counter(measured.table["outcome"].to_pylist())
    if outcomes != Counter(run.arms):
        yield StoreFinding(
            file=manifest, reason=f"it counts {dict(run.arms)}, and there are {dict(outcomes)}", set_aside=True
        )
    arms = timed.table.select(_KEY).group_by(list(_KEY)).aggregate([])
    strangers = arms.join(measured.table.select(_KEY), keys=list(_KEY), join_type="left anti").num_rows
    if strangers:
        yield StoreFinding(
            file=run.paths["samples"], reason=f"samples of {strangers} arms that have no measurement", set_aside=True
        )


def _strays(root: Path, runs: tuple[RunInfo, ...]) -> Iterator[StoreFinding]:
    for name in TABLES:
        yield from unlisted(root, name, runs)
    for path in journals(root):
        state = state_of(path)
        yield StoreFinding(file=path, reason=_ADVICE[state], set_aside=state is JournalState.DAMAGED)
