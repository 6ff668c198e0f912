"""Which processors this process may use."""

from __future__ import annotations

import os
from collections.abc import Sequence


def available_cpus() -> Sequence[int]:
    """Return the processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return range(os.cpu_count() or 1)
