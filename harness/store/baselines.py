"""Baselines: runs with a name of their own, pinned in a text file that is meant to be reviewed and committed.

``results/baselines.json`` lies beside the results. An entry says which run is meant, the SHA-256 of
its files and why it was chosen, so a baseline cannot change without a line in a review. Who set it is
not recorded: the history of the file knows. ``pin:NAME`` then names the run wherever a run is named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core.plugins import suggestion
from harness.errors import StoreError, UsageError
from harness.store import files
from harness.store.baseline_text import MOST_BYTES, Baseline, entry_of, mistakes_of, read_text, to_text
from harness.store.layout import MEASUREMENTS, TABLES, Layout
from harness.store.lock import locked
from harness.store.runs import RunInfo, read_manifest

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "baselines.json"
MAX_AGE_DAYS = 90

_LOCK = ".baselines.lock"


def read_baselines(root: Path) -> dict[str, Baseline]:
    """Return the baselines of a store by name; none where there is no file."""
    path = Path(root) / FILE
    with files.storing(path, doing="read"):
        try:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return {}
    return read_text(data, str(path))


def set_baseline(
    root: Path,
    name: str,
    run: RunInfo,
    *,
    reason: str,
    max_age_days: int = MAX_AGE_DAYS,
    replace: bool = False,
    now: datetime | None = None,
) -> Baseline:
    """Pin `run` under `name` and return what was written; another run under that name stays, unless told."""
    root = Path(root)
    baseline = _baseline(root, run, reason=reason, max_age_days=max_age_days, now=now or datetime.now(UTC))
    wrong = list(mistakes_of(name, entry_of(baseline)))
    if wrong:
        raise UsageError("\n".join(wrong), remedy='python -m harness baseline set NAME RUN --reason "why this run"')
    with locked(root / _LOCK, what="somebody else is changing the baselines"):
        known = read_baselines(root)
        if name in known and not replace:
            raise UsageError(
                f"{name!r} is a baseline already, the run {known[name].run_id}", remedy="say --replace to replace it"
            )
        files.write_whole(root / FILE, to_text(known | {name: baseline}))
    return baseline


def remove_baseline(root: Path, name: str) -> Baseline:
    """Take the baseline `name` out of the file and return what it was; its run stays where it is."""
    root = Path(root)
    _find(root, name)  # before a lock is made in a folder that has no baselines
    with locked(root / _LOCK, what="somebody else is changing the baselines"):
        known = read_baselines(root)
        baseline = _known(known, name, root)
        files.write_whole(root / FILE, to_text({other: kept for other, kept in known.items() if other != name}))
    return baseline


def find_baseline(root: Path, name: str) -> Baseline:
    """Return what is pinned under `name`, or raise and say which names there are."""
    return _find(Path(root), name)


def pinned(root: Path, name: str) -> RunInfo:
    """Return the run that is pinned under `name`, or raise where it is no longer the run that was pinned."""
    baseline = _find(Path(root), name)
    wrong = differences(root, baseline)
    if wrong:
        raise StoreError(
            f"the baseline {name!r} is the run {baseline.run_id}, and {'; '.join(wrong)}",
            remedy="bring the files back that were pinned; or pin what is there, which `store migrate` may have "
            f'rewritten: python -m harness baseline set {name} RUN --replace --reason "..."',
        )
    return read_manifest(Layout(Path(root)).manifest(baseline.run_id))


def differences(root: Path, baseline: Baseline) -> list[str]:
    """Return what is not as it was when the run was pinned; nothing where all is."""
    manifest = Layout(Path(root)).manifest(baseline.run_id)
    try:
        run = read_manifest(manifest)
    except FileNotFoundError:
        return [f"{manifest} is gone"]
    except (OSError, ValueError) as error:
        return [f"{manifest} cannot be used: {error}"]
    return list(_differences(run, baseline.suite_hash, baseline.sha256))


def age_note(name: str, baseline: Baseline, now: datetime | None = None) -> str:
    """Say that a baseline is older than it may be, or nothing."""
    age = (now or datetime.now(UTC)) - baseline.set_at
    if age <= timedelta(days=baseline.max_age_days):
        return ""
    return (
        f"the baseline {name} was set {age.days} days ago and is meant for {baseline.max_age_days}: "
        "measure and pin a new one, or set it again with a reason why it still holds"
    )


def _find(root: Path, name: str) -> Baseline:
    return _known(read_baselines(root), name, root)


def _known(known: Mapping[str, Baseline], name: str, root: Path) -> Baseline:
    if name in known:
        return known[name]
    begin = 'nothing is pinned here: python -m harness baseline set NAME RUN --reason "..."'
    raise UsageError(
        f"no pin is named {name!r} in {root / FILE}", remedy=suggestion(name, tuple(known)) if known else begin
    )


def _baseline(root: Path, run: RunInfo, *, reason: str, max_age_days: int, now: datetime) -> Baseline:
    if not run.complete:
        raise UsageError(f"{run.title} is no baseline", remedy="pin a run that reached its end and has its manifest")
    if run.paths[MEASUREMENTS].resolve() != Layout(root).table(MEASUREMENTS, run.run_id).resolve():
        raise UsageError(
            f"the run {run.run_id} does not lie in {root}", remedy="copy its three files there, or name its --results"
        )
    sha256 = {name: _sha256(run.paths[name]) for name in TABLES}
    wrong = list(_differences(run, run.suite_hash, sha256))
    if wrong:
        raise StoreError(f"cannot pin {run.run_id}: {'; '.join(wrong)}", remedy="python -m harness store verify")
    rows = _rows(root, run)
    return Baseline(
        run_id=run.run_id,
        suite=run.suite,
        suite_hash=run.suite_hash,
        sha256=sha256,
        env_ids=tuple(sorted(set(rows["env_id"].drop_null().to_pylist()))),
        harness_version=", ".join(sorted(set(rows["harness_version"].to_pylist()))),
        method_version=max(rows["method_version"].to_pylist()),
        reason=reason,
        set_at=now,
        max_age_days=max_age_days,
    )


def _rows(root: Path, run: RunInfo) -> pa.Table:
    """Return the arms of a run that is fit to be pinned."""
    from harness.store.read import read_measurements

    loaded = read_measurements(root, [run])
    harmed = [finding.reason for finding in loaded.findings if finding.set_aside]
    if harmed or not loaded.table.num_rows:
        raise StoreError(
            f"cannot pin {run.run_id}: {'; '.join(harmed) or 'it has no row'}", remedy="python -m harness store verify"
        )
    return loaded.table


def _differences(run: RunInfo, suite_hash: str, sha256: Mapping[str, str]) -> Iterator[str]:
    if run.suite_hash != suite_hash:
        yield "its manifest names another suite hash"
    for table in TABLES:
        there = _sha256(run.paths[table])
        if not there:
            yield f"{run.paths[table]} is gone"
        elif there != sha256[table]:
            yield f"{run.paths[table]} is another file"
        elif there not in run.files[table].sha256:
            yield f"{run.paths[table]} is not the file of its manifest"


def _sha256(path: Path) -> str:
    """Return the hash of a file, or nothing where it is gone."""
    with files.storing(path, doing="read"):
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            return ""
