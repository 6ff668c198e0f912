"""Names in a column that is narrower than they are: cut in the middle, and never so that two become the same.

What tells targets apart stands at their ends: the backend at the one, the device at the other.

>>> list(fitted(["tensorflow.function@gpu:0", "tensorflow.function@gpu:1", "jax"], 13).values())
['tensor…@gpu:0', 'tensor…@gpu:1', 'jax']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.report.escape import visible


def fitted(names: Iterable[str], width: int) -> Mapping[str, str]:
    """Return what to show of each name in at most `width` letters, of which there are enough for a few digits."""
    known = {name: visible(name, len(name)) for name in dict.fromkeys(names)}
    long = [shown for shown in known.values() if len(shown) > width]
    for tail in _tails(width) if len(set(known.values())) == len(known) else ():
        cut = {shown: _cut(shown, width, tail) for shown in long}
        told = {name: cut.get(shown, shown) for name, shown in known.items()}
        if len(set(told.values())) == len(told):
            return told
    return dict(zip(known, _numbered(list(known.values()), width), strict=True))


def _tails(width: int) -> Iterator[int]:
    """Yield how many letters of the end may be kept: as many as of the beginning, then more, then fewer."""
    half = (width - 1) // 2
    yield from range(half, width)
    yield from reversed(range(half))


def _cut(text: str, width: int, tail: int) -> str:
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def _numbered(texts: Sequence[str], width: int) -> Iterator[str]:
    """Yield texts with a number where they would be what another one is already."""
    taken: set[str] = set()
    for text in texts:
        shown = text if len(text) <= width else _cut(text, width, (width - 1) // 2)
        number = 1
        while shown in taken:
            number += 1
            mark = f"…{number}"
            shown = f"{text[: width - len(mark)]}{mark}"
        taken.add(shown)
        yield shown
