"""How much host memory a process took at most while something was done, beyond what it held before.

Linux keeps the high-water mark of a process and lets the process itself set it back; elsewhere, and where
that is not allowed, nothing is told.
"""

from __future__ import annotations

from pathlib import Path

SET_BACK = "5"  # what /proc/PID/clear_refs takes for: begin the high-water mark anew


class HostMemory:
    """Watches from its making on."""

    def __init__(self, folder: Path = Path("/proc/self")) -> None:
        """Set the mark back and remember where it stands."""
        self._folder = folder
        self._before: int | None = None
        try:
            (folder / "clear_refs").write_text(SET_BACK)
        except OSError:
            return
        self._before = self._bytes("VmRSS")

    def grown(self) -> int | None:
        """Return how many bytes more than at the beginning were held at most."""
        most = self._bytes("VmHWM")
        if self._before is None or most is None:
            return None
        return max(0, most - self._before)

    def _bytes(self, field: str) -> int | None:
        try:
            lines = (self._folder / "status").read_text("ascii", "replace").splitlines()
        except OSError:
            return None
        for line in lines:
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) * 1024
        return None
