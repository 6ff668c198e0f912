"""Writing a run: everything is on the disk the moment it is known, and becomes a result only when whole.

::

    writer = RunWriter.begin(root, manifest, planned)     # fails here, before hours of measuring, or not at all
    writer.record(measurement)                            # in the journal when it returns
    writer.samples(samples)
    paths = writer.close("complete", {...})               # Parquet, then the manifest; the journal goes

Whatever happens in between, `harness.store.recover` makes a `partial` run of the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import InternalError, StoreError
from harness.store import files, rows
from harness.store.compact import compact
from harness.store.journal import Journal
from harness.store.layout import FOLDERS, Layout, RunPaths
from harness.store.manifest import REQUIRED, RESERVED, STATES, iso, plain_manifest
from harness.store.record import Measurement, Outcome, Sample
from harness.store.run_id import is_run_id

_SAMPLES_A_LINE = 8192


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RunWriter:
    """One run being written, by one process."""

    def __init__(self, layout: Layout, run_id: str, journal: Journal, planned: frozenset[rows.Key]) -> None:
        self.run_id = run_id
        self._layout = layout
        self._journal = journal
        self._planned = planned

    @classmethod
    def begin(cls, root: Path, manifest: Mapping[str, Any], planned: Sequence[Measurement]) -> RunWriter:
        """Open a run that will have exactly one row for each of `planned`.

        `manifest` needs ``run_id`` (`new_run_id`), ``suite`` and ``started_at``. A planned row is
        ``not-run``, or already settled (refused, unavailable); its outcome stands until `record`.
        """
        layout = Layout(Path(root))
        run_id = _checked_run_id(manifest)
        keys = _checked_plan(planned, run_id)
        begin = {"manifest": plain_manifest(manifest), "planned": [rows.encode_measurement(row) for row in planned]}
        for folder in FOLDERS:
            files.make_folder(layout.root / folder)
        if layout.manifest(run_id).exists():
            raise StoreError(f"there is a run {run_id} already in {root}", remedy="every run needs a name of its own")
        return cls(layout, run_id, Journal.create(layout.journal(run_id), {"begin": begin}), keys)

    def record(self, measurement: Measurement) -> None:
        """Keep the row of an arm, in place of what was said of that arm before."""
        rows.check_measurement(measurement, self.run_id)
        if measurement.key not in self._planned:
            raise InternalError(f"the arm {measurement.case!r} on {measurement.target!r} was not planned")
        self._journal.append({"measurement": rows.encode_measurement(measurement)}, durable=True)

    def note(self, manifest_updates: Mapping[str, Any]) -> None:
        """Keep what is known of the run before it ends, and would be lost with it."""
        values = plain_manifest(manifest_updates, reserved=(*RESERVED, "run_id"))
        self._journal.append({"note": values}, durable=True)

    def samples(self, samples: Sequence[Sample]) -> None:
        """Keep timed blocks: safe from a kill at once, and from a power cut with the next `record`."""
        strangers = rows.keys_of(samples) - self._planned
        if strangers:
            raise InternalError(f"samples of an arm that was not planned: {min(strangers)}")
        for start in range(0, len(samples), _SAMPLES_A_LINE):
            columns = rows.encode_samples(samples[start : start + _SAMPLES_A_LINE])
            self._journal.append({"samples": columns}, durable=False)

    def close(
        self,
        state: str,
        manifest_updates: Mapping[str, Any] | None = None,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> RunPaths:
        """Write the files of the run and remove its journal. After a `StoreError` the journal stays."""
        if state not in STATES:
            raise InternalError(f"a run ends as {' or '.join(STATES)}, not as {state!r}")
        ending = {"ended_at": iso(now())} | plain_manifest(manifest_updates or {}, reserved=(*RESERVED, "run_id"))
        self._journal.append({"end": {"state": state, "manifest": ending}}, durable=True)
        paths = compact(self._layout, self.run_id)
        self._journal.remove()
        return paths

    def release(self) -> None:
        """Let go of the run without finishing it: it can be recovered from now on."""
        self._journal.release()


def _checked_run_id(manifest: Mapping[str, Any]) -> str:
    missing = [name for name in REQUIRED if not manifest.get(name)]
    if missing:
        raise InternalError(f"a manifest needs {', '.join(missing)}")
    run_id = str(manifest["run_id"])
    if not is_run_id(run_id):
        raise InternalError(f"not a run id: {run_id!r}")
    return run_id


def _checked_plan(planned: Sequence[Measurement], run_id: str) -> frozenset[rows.Key]:
    for row in planned:
        rows.check_measurement(row, run_id)
        if row.outcome == Outcome.MEASURED:
            raise InternalError(f"the arm {row.case!r} on {row.target!r} is planned as measured")
    keys = frozenset(row.key for row in planned)
    if len(keys) < len(planned):
        raise InternalError(f"{len(planned) - len(keys)} arms are planned twice")
    return keys
