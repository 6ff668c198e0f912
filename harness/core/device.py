"""A device as a value: ``cpu``, ``gpu:0``, ``tpu:1``, ``mps``, ``xpu:0``, or a compile-only ``tpu-v5e``.

One vocabulary for all frameworks; each backend translates at its own edge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import UsageError

INDEXED = ("gpu", "tpu", "xpu")
SINGLE = ("cpu", "mps")
COMPILE_ONLY = ("tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e")
KINDS = (*SINGLE[:1], *INDEXED, *SINGLE[1:], *COMPILE_ONLY)

_ALIASES = {"cuda": "gpu"}
_PATTERN = re.compile(r"([a-z][a-z0-9-]*)(?::([0-9]{1,3}))?")


@dataclass(frozen=True, order=True)
class Device:
    """One device; `index` counts devices of the same kind and is 0 where there is only one."""

    kind: str
    index: int = 0

    @classmethod
    def parse(cls, text: str) -> Device:
        """Read ``gpu:1``; ``cuda:1`` means the same and ``gpu`` means ``gpu:0``."""
        match = _PATTERN.fullmatch(text)
        kind = _ALIASES.get(match[1], match[1]) if match else None
        if match is None or kind not in KINDS:
            raise UsageError(
                f"no such device: {text!r}", remedy=f"devices are {', '.join(KINDS)} (gpu:1 is the second GPU)"
            )
        if match[2] and kind not in INDEXED:
            raise UsageError(f"device {kind!r} has no number: {text!r}", remedy=f"write {kind!r}")
        return cls(kind, int(match[2] or 0))

    @property
    def compile_only(self) -> bool:
        """Whether programs can be compiled for this device here but not run."""
        return self.kind in COMPILE_ONLY

    def __str__(self) -> str:
        return f"{self.kind}:{self.index}" if self.kind in INDEXED else self.kind
