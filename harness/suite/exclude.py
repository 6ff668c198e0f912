"""The ``exclude:`` of an entry: combinations that its axes would make and its author does not want."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.core.plugins import suggestion
from harness.suite.axes import Value
from harness.suite.entry import Entry
from harness.suite.nodes import Findings, shown


class Exclusions:
    """The ``exclude:`` of an entry; each must exclude something, or it is a mistake of its author."""

    def __init__(self, entry: Entry, findings: Findings) -> None:
        self._entry = entry
        self._findings = findings
        self._node = entry.node.get("exclude")
        self._rules = [self._rule(rule, index) for index, rule in enumerate(entry.spec.exclude or [])]
        self._names = {name for rule in self._rules for name in rule}
        self._hits = [0] * len(self._rules)

    def _rule(self, rule: Mapping[str, Any], index: int) -> dict[str, frozenset[str]]:
        known = self._entry.parameters
        for name in rule:
            if name not in known:
                place = self._node.get(index).key(name)
                message = f"{self._entry.kind.name} has no parameter {shown(name)}"
                self._findings.add(place, message, suggestion(name, tuple(known)))
        if not rule.keys() <= known.keys():
            self._entry.sound = False
        return {
            name: frozenset(map(repr, _any_of(wanted, known[name].kind)))
            for name, wanted in rule.items()
            if name in known
        }

    def match(self, values: Mapping[str, Value]) -> bool:
        """Return whether a combination is to be left out."""
        found = False
        said = {name: repr(self._value(name, values)) for name in self._names}  # text, for true is not 1
        for index, rule in enumerate(self._rules):
            if all(said[name] in wanted for name, wanted in rule.items()):
                self._hits[index] += 1
                found = True
        return found

    def _value(self, name: str, values: Mapping[str, Value]) -> Any:
        return values[name][0] if name in values else self._entry.parameters[name].default

    def check(self, *, left: bool) -> None:
        """Note rules that excluded nothing, and rules that left nothing."""
        for index, hits in enumerate(self._hits):
            if not hits:
                message = "this excludes nothing: no combination has all of these values"
                self._findings.add(self._node.get(index).place, message, "correct it or remove it")
        if not left:
            self._findings.add(self._node.place, "everything is excluded", "leave at least one case")


def _any_of(wanted: Any, kind: str) -> list[Any]:
    if not isinstance(wanted, list):
        return [wanted]
    is_one_list = kind == "integers" and not any(isinstance(item, list) for item in wanted)
    return [wanted] if is_one_list else wanted
