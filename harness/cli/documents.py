"""One JSON document on standard output, such as every reader of JSON takes.

Python writes `NaN` and `Infinity`, which JSON does not have: the error of an answer of another shape is infinite,
and the losses of a training that ran away are no numbers. They are printed as null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def show_document(values: Mapping[str, Any], *, indent: int | None = None, sort_keys: bool = False) -> None:
    """Print plain values as JSON."""
    print(json.dumps(sayable(values), indent=indent, sort_keys=sort_keys, allow_nan=False))


def sayable(value: Any) -> Any:
    """Return plain values without the numbers that JSON cannot say."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: sayable(each) for name, each in value.items()}
    return [sayable(each) for each in value] if isinstance(value, list | tuple) else value
