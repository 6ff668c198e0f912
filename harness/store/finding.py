"""What is odd about a file of the store: a value, for a report shows it and `store verify` counts it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class StoreFinding:
    """One file and what is the matter with it."""

    file: Path
    reason: str
    set_aside: bool  # whether nothing of the file was used; otherwise it is only worth knowing

    def __str__(self) -> str:
        return f"{self.file}: {'set aside: ' if self.set_aside else ''}{self.reason}"
