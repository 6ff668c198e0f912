"""Implementations that do not come with a backend: somebody's own workload in somebody else's framework.

A package offers one under the entry point ``BACKEND.WORKLOAD`` in the group
``harness.implementations``; a file given to ``--load`` registers one with a decorator. Either is a
`Maker`: it is called in the worker, so the framework is imported inside it.
"""

from __future__ import annotations

from typing import cast

from harness.backends.base import Maker
from harness.core import plugins


def is_offered(backend: str, workload: str) -> bool:
    """Tell whether there is one, importing nothing."""
    return name_of(backend, workload) in plugins.names(plugins.IMPLEMENTATIONS)


def stranger(backend: str, workload: str) -> Maker | None:
    """Return the one for `workload` in `backend`, or nothing."""
    if not is_offered(backend, workload):
        return None
    return cast("Maker", plugins.load(plugins.IMPLEMENTATIONS, name_of(backend, workload)))


def name_of(backend: str, workload: str) -> str:
    """Return the name under which it is offered."""
    return f"{backend}.{workload}"
