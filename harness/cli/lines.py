"""The last place that all output passes: no line of it is an order to who reads along.

The runner of a workflow obeys lines that begin with ``::``, whoever wrote them, and suites, cases and errors may bear
any name. Commands of this tool write no such orders, so whatever looks like one is text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from harness.report.escape import harmless

_BEGUN = re.compile(r"\s*:?")  # a line that could still become an order
_INSIDE = "|"  # stands for a line of which something was written, and which cannot become one any more
_BREAKS = re.compile(r"[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


@contextmanager
def without_orders() -> Iterator[None]:
    """Have nothing that is printed meanwhile be an order."""
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", Harmless(stream)) for stream in kept)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept


class Harmless:
    """A stream like the one it writes to, but for lines that would be orders."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ""  # what has been written of the present one

    def write(self, text: str) -> int:
        """Write `text`, which may begin, or end, in the midst of a line."""
        if self._line == _INSIDE and not _BREAKS.search(text):  # most of what one writes
            self._stream.write(text)
            return len(text)
        whole = f"{self._line}{text}"
        self._stream.write(harmless(whole)[len(self._line) :])
        last = _BREAKS.split(whole)[-1]
        self._line = last if _BEGUN.fullmatch(last) else _INSIDE
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write some texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
