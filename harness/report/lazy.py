"""Rows of long tables, made when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar, overload

from harness.report.content import Row

Item = TypeVar("Item")


class Rows(Sequence[Row]):
    """The rows of a long table, each made of an item when it is first looked at: a page shows the first of them."""

    def __init__(self, make: Callable[[Item], Row], items: Iterable[Item]) -> None:
        self._items = list(items)
        self._make = make
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._items)

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[Row, ...]: ...

    def __getitem__(self, at: int | slice) -> Row | tuple[Row, ...]:
        """Return a row, or several."""
        if isinstance(at, slice):
            return tuple(self[place] for place in range(len(self))[at])
        place = range(len(self))[at]
        if place not in self._made:
            self._made[place] = self._make(self._items[place])
        return self._made[place]

    def __iter__(self) -> Iterator[Row]:
        """Return all rows, one after another."""
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        """Whether two tables hold the same rows."""
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __repr__(self) -> str:
        """Return what a tuple of them would."""
        return repr(self[:])

    def __hash__(self) -> int:
        """Return a number that is equal where the rows are."""
        return hash(tuple(self))
