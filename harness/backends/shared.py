"""What the backends have in common, knowing no framework."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from harness.core.dtype import DType


def each(value: Any) -> tuple[Any, ...]:
    """Return an output, or arguments, as a tuple of arrays."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def is_short(dtype: DType) -> bool:
    """Whether sums of this type are kept in float32 under ``ieee``."""
    return dtype in (DType.BFLOAT16, DType.FLOAT16)


def processor_name() -> str:
    """Return what the CPU calls itself."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("model name", "Processor", "cpu model"):
                return value.strip()
    return platform.processor() or platform.machine()
