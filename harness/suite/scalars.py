"""Scalars by the YAML 1.2 core rules, which mean what they look like.

Under YAML 1.1, which the parser's own resolver follows, ``no`` is false, ``1:30`` is 90, ``010`` is
8 and ``1e-3`` is text. Numbers that cannot be meant (infinite, or too large for any count) and
numbers that read differently under the two versions are refused rather than interpreted.
"""

from __future__ import annotations

import math
import re

LARGEST = 2**63 - 1
_LONGEST = 32  # digits and all; what is longer is refused before it is converted

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_OCTAL_ONCE = re.compile(r"[-+]?0[0-9]+")

Scalar = str | int | float | bool | None


class ScalarRefused(Exception):
    """A scalar that looks like a number and cannot be used as one."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def read_scalar(text: str) -> Scalar:
    """Return what an unquoted scalar means."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text[0] in "tT"
    if _NOT_FINITE.fullmatch(text):
        raise ScalarRefused(f"{text} is not a finite number", "write a number")
    if _BASED.fullmatch(text):
        return _whole(text)
    if _INT.fullmatch(text):
        if _OCTAL_ONCE.fullmatch(text):
            hint = f"YAML readers disagree about leading zeros: write {text.lstrip('+-0') or '0'}"
            raise ScalarRefused(f"{_short(text)} has a leading zero", hint if len(text) <= _LONGEST else "leave it out")
        return _whole(text)
    return _real(text) if _FLOAT.fullmatch(text) else text


def _whole(text: str) -> int:
    value = int(text, 0) if len(text) <= _LONGEST else LARGEST + 1
    if abs(value) > LARGEST:
        raise ScalarRefused(f"{_short(text)} is too large", f"the largest number is {LARGEST}")
    return value


def _real(text: str) -> float:
    value = float(text) if len(text) <= 2 * _LONGEST else math.inf
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise ScalarRefused(f"{_short(text)} is too large or too long", f"the largest number is {LARGEST}")
    return value


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 8]}... ({len(text)} characters)"
