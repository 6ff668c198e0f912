"""Numbers to text and back: seconds, FLOP/s, bytes, shares. Pure and without state.

>>> seconds(0.00123)
'1.23 ms'
>>> rate(1.5e12, "FLOP/s")
'1.50 TFLOP/s'
>>> size(65536)
'64 KiB'
>>> read_seconds("20s"), read_share("1%"), read_bytes("2GiB")
(20.0, 0.01, 2147483648)
"""

from __future__ import annotations

import math
import re

from harness.errors import UsageError

_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_RATES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_SIZES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([A-Za-zµ%]+)")


def significant(value: float, digits: int = 3) -> str:
    """Return `value` with `digits` significant digits and no exponent."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")  # 0.9996 is 1.00, not 1.000
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    return f"{value:.{decimals}f}"


def seconds(value: float) -> str:
    """Return a duration for people."""
    for unit, name in _TIMES:
        if abs(value) >= unit * 0.9995:
            return f"{significant(value / unit)} {name}"
    return f"{significant(value / 1e-9)} ns"


def rate(value: float, unit: str) -> str:
    """Return a rate for people, with a decimal prefix."""
    for factor, prefix in _RATES:
        if abs(value) >= factor * 0.9995:
            return f"{significant(value / factor)} {prefix}{unit}"
    return f"{significant(value)} {unit}"


def size(value: int) -> str:
    """Return a number of bytes for people, with a binary prefix."""
    factor, name = next((pair for pair in _SIZES if value >= pair[0]), _SIZES[-1])
    exact, rest = divmod(value, factor)
    return f"{exact} {name}" if rest == 0 else f"{significant(value / factor)} {name}"


def read_seconds(text: str) -> float:
    """Read ``20s``, ``500ms`` or ``10m``."""
    return _read(text, _SECONDS, "a duration such as 20s, 500ms or 10m")


def read_share(text: str) -> float:
    """Read ``1%`` or ``0.5%``."""
    return _read(text, {"%": 0.01}, "a share such as 1%")


def read_bytes(text: str) -> int:
    """Read ``64KiB`` or ``2GiB``."""
    return round(_read(text, _BYTES, "a size such as 64KiB or 2GiB"))


def _read(text: str, units: dict[str, float] | dict[str, int], wanted: str) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None or match[2] not in units:
        raise UsageError(f"{text[:40]!r} is not {wanted}", remedy=f"units: {', '.join(units)}")
    return float(match[1]) * units[match[2]]
