"""One's own operation in a few lines: ``@harness.workload`` and ``@harness.implements``.

The first does a workload's boilerplate (a frozen dataclass with keyword-only fields, every field a
parameter, a name) and refuses at once what could not be measured honestly, a workload without a
tolerance say. The second says how one framework does it. Both only register: nothing is imported,
and nothing is called before a worker asks.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar, dataclass_transform

from harness.backends.base import Maker
from harness.backends.implementations import name_of
from harness.core import plugins
from harness.errors import UsageError
from harness.workloads.base import Workload, parameter

W = TypeVar("W", bound=Workload)
M = TypeVar("M", bound=Maker)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WRITE = {
    "tolerance": "def tolerance(self, reference, scales): return harness.Tolerance(bound=..., reason=...)",
    "compute": "def compute(self, inputs): the answer in NumPy, as a tuple with one array an output",
    "input_shapes": "def input_shapes(self): the shape of each input by name",
    "output_shapes": "def output_shapes(self): a tuple with the shape of each output",
}


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(parameter,))
def workload(cls: type[W]) -> type[W]:
    """Make `cls` a workload that suites and commands know by its ``name``, or by that of the class."""
    place = place_of(inspect.currentframe())
    given: object = cls
    if not (isinstance(given, type) and issubclass(given, Workload)):
        raise UsageError(
            f"{place}: {getattr(given, '__name__', given)!s} is not a workload",
            remedy="write class MyOperation(harness.Workload)",
        )
    name = cls.__dict__.get("name") or _HUMP.sub("_", cls.__name__).lower()
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(f"{place}: {name!r} cannot name a workload", remedy='write name = "squash": a-z, 0-9 and _')
    cls.name = name
    if "summary" not in cls.__dict__:
        cls.summary = (cls.__dict__.get("__doc__") or name).strip().splitlines()[0].rstrip(".")
    made = _as_dataclass(cls, place)
    order = [*_WRITE]
    missing = sorted(made.__abstractmethods__, key=lambda each: order.index(each) if each in order else len(order))
    if missing:
        remedy = "\n  ".join(_WRITE.get(each, f"define {each}") for each in missing)
        raise UsageError(f"{place}: the workload {name!r} lacks {', '.join(missing)}", remedy=remedy)
    _register(plugins.WORKLOADS, name, made, module=cls.__module__, place=place)
    return made


def implements(workload: str | type[Workload], backend: str) -> Callable[[M], M]:
    """Say how `backend` does `workload`: the function takes the workload and a `Setting`, and returns a function.

    It is called in that backend's worker alone, so the framework is imported inside it.
    """
    place = place_of(inspect.currentframe())
    if isinstance(workload, str) and workload in plugins.names(plugins.BACKENDS):
        raise UsageError(f"{place}: {workload!r} is a backend", remedy='write @harness.implements("squash", "torch")')
    name = workload if isinstance(workload, str) else workload.name

    def register(maker: M) -> M:
        module = getattr(maker, "__module__", "")
        _register(plugins.IMPLEMENTATIONS, name_of(backend, name), maker, module=module, place=place)
        return maker

    return register


def place_of(frame: FrameType | None) -> str:
    """Return file and line of whoever called the function of `frame`."""
    caller = frame.f_back if frame is not None else None
    return "?" if caller is None else shown(caller.f_code.co_filename, caller.f_lineno)


def shown(file: str | os.PathLike[str], line: int | None = None) -> str:
    """Return a place as people read it: relative to where they are, where the file lies there."""
    path, here = Path(file), Path.cwd()
    text = str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else str(path)
    return f"{text}:{line}" if line else text


def _register(group: str, name: str, value: object, *, module: str, place: str) -> None:
    try:
        plugins.register(group, name, value, module=module, place=place)
    except UsageError as error:
        raise UsageError(f"{place}: {error.message}", remedy=error.remedy) from None


def _as_dataclass(cls: type[W], place: str) -> type[W]:
    """Return `cls` as a frozen dataclass whose every field is a parameter, or say which cannot be one."""
    if "__dataclass_params__" not in cls.__dict__:
        for name, hint in inspect.get_annotations(cls).items():
            if not _is_class_variable(hint):
                setattr(cls, name, _field(name, cls.__dict__.get(name, dataclasses.MISSING)))
        cls = dataclass(frozen=True, kw_only=True)(cls)
    try:
        cls.parameters()
    except (KeyError, NameError, TypeError) as error:
        raise UsageError(
            f"{place}: {cls.name} has a field that cannot be a parameter: {error}",
            remedy="a parameter is an int, float, bool, str or tuple[int, ...]; what is none is a ClassVar",
        ) from None
    return cls


def _field(name: str, value: Any) -> Any:
    """Return a declared parameter as it is, and a plain default or nothing as one that is called by its name."""
    if isinstance(value, dataclasses.Field) and "doc" in value.metadata:
        return value
    default = value.default if isinstance(value, dataclasses.Field) else value
    return parameter(name.replace("_", " "), default=default)


def _is_class_variable(hint: Any) -> bool:
    if isinstance(hint, str):
        return hint.startswith(("ClassVar", "typing.ClassVar", "t.ClassVar"))
    return hint is typing.ClassVar or typing.get_origin(hint) is typing.ClassVar
