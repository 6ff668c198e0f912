"""What a training came to, for the record: its losses on the batches that are timed, and how far each part is off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.backends import learning, proof

if TYPE_CHECKING:
    from harness.backends.base import Backend, Prepared
    from harness.workloads.base import Workload
    from harness.workloads.bundle import Bundle

SHOWN = 20  # losses that are kept


def learned(backend: Backend[Any], workload: Workload, bundle: Bundle, prepared: Prepared[Any]) -> dict[str, Any]:
    """Return the columns of a row that only a training has."""
    errors = proof.errors_by_part(backend, workload, bundle, prepared)
    losses = learning.losses_of(backend, prepared, prepared.arguments, SHOWN)
    if prepared.reset is not None:
        prepared.reset()
    return {"losses": list(losses), **{f"{part}_error": error for part, error in errors.items()}}
