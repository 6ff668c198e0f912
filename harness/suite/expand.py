"""From the entries of a suite to its cases.

The order of keys never matters: axes are taken in the order in which the workload declares its
parameters, so that two ways of writing one suite give the same cases with the same names.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from harness.core.plugins import suggestion
from harness.errors import UsageError
from harness.suite import derive
from harness.suite.axes import Value, size
from harness.suite.entry import Entry, read_entry
from harness.suite.exclude import Exclusions
from harness.suite.model import Case, value_text
from harness.suite.nodes import Findings, Node, Place, shown
from harness.suite.schema import CaseEntry
from harness.suite.sources import Source
from harness.workloads.base import ParameterError, Workload
from harness.workloads.registry import find_workload

MOST_PROBLEMS = 20  # of one entry: a matrix that is wrong is wrong everywhere


def expand(sources: list[Source], max_cases: int, findings: Findings) -> tuple[Case, ...]:
    """Return the cases of all `sources`."""
    return _Expansion(max_cases, findings).run(sources)


class _Expansion:
    def __init__(self, max_cases: int, findings: Findings) -> None:
        self._most = max_cases
        self._findings = findings
        self._ids: dict[str, Place] = {}
        self._keys: dict[str, tuple[str, Place]] = {}
        self._count = 0

    def run(self, sources: list[Source]) -> tuple[Case, ...]:
        """Expand everything; what is wrong in one entry does not hide what is wrong in the next."""
        cases: list[Case] = []
        for source in sources:
            read = [self._entry(spec, node, source) for spec, node in source.entries]
            entries = [entry for entry in read if entry is not None]
            if len(entries) == len(read):
                _check_defaults(source, entries, self._findings)
            for entry in entries:
                if self._counted(entry):
                    cases += self._cases(entry)
        if not cases and not len(self._findings):
            self._findings.add(sources[0].root.place, "the suite has no cases", "write cases:")
        return tuple(cases)

    def _entry(self, spec: CaseEntry, node: Node, source: Source) -> Entry | None:
        """Return an entry of a workload that there is, or nothing."""
        place = node.get("id").place
        first = self._ids.setdefault(spec.id, place)
        if first is not place:
            self._findings.add(place, f"the id {spec.id!r} is already used at {first}", "give each entry its own id")
        try:
            kind = find_workload(spec.workload)
        except UsageError as error:
            self._findings.add(node.get("workload").place, error.message, error.remedy)
            return None
        return read_entry(spec, node, source, kind, self._findings)

    def _counted(self, entry: Entry) -> bool:
        """Say whether the cases may be made; they are counted before one of them exists."""
        total = self._count + size(entry.axes)
        if total > self._most:
            message = f"{entry.spec.id} brings the suite to {total:,} cases; at most {self._most:,} are expanded"
            self._findings.add(entry.place, message, "make the matrix smaller, or raise the limit with --max-cases")
            return False
        self._count = total
        return True

    def _cases(self, entry: Entry) -> list[Case]:
        spec = entry.spec
        varying = _varying(entry)
        excluded = Exclusions(entry, self._findings)
        problems = len(self._findings)
        cases: list[Case] = []
        for values in self._values(entry):
            if len(self._findings) - problems >= MOST_PROBLEMS:
                return cases
            if excluded.match(values):
                continue
            workload = self._workload(entry, values)
            if workload is not None:
                name = _name(spec.id, varying, values)
                case = Case(name=name, workload=workload, devices=entry.devices, margin=entry.margin)
                cases.append(case)
                if entry.sound:
                    self._note_key(case, entry, values, varying)
        if entry.sound:
            excluded.check(left=bool(cases) or len(self._findings) > problems)
        return cases

    def _values(self, entry: Entry) -> Iterator[dict[str, Value]]:
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
        self, entry: Entry, name: str, expression: derive.Expression, place: Place, values: dict[str, Value]
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

    def _workload(self, entry: Entry, values: dict[str, Value]) -> Workload | None:
        try:
            return entry.kind.make({name: value for name, (value, _) in values.items() if name in entry.parameters})
        except ParameterError as error:
            for problem in error.problems:
                name = problem.parameter
                if name in values:
                    self._findings.add(values[name][1], problem.message, problem.hint)
                elif name not in entry.given and not entry.partial:  # else it could not be used, and that was said
                    self._findings.add(entry.node.get("workload").place, problem.message, problem.hint)
            return None

    def _note_key(self, case: Case, entry: Entry, values: dict[str, Value], varying: tuple[str, ...]) -> None:
        place = values[varying[0]][1] if varying else entry.place
        name, first = self._keys.setdefault(case.key, (case.name, place))
        if name != case.name or first is not place:
            message = f"{case.name} is the same case as {name} at {first}"
            self._findings.add(place, message, "measure it once: remove one, or exclude it here")


def _check_defaults(source: Source, entries: list[Entry], findings: Findings) -> None:
    """A default that no workload has is a slip of the pen."""
    known = tuple(dict.fromkeys(name for entry in entries for name in entry.parameters))
    for name in source.defaults:
        if entries and name not in known:
            message = f"no workload of this suite has the parameter {shown(name)}"
            findings.add(source.root.get("defaults").key(name), message, suggestion(name, known))


def _varying(entry: Entry) -> tuple[str, ...]:
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
    return f"{identifier}[{','.join(f'{name}={value_text(values[name][0])}' for name in varying)}]"
