"""How much of a page fits where only so many bytes are taken, as in the summary of a step of a workflow."""

from __future__ import annotations

from collections.abc import Sequence

BUDGET_BYTES = 60 << 10
SAID = 200  # bytes, for the sentence that says what is left out


def fitting(blocks: Sequence[str], budget: int) -> list[str]:
    """Return as many of `blocks`, the first ones, as fit into `budget` bytes with a sentence about the others."""
    kept: list[str] = []
    room = budget - SAID
    for block in blocks:
        room -= len(block.encode()) + 1
        if room < 0:
            break
        kept.append(block)
    return kept
