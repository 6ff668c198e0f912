"""Benchmark and compare PyTorch, JAX, TensorFlow and others on identical, proved work.

Importing this package loads nothing but itself: the command line must answer at once, and only a
worker process ever imports a framework. The names below are loaded when they are first used:
`run`, `load_suite`, `read`, `runs`, `load` and `Run` are the library (docs/api.md), the others are
what a file with one's own operations needs (docs/own-operations.md).
"""

from __future__ import annotations

TYPE_CHECKING = False  # what checkers take for true; importing `typing` for it would cost every command 10 ms

if TYPE_CHECKING:
    from harness.api import Run, load, load_suite, read, run, runs
    from harness.backends.base import Layout, Operation, Setting
    from harness.backends.decorators import implements, workload
    from harness.core.dtype import DType
    from harness.errors import HarnessError
    from harness.suite.model import Suite
    from harness.workloads.base import Problem, Tolerance, Workload, parameter
    from harness.workloads.differentiable import Differentiable

__all__ = [
    "DType",
    "Differentiable",
    "HarnessError",
    "Layout",
    "Operation",
    "Problem",
    "Run",
    "Setting",
    "Suite",
    "Tolerance",
    "Workload",
    "__version__",
    "implements",
    "load",
    "load_suite",
    "parameter",
    "read",
    "run",
    "runs",
    "workload",
]

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(("Run", "load", "load_suite", "read", "runs"), "harness.api"),
    **dict.fromkeys(("Layout", "Operation", "Setting"), "harness.backends.base"),
    **dict.fromkeys(("implements", "workload"), "harness.backends.decorators"),
    **dict.fromkeys(("Problem", "Tolerance", "Workload", "parameter"), "harness.workloads.base"),
    "DType": "harness.core.dtype",
    "Differentiable": "harness.workloads.differentiable",
    "HarnessError": "harness.errors",
    "Suite": "harness.suite.model",
}


if not TYPE_CHECKING:  # or a checker would believe that there is every name

    def __getattr__(name: str) -> object:
        """Load a name on first use."""
        import importlib

        if name == "run":  # a package that can be called: see harness/run/__init__.py
            return importlib.import_module("harness.run")
        if name not in _HOMES:
            raise AttributeError(f"module 'harness' has no attribute {name!r}")
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """Name what there is without loading it."""
    return sorted({*globals(), *__all__})
