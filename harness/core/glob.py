"""Patterns with ``*`` and ``?`` over names that hold brackets, in time that no pattern can blow up.

The standard library's `fnmatch` reads ``square[m=128]`` as a set of characters, and turns stars into
a regular expression that backtracks. Here brackets are plain characters, and a star is tried again
from where it stood last, so that the work is at most length of the pattern times length of the name.

>>> matches("square[m=*]", "square[m=128]"), matches("square", "square[m=128]")
(True, False)
"""

from __future__ import annotations


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` is what `pattern` describes: ``*`` any characters, ``?`` any one."""
    at = place = 0
    star = resumed = -1
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resumed = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[place]):
            at += 1
            place += 1
        elif star >= 0:  # the last star takes one character more
            resumed += 1
            at, place = star + 1, resumed
        else:
            return False
    return all(char == "*" for char in pattern[at:])
