"""pydantic's findings in the words of a suite's author: the place, what was wanted, what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.core.plugins import suggestion
from harness.suite.nodes import REFUSED, Findings, Node, Place, shown
from harness.suite.schema import (
    NAME,
    PARAMETER,
    VARIABLE,
    CaseEntry,
    MeasureEntry,
    Pow2,
    Range,
    SuiteFile,
    TargetEntry,
    When,
)

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
_RULES = {
    NAME: "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit",
    PARAMETER: "is not the name of a parameter",
    VARIABLE: "is not the name of an environment variable",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "too_long": ("max_length", "may have at most {} entries"),
    "string_too_long": ("max_length", "may have at most {} characters"),
}
_HINTS = {"pow2": "powers of two: {pow2: [7, 10]} is 128, 256, 512, 1024", "max_time": "write 20s, 500ms or 10m"}
_HINTS |= {"target_ci": "write 1%", "derive": "write an expression such as 2 * m; constants stand beside workload:"}
_BRANCHES = {"<text>", "<boolean>", "<number>", "<list>", "<mapping>", "<pow2>", "<range>", "[key]"}


def note(error: ValidationError, root: Node, prefix: Sequence[str | int], findings: Findings) -> set[tuple[Any, ...]]:
    """Add what `error` says about the tree `root`; return the paths that cannot be used."""
    broken = set()
    for detail in error.errors(include_url=False, include_context=True):
        location = (*prefix, *detail["loc"])
        path = _path(location, root)
        broken.add(path)
        node = root.get(*path)
        if node.value is not REFUSED:
            place, message, hint = _words(detail, root, location, path)
            findings.add(place, message, hint)
    return broken


def _path(location: tuple[str | int, ...], node: Node) -> tuple[str | int, ...]:
    """Return `location` without the names of a union's branches, which pydantic mixes in."""
    path: list[str | int] = []
    for step in location:
        here = node.get(step)
        if here is not node:
            node = here
        elif step in _BRANCHES:
            continue
        path.append(step)
    return tuple(path)


def _words(
    detail: Any, root: Node, location: tuple[str | int, ...], path: tuple[str | int, ...]
) -> tuple[Place, str, str | None]:
    kind, context = detail["type"], detail.get("ctx", {})
    name = _called(path)
    holder, node = root.get(*path[:-1]), root.get(*path)
    if kind == "missing":
        return holder.place, f"{path[-1]} is missing", _what_for(location)
    if kind == "extra_forbidden":
        return holder.key(str(path[-1])), f"unknown key {shown(path[-1])}", suggestion(str(path[-1]), _keys(location))
    if location[-1:] == ("[key]",):
        return holder.key(str(path[-1])), f"{shown(path[-1])} {_RULES.get(context.get('pattern'), 'is no key')}", None
    value = node.plain()
    known = tuple(CaseEntry.model_fields)
    if isinstance(value, dict) and path[0] == "cases" and path[2:] == path[-1:] and path[-1] not in known:
        # Not a parameter, for none is a mapping: a key of ours, misspelt.
        return holder.key(str(path[-1])), f"unknown key {shown(path[-1])}", suggestion(str(path[-1]), known)
    return node.place, f"{name} {_problem(kind, context, value, detail['msg'])}", _hint(kind, context, path, value)


def _problem(kind: str, context: dict[str, Any], value: object, otherwise: str) -> str:
    but = "nothing" if value is None else shown(value)
    if kind in _BOUNDS:
        key, template = _BOUNDS[kind]
        return template.format(context[key])
    if kind in ("too_short", "string_too_short"):
        return f"must have at least {context['min_length']}" if context["min_length"] > 1 else "is empty"
    if kind == "quantity":
        problem = str(context["problem"])
        return problem if problem.startswith("must") else f"is wrong: {problem}"
    if kind == "string_pattern_mismatch":
        return f"{_RULES.get(context['pattern'], otherwise)}, not {but}"
    wanted = context["expected"] if kind == "literal_error" else _WANTED.get(kind, otherwise)
    return f"must be {wanted}, not {but}"


def _hint(kind: str, context: dict[str, Any], path: tuple[str | int, ...], value: object) -> str | None:
    if kind == "literal_error" and isinstance(value, str):
        return suggestion(
            value, tuple(part.strip("'") for part in context["expected"].replace(" or ", ", ").split(", "))
        )
    particular = next((_HINTS[step] for step in reversed(path) if isinstance(step, str) and step in _HINTS), None)
    if kind == "too_short" and particular is None and context["min_length"] == 1:
        return "put at least one in"
    if kind == "string_type" and particular is None and isinstance(value, bool | int | float):
        return "put it in quotes"
    return particular


def _called(path: tuple[str | int, ...]) -> str:
    """Return what to call the value under `path`: its key, and its number in a list."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return "the file"
    number = path[-1] if isinstance(path[-1], int) else None
    return names[-1] if number is None else f"{names[-1]}[{number}]"


def _what_for(location: tuple[str | int, ...]) -> str | None:
    return {
        "schema": "write schema: harness.suite/1",
        "id": "a short name for these cases, as in id: square",
        "workload": "python -m harness list workloads shows what there is",
        "name": "what reports call this suite, as in name: gemm",
        "target": "write target: torch@cpu",
    }.get(str(location[-1]))


def _keys(location: tuple[str | int, ...]) -> tuple[str, ...]:
    """Return the keys that the mapping holding `location` may have."""
    model: type[BaseModel] = SuiteFile
    for step, found in (
        ("measure", MeasureEntry),
        ("targets", TargetEntry),
        ("when", When),
        ("<pow2>", Pow2),
        ("<range>", Range),
    ):
        if step in location[:-1]:
            model = found
    return tuple(known.alias or name for name, known in model.model_fields.items())
