"""A table in Markdown, from cells that are Markdown already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

LEFT, RIGHT = ":--", "--:"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[int] = ()) -> Iterator[str]:
    """Yield the lines of a table; columns of numbers, named by `right`, stand to the right."""
    yield _row(headers)
    yield _row([RIGHT if at in right else LEFT for at in range(len(headers))])
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
