"""Columns for a terminal: aligned, without frames, so that they can be cut and sorted.

What stands in a cell may be somebody else's text, so nothing in it moves the cursor or ends the line.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.escape import visible


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """Return `rows` under `head`; the columns named in `right` are aligned to the right."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[index]) for row in (head, *rows)) for index in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(head, row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
