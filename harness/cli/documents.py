"""One JSON document on standard output, such as every reader of JSON takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.core.sayable import sayable


def show_document(values: Mapping[str, Any], *, indent: int | None = 2, sort_keys: bool = False) -> None:
    """Print plain values as JSON; without `indent` in one line."""
    print(document_text(values, indent=indent, sort_keys=sort_keys), end="")


def document_text(values: Mapping[str, Any], *, indent: int | None = 2, sort_keys: bool = False) -> str:
    """Return plain values as JSON, with the end of the line."""
    return json.dumps(sayable(values), indent=indent, sort_keys=sort_keys, allow_nan=False) + "\n"
