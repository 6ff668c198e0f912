"""One entry of a suite, read with the eyes of its workload: which parameters, from where, along which axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.plugins import suggestion
from harness.core.units import read_share
from harness.suite import derive
from harness.suite.axes import Axis, Value, matrix_axes, zip_axis
from harness.suite.nodes import Findings, Node, Place, shown
from harness.suite.schema import CaseEntry
from harness.suite.shapes import read_shapes
from harness.suite.sources import Source, inside
from harness.suite.targets import device_kinds
from harness.workloads.base import Parameter, Workload


@dataclass(kw_only=True)
class Entry:
    """One entry of a suite, with what is known of its workload."""

    spec: CaseEntry
    node: Node
    source: Source
    kind: type[Workload]
    parameters: Mapping[str, Parameter]
    sound: bool = True  # otherwise only what its parameters are is checked: the rest would be noise
    given: dict[str, Place] = field(default_factory=dict)
    partial: bool = False  # something that may have held parameters could not be used, so none counts as missing
    devices: tuple[str, ...] = ()
    margin: float | None = None
    fixed: dict[str, Value] = field(default_factory=dict)
    axes: list[Axis] = field(default_factory=list)
    derived: list[tuple[str, derive.Expression, Place]] = field(default_factory=list)

    @property
    def place(self) -> Place:
        """Where it is named."""
        return self.node.get("id").place


def read_entry(spec: CaseEntry, node: Node, source: Source, kind: type[Workload], findings: Findings) -> Entry:
    """Return the entry; what is wrong in it is noted, and it is then no longer `sound`."""
    before = len(findings)
    entry = Entry(spec=spec, node=node, source=source, kind=kind, parameters=kind.parameters())
    _names(entry, findings)
    _fill(entry, findings)
    entry.sound = len(findings) == before and node.place not in source.damaged
    return entry


def _names(entry: Entry, findings: Findings) -> None:
    """Each parameter must exist, and be given once."""
    node = entry.node
    for holder in (
        node,
        *(node.entries[group][1] for group in ("matrix", "zip", "derive") if group in node.entries),
    ):
        for name, (key, value) in holder.entries.items():
            if holder is node and (name in CaseEntry.model_fields or isinstance(value.value, dict)):
                entry.partial |= name not in CaseEntry.model_fields
                continue
            if name not in entry.parameters:
                known = (*entry.parameters, *CaseEntry.model_fields) if holder is node else (*entry.parameters,)
                message = f"{entry.kind.name} has no parameter {shown(name)}"
                findings.add(key.place, message, _meant(name, known))
            elif name in entry.given:
                findings.add(key.place, f"{name} is given twice", f"first at {entry.given[name]}")
            entry.given.setdefault(name, key.place)


def _fill(entry: Entry, findings: Findings) -> None:
    spec, node, source = entry.spec, entry.node, entry.source
    defaults = source.root.get("defaults")
    for name, value in source.defaults.items():
        if name in entry.parameters:
            entry.fixed[name] = value, defaults.get(name).place
    entry.fixed |= {name: (value, node.get(name).place) for name, value in (spec.model_extra or {}).items()}
    if spec.when is not None:
        entry.devices = device_kinds(spec.when.device, node.get("when", "device"), findings)
    entry.margin = read_share(spec.margin) if spec.margin else None
    entry.axes = matrix_axes(spec.matrix or {}, node.get("matrix"), findings)
    zipped = zip_axis(spec.zip, node.get("zip"), findings) if spec.zip else None
    shapes = _shapes(entry, findings) if spec.shapes_from else None
    entry.partial |= shapes is None and "shapes_from" in node.entries
    entry.axes += [axis for axis in (zipped, shapes) if axis is not None]
    order = {name: index for index, name in enumerate(entry.parameters)}
    entry.axes.sort(key=lambda axis: min(order.get(name, len(order)) for name in axis.names))
    entry.derived = _expressions(entry, findings)


def _shapes(entry: Entry, findings: Findings) -> Axis | None:
    spec, source, place = entry.spec, entry.source, entry.node.get("shapes_from").place
    path = inside(source.folder, source.path, spec.shapes_from)
    if path is None:
        hint = "write a relative path to a file beside the suite or below it"
        findings.add(place, f"{shown(spec.shapes_from)} leads out of the suite's folder", hint)
        return None
    read = read_shapes(path, entry.parameters, findings, blame=place)
    if read is None:
        return None
    names, rows = read
    for name in names:
        if name in entry.given:
            findings.add(entry.given[name], f"{name} is given twice", f"{path} has a column of that name")
        entry.given.setdefault(name, place)
    return Axis(names=names, length=len(rows), rows=lambda: rows)


def _expressions(entry: Entry, findings: Findings) -> list[tuple[str, derive.Expression, Place]]:
    """Return what is derived, each after what it needs."""
    waiting: dict[str, tuple[derive.Expression, Place]] = {}
    for name, text in (entry.spec.derive or {}).items():
        node = entry.node.get("derive", name)
        if name not in entry.parameters:
            continue
        try:
            waiting[name] = derive.parse(text), node.place
        except derive.ExpressionError as error:
            at = Place(node.place.file, node.place.line, node.place.column + error.offset + node.quoted)
            findings.add(at, f"{name}: {error.message}", "as in 4 * (m + n) // 2")
    ready: list[tuple[str, derive.Expression, Place]] = []
    while waiting:
        free = [name for name, (expression, _) in waiting.items() if not expression.names & waiting.keys()]
        if not free:
            place = next(iter(waiting.values()))[1]
            message = f"{', '.join(waiting)} {'need each other' if len(waiting) > 1 else 'needs itself'}"
            findings.add(place, message, "derive from parameters that are given")
            return ready
        for name in sorted(free):
            expression, place = waiting.pop(name)
            _check_names(entry, name, expression, place, findings)
            ready.append((name, expression, place))
    return ready


def _check_names(entry: Entry, name: str, expression: derive.Expression, place: Place, findings: Findings) -> None:
    for needed in sorted(expression.names):
        if needed not in entry.parameters:
            hint = suggestion(needed, tuple(entry.parameters))
            findings.add(place, f"{name}: no parameter named {shown(needed)}", hint)


def _meant(name: str, known: tuple[str, ...]) -> str:
    if name in ("params", "parameters"):
        return "write parameters beside workload:, not below a key of their own"
    return suggestion(name, known)
