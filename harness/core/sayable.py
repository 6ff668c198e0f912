"""Plain values such as every reader of JSON takes.

Python writes `NaN` and `Infinity`, which JSON does not have: the error of an answer of another shape is infinite,
and the losses of a training that ran away are no numbers. Such a number is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def sayable(value: Any) -> Any:
    """Return plain values without the numbers that JSON cannot say."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: sayable(each) for name, each in value.items()}
    return [sayable(each) for each in value] if isinstance(value, (list, tuple)) else value
