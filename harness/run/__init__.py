"""Running a suite: plan, session, workers. As ``harness.run(...)`` it is also the library's `run`.

A package and a function of one name cannot both be an attribute of `harness`: importing the package
would replace the function. So the package itself can be called.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that can be called; see `harness.api.run`."""

    def __call__(self, *what: Any, **options: Any) -> Any:
        """Measure, as `harness.api.run` says."""
        return importlib.import_module("harness.api").run(*what, **options)


sys.modules[__name__].__class__ = _Callable
