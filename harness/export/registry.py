"""Exporters by name, built-in and a stranger's alike.

An exporter is a function from a document of verdicts (``harness.verdicts/1`` of docs/formats.md, plain
values as JSON knows them) to the text of a file. It sees no class of the harness, so one that is written
today reads the documents of later versions too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.core import plugins
from harness.errors import UsageError

EXPORTERS = "harness.exporters"

Exporter = Callable[[Mapping[str, Any]], str]


def exporter_names() -> tuple[str, ...]:
    """Return the names of all installed exporters."""
    return plugins.names(EXPORTERS)


def find_exporter(name: str) -> Exporter:
    """Return the exporter called `name`."""
    found = plugins.load(EXPORTERS, name)
    if not callable(found):
        raise UsageError(f"the exporter {name!r} cannot be called: {found!r}", remedy="repair or uninstall it")
    return found


def export(name: str, document: Mapping[str, Any]) -> str:
    """Return `document` as the exporter called `name` writes it."""
    exporter = find_exporter(name)
    try:
        text: object = exporter(document)
    except Exception as error:  # the boundary to other people's packages: what they raise must name them
        raise UsageError(
            f"the exporter {name!r} failed: {type(error).__name__}: {error}", remedy="repair or uninstall it"
        ) from error
    if not isinstance(text, str):
        raise UsageError(f"the exporter {name!r} returned {type(text).__name__}, not a text", remedy="repair it")
    return text
