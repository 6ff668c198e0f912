"""The targets of a suite and its reference: names checked against installed backends, modes filled in.

No framework is imported for this: a `BackendInfo` says which modes and devices there are.
"""

from __future__ import annotations

import re
from dataclasses import replace

from harness.backends.base import BackendInfo
from harness.backends.registry import find_backend
from harness.core.device import KINDS, Device
from harness.core.plugins import suggestion
from harness.core.target import Target
from harness.errors import UsageError
from harness.suite.nodes import Findings, Node, Place, shown
from harness.suite.schema import TargetEntry, TargetItem

_SHAPE = re.compile(r"([^.@]*)(?:\.([^@]*))?@(.*)")


def read_targets(items: list[tuple[TargetItem, Node]], findings: Findings) -> list[tuple[Target, Place]]:
    """Return the targets that are sound; two of one name are told apart by labels, or are a mistake."""
    read: list[tuple[Target, Place]] = []
    for item, node in items:
        entry = TargetEntry(target=item) if isinstance(item, str) else item
        place = node.get("target").place
        target = read_target(entry.target, node.get("target"), findings)
        if target is None:
            continue
        target = replace(target, python=entry.python, env=dict(entry.env), label=entry.label)
        try:
            target.checked()
        except UsageError as error:
            findings.add(node.get("label").place, error.message, error.remedy)
        twin = next((other for known, other in read if known.name == target.name), None)
        if twin is not None:
            hint = "give each a label: {target: torch@cpu, label: new}" if not target.label else "labels must differ"
            findings.add(place, f"{target.name} is already a target at {twin}", hint)
        read.append((target, place))
    return read


def read_target(text: str, node: Node, findings: Findings) -> Target | None:
    """Return one target with its mode filled in, or nothing where a name in it is unknown."""
    match = _SHAPE.fullmatch(text)
    if match is None or not match[1]:
        findings.add(node.place, f"not a target: {shown(text)}", "write backend[.mode]@device, as in torch@cpu")
        return None
    before = len(findings)
    info = _backend(match[1], node, findings)
    _check_device(match[3], _within(node, match.start(3)), findings)
    if len(findings) > before or info is None:
        return None
    try:
        target = Target.parse(text)
    except UsageError as error:
        findings.add(node.place, error.message, error.remedy)
        return None
    problem = _misfit(target, info)
    if problem is not None:
        findings.add(node.place, *problem)
        return None
    return target.resolved(info.default_mode)


def _backend(name: str, node: Node, findings: Findings) -> BackendInfo | None:
    try:
        return find_backend(name)
    except UsageError as error:
        findings.add(node.place, error.message, error.remedy)
        return None


def _check_device(text: str, place: Place, findings: Findings) -> None:
    try:
        Device.parse(text)
    except UsageError as error:
        kind = text.partition(":")[0]
        findings.add(place, error.message, error.remedy if kind in KINDS else suggestion(kind, KINDS))


def _within(node: Node, offset: int) -> Place:
    return Place(node.place.file, node.place.line, node.place.column + offset + node.quoted)


def _misfit(target: Target, info: BackendInfo) -> tuple[str, str] | None:
    modes = tuple(mode.name for mode in info.modes)
    if target.mode and target.mode not in modes:
        return f"{info.name} has no mode {shown(target.mode)}", suggestion(target.mode, modes)
    if target.device.kind not in info.devices:
        return f"{info.name} does not run on {target.device.kind}", f"it runs on {', '.join(info.devices)}"
    return None


def read_reference(
    text: str, node: Node, targets: list[tuple[Target, Place]] | None, findings: Findings
) -> Target | None:
    """Return the target that `text` names: one of `targets` by label or in full, or any where they are ``auto``."""
    if not text:
        return targets[0][0] if targets else None
    named = [target for target, _ in targets or () if target.label == text]
    if named:
        return named[0]
    wanted = read_target(text, node, findings) if targets is None or "@" in text else None
    if targets is None or (wanted is None and "@" in text):
        return wanted
    same = [target for target, _ in targets if wanted is not None and str(target) == str(wanted)]
    plain = [target for target in same if not target.label] or same  # labels tell the others apart from it
    if len(plain) == 1:
        return plain[0]
    names = tuple(target.name for target, _ in targets)
    if same:
        findings.add(node.place, f"several targets are {text}", f"name one by its label: {', '.join(names)}")
    else:
        findings.add(node.place, f"the reference {shown(text)} is not among the targets", suggestion(text, names))
    return None


def device_kinds(written: str | list[str], node: Node, findings: Findings) -> tuple[str, ...]:
    """Return the kinds of device that ``when:`` names."""
    kinds: list[str] = []
    texts = [(written, node)] if isinstance(written, str) else list(zip(written, node.items, strict=True))
    for text, item in texts:
        before = len(findings)
        _check_device(text, item.place, findings)
        if len(findings) > before:
            continue
        kind = Device.parse(text).kind
        if ":" in text:
            findings.add(item.place, f"when: names kinds of device, not {shown(text)}", f"write {kind}")
        elif kind in kinds:
            findings.add(item.place, f"{kind} is named twice", "remove one")
        kinds.append(kind)
    return tuple(kinds)
