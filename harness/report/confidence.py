"""How sure the intervals of a run are: as its manifest says, where that can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.stats.estimate import CONFIDENCE, LEAST_CONFIDENCE, MOST_CONFIDENCE, believed_confidence


def confidence_of(manifest: Mapping[str, Any]) -> float:
    """Return the confidence of each interval: less of the error is left for each where a run was looked at often."""
    return believed_confidence(_told(manifest)) or CONFIDENCE


def doubt_about(manifest: Mapping[str, Any]) -> str:
    """Say so where intervals are not those that a manifest asks for, or nothing."""
    told = _told(manifest)
    if told is None or believed_confidence(told) is not None:
        return ""
    known = f"no number from {LEAST_CONFIDENCE:g} to {MOST_CONFIDENCE:g}"
    return f"its confidence is {known}, so intervals are of {CONFIDENCE:g}"


def _told(manifest: Mapping[str, Any]) -> object:
    measure = manifest.get("measure")
    return measure.get("confidence") if isinstance(measure, Mapping) else None
