"""From the entries of a suite to its cases.

The order of keys never matters: axes are taken in the order in which the workload declares its
parameters, so that two ways of writing one suite give the same cases with the same names.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.core.plugins import suggestion
from harness.errors import UsageError
from harness.suite import derive
from harness.suite.axes import Axis, Value, matrix_axes, size, zip_axis
from harness.suite.model import Case
from harness.suite.nodes import Findings, Node, Place, shown
from harness.suite.schema import CaseEntry
from harness.suite.shapes import read_shapes
from harness.suite.sources import Source, inside
from harness.suite.targets import device_kinds
from harness.workloads.base import Parameter, ParameterError, Workload
from harness.workloads.registry import find_workload, workload_names

MOST_PROBLEMS = 20  # of one entry: a matrix that is wrong is wrong everywhere


def expand(sources: list[Source], max_cases: int, findings: Findings) -> tuple[Case, ...]:
    """Return the cases of all `sources`."""
    return _Expansion(max_cases, findings).run(sources)


@dataclass(kw_only=True)
class _Entry:
    """One entry of a suite, with what is known of its workload."""

    spec: CaseEntry
    node: Node
    source: Source
    kind: type[Workload]
    parameters: Mapping[str, Parameter]
    sound: bool = True  # otherwise only what its parameters are is checked: the rest would be noise
    given: dict[str, Place] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    fixed: dict[str, Value] = field(default_factory=dict)
    axes: list[Axis] = field(default_factory=list)
    derived: list[tuple[str, derive.Expression, Place]] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.node.get("id").place


class _Expansion:
    def __init__(self, max_cases: int, findings: Findings) -> None:
        self._most = max_cases
        self._findings = findings
        self._ids: dict[str, Place] = {}
        self._keys: dict[str, tuple[str, Place]] = {}
        self._used: set[tuple[str, str]] = set()  # defaults that some workload has, by file
        self._count = 0

    def run(self, sources: list[Source]) -> tuple[Case, ...]:
        """Expand everything; what is wrong in one entry does not hide what is wrong in the next."""
        cases: list[Case] = []
        for source in sources:
            complete = True
            for spec, node in source.entries:
                entry = self._entry(spec, node, source)
                complete = complete and entry is not None
                if entry is not None and self._counted(entry):
                    cases += self._cases(entry)
            if complete:
                self._check_defaults(source)
        if not cases and not len(self._findings):
            self._findings.add(sources[0].root.place, "the suite has no cases", "write cases:")
        return tuple(cases)

    # -- one entry -------------------------------------------------------------------------------

    def _entry(self, spec: CaseEntry, node: Node, source: Source) -> _Entry | None:
        """Return an entry of a workload that there is, or nothing."""
        place = node.get("id").place
        first = self._ids.setdefault(spec.id, place)
        if first is not place:
            self._findings.add(place, f"the id {spec.id!r} is already used at {first}", "give each entry its own id")
        if spec.workload not in workload_names():
            hint = suggestion(spec.workload, workload_names())
            self._findings.add(node.get("workload").place, f"no workload named {shown(spec.workload)}", hint)
            return None
        try:
            kind = find_workload(spec.workload)
        except UsageError as error:
            self._findings.add(node.get("workload").place, error.message, error.remedy)
            return None
        before = len(self._findings)
        entry = _Entry(spec=spec, node=node, source=source, kind=kind, parameters=kind.parameters())
        self._names(entry)
        self._fill(entry)
        entry.sound = len(self._findings) == before and node.place not in source.damaged
        return entry

    def _names(self, entry: _Entry) -> None:
        """Each parameter must exist, and be given once."""
        node = entry.node
        for holder in (node, *(node.entries[group][1] for group in ("matrix", "zip", "derive") if group in node.entries)):
            for name, (key, value) in holder.entries.items():
                if holder is node and (name in CaseEntry.model_fields or isinstance(value.value, dict)):
                    continue
                if name not in entry.parameters:
                    known = (*entry.parameters, *CaseEntry.model_fields) if holder is node else (*entry.parameters,)
                    message = f"{entry.kind.name} has no parameter {shown(name)}"
                    self._findings.add(key.place, message, _meant(name, known))
                elif name in entry.given:
                    self._findings.add(key.place, f"{name} is given twice", f"first at {entry.given[name]}")
                entry.given.setdefault(name, key.place)

    def _fill(self, entry: _Entry) -> None:
        spec, node, source = entry.spec, entry.node, entry.source
        defaults = source.root.get("defaults")
        for name, value in source.defaults.items():
            if name in entry.parameters:
                self._used.add((str(source.path), name))
                entry.fixed[name] = value, defaults.get(name).place
        entry.fixed |= {name: (value, node.get(name).place) for name, value in (spec.model_extra or {}).items()}
        if spec.when:
            entry.devices = device_kinds(spec.when.device, node.get("when", "device"), self._findings)
        entry.axes = matrix_axes(spec.matrix or {}, node.get("matrix"), self._findings)
        zipped = zip_axis(spec.zip, node.get("zip"), self._findings) if spec.zip else None
        shapes = self._shapes(entry) if spec.shapes_from else None
        entry.axes += [axis for axis in (zipped, shapes) if axis is not None]
        order = {name: index for index, name in enumerate(entry.parameters)}
        entry.axes.sort(key=lambda axis: min(order.get(name, len(order)) for name in axis.names))
        entry.derived = self._expressions(entry)

    def _shapes(self, entry: _Entry) -> Axis | None:
        spec, source, place = entry.spec, entry.source, entry.node.get("shapes_from").place
        path = inside(source.folder, source.path, spec.shapes_from)
        if path is None:
            hint = "write a relative path to a file beside the suite or below it"
            self._findings.add(place, f"{shown(spec.shapes_from)} leads out of the suite's folder", hint)
            return None
        read = read_shapes(path, entry.parameters, self._findings, blame=place)
        if read is None:
            return None
        names, rows = read
        for name in names:
            if name in entry.given:
                self._findings.add(entry.given[name], f"{name} is given twice", f"{path} has a column of that name")
            entry.given.setdefault(name, place)
        return Axis(names=names, length=len(rows), rows=lambda: rows)

    def _expressions(self, entry: _Entry) -> list[tuple[str, derive.Expression, Place]]:
        """Return what is derived, each after what it needs."""
        waiting: dict[str, tuple[derive.Expression, Place]] = {}
        for name, text in (entry.spec.derive or {}).items():
            node = entry.node.get("derive", name)
            try:
                waiting[name] = derive.parse(text), node.place
            except derive.ExpressionError as error:
                at = Place(node.place.file, node.place.line, node.place.column + error.offset + node.quoted)
                self._findings.add(at, f"{name}: {error.message}", "as in 4 * (m + n) // 2")
        ready: list[tuple[str, derive.Expression, Place]] = []
        while waiting:
            free = [name for name, (expression, _) in waiting.items() if not expression.names & waiting.keys()]
            if not free:
                place = next(iter(waiting.values()))[1]
                self._findings.add(place, f"{', '.join(waiting)} need each other", "derive from parameters given")
                return ready
            for name in sorted(free):
                expression, place = waiting.pop(name)
                self._check_names(entry, name, expression, place)
                ready.append((name, expression, place))
        return ready

    def _check_names(self, entry: _Entry, name: str, expression: derive.Expression, place: Place) -> None:
        for needed in sorted(expression.names):
            if needed not in entry.parameters:
                hint = suggestion(needed, tuple(entry.parameters))
                self._findings.add(place, f"{name}: no parameter named {shown(needed)}", hint)

    # -- its cases -------------------------------------------------------------------------------

    def _counted(self, entry: _Entry) -> bool:
        """Say whether the cases may be made; they are counted before one of them exists."""
        total = self._count + size(entry.axes)
        if total > self._most:
            message = f"{entry.spec.id} brings the suite to {total:,} cases; at most {self._most:,} are expanded"
            self._findings.add(entry.place, message, "make the matrix smaller, or raise the limit with --max-cases")
            return False
        self._count = total
        return True

    def _cases(self, entry: _Entry) -> list[Case]:
        spec = entry.spec
        varying = _varying(entry)
        excluded = _Exclusions(entry, self._findings)
        problems = len(self._findings)
        cases: list[Case] = []
        for values in self._values(entry):
            if len(self._findings) - problems >= MOST_PROBLEMS:
                return cases
            if excluded.match(values):
                continue
            workload = self._workload(entry, values)
            if workload is not None:
                case = Case(name=_name(spec.id, varying, values), workload=workload, devices=entry.devices)
                cases.append(case)
                if entry.sound:
                    self._note_key(case, entry, values, varying)
        if entry.sound:
            excluded.check(left=bool(cases) or len(self._findings) > problems)
        return cases

    def _values(self, entry: _Entry) -> Iterator[dict[str, Value]]:
        for rows in itertools.product(*(list(axis.rows()) for axis in entry.axes)):
            values = dict(entry.fixed)
            for axis, row in zip(entry.axes, rows, strict=True):
                values.update(zip(axis.names, row, strict=True))
            for name, expression, place in entry.derived:
                value = self._derive(entry, name, expression, place, values)
                if value is not None:
                    values[name] = value, place
            yield values

    def _derive(
        self, entry: _Entry, name: str, expression: derive.Expression, place: Place, values: dict[str, Value]
    ) -> int | None:
        known = {}
        for needed in expression.names:
            if needed not in values and (needed in entry.given or needed not in entry.parameters):
                return None  # what it needs could not be used, and that was said
            value = values[needed][0] if needed in values else entry.parameters[needed].default
            if not isinstance(value, int) or isinstance(value, bool):
                what = "is not given" if value is None else f"is {shown(value)}, not a whole number"
                self._findings.add(place, f"{name}: {needed} {what}", "derive from whole numbers")
                return None
            known[needed] = value
        try:
            return expression.value(known)
        except derive.ExpressionError as error:
            self._findings.add(place, f"{name}: {error.message}", "as in 4 * (m + n) // 2")
            return None

    def _workload(self, entry: _Entry, values: dict[str, Value]) -> Workload | None:
        try:
            return entry.kind.make({name: value for name, (value, _) in values.items() if name in entry.parameters})
        except ParameterError as error:
            for problem in error.problems:
                name = problem.parameter
                if name in values:
                    self._findings.add(values[name][1], problem.message, problem.hint)
                elif name not in entry.given:  # else what was given could not be used, and that was said
                    self._findings.add(entry.node.get("workload").place, problem.message, problem.hint)
            return None

    def _note_key(self, case: Case, entry: _Entry, values: dict[str, Value], varying: tuple[str, ...]) -> None:
        place = values[varying[0]][1] if varying else entry.place
        name, first = self._keys.setdefault(case.key, (case.name, place))
        if name != case.name or first is not place:
            message = f"{case.name} is the same case as {name} at {first}"
            self._findings.add(place, message, "measure it once: remove one, or exclude it here")

    def _check_defaults(self, source: Source) -> None:
        defaults = source.root.get("defaults")
        for name in source.defaults:
            if source.entries and (str(source.path), name) not in self._used:
                kinds = {spec.workload for spec, _ in source.entries if spec.workload in workload_names()}
                known = tuple(dict.fromkeys(known for kind in sorted(kinds) for known in find_workload(kind).parameters()))
                message = f"no workload of this suite has the parameter {shown(name)}"
                self._findings.add(defaults.key(name), message, suggestion(name, known))


class _Exclusions:
    """The ``exclude:`` of an entry; each must exclude something, or it is a mistake of its author."""

    def __init__(self, entry: _Entry, findings: Findings) -> None:
        self._entry = entry
        self._findings = findings
        self._node = entry.node.get("exclude")
        self._rules = [self._rule(rule, index) for index, rule in enumerate(entry.spec.exclude or [])]
        self._hits = [0] * len(self._rules)

    def _rule(self, rule: Mapping[str, Any], index: int) -> dict[str, list[Any]]:
        known = self._entry.parameters
        for name in rule:
            if name not in known:
                place = self._node.get(index).key(name)
                message = f"{self._entry.kind.name} has no parameter {shown(name)}"
                self._findings.add(place, message, suggestion(name, tuple(known)))
        return {name: _any_of(wanted, known[name].kind) for name, wanted in rule.items() if name in known}

    def match(self, values: Mapping[str, Value]) -> bool:
        """Return whether a combination is to be left out."""
        found = False
        for index, rule in enumerate(self._rules):
            if all(self._is(name, values) in wanted for name, wanted in rule.items()):
                self._hits[index] += 1
                found = True
        return found

    def _is(self, name: str, values: Mapping[str, Value]) -> Any:
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


def _meant(name: str, known: tuple[str, ...]) -> str:
    if name in ("params", "parameters"):
        return "write parameters beside workload:, not below a key of their own"
    return suggestion(name, known)


def _varying(entry: _Entry) -> tuple[str, ...]:
    """Return the parameters that tell the cases of an entry apart, in the workload's order."""
    varying = set()
    for axis in entry.axes:
        for name, column in zip(axis.names, zip(*axis.rows(), strict=True), strict=True):
            if len({repr(value) for value, _ in column}) > 1:
                varying.add(name)
    return tuple(name for name in entry.parameters if name in varying)


def _name(identifier: str, varying: tuple[str, ...], values: Mapping[str, Value]) -> str:
    if not varying:
        return identifier
    return f"{identifier}[{','.join(f'{name}={_text(values[name][0])}' for name in varying)}]"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "x".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
