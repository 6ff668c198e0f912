"""Workloads by name, built-in and a stranger's alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.core import plugins
from harness.errors import UsageError
from harness.workloads.base import Workload


def workload_names() -> tuple[str, ...]:
    """Return the names of all installed workloads."""
    return plugins.names(plugins.WORKLOADS)


def find_workload(name: str) -> type[Workload]:
    """Return the class of the workload called `name`."""
    found = plugins.load(plugins.WORKLOADS, name)
    if not (isinstance(found, type) and issubclass(found, Workload)):
        raise UsageError(f"the workload {name!r} is not a Workload: {found!r}", remedy="repair or uninstall it")
    return found


def make_workload(name: str, values: Mapping[str, Any]) -> Workload:
    """Build the workload called `name`; raises `ParameterError` with all that does not fit."""
    return find_workload(name).make(values)
