"""What a command line says in a suite's place: ``--set measure.profile=rigorous``.

The value is read as YAML and put into the tree of the file before anything is checked, so that the
same models judge it; a mistake is found where the option stands instead of at a line. Only what says
how to measure may be set: cases are the suite's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.core.plugins import suggestion
from harness.suite.guard import compose
from harness.suite.nodes import Findings, Node, Place, shown

GROUPS = ("measure", "defaults")  # with one name below
WHOLE = ("reference", "targets")
MOST_CHARACTERS = 4096


def apply_overrides(root: Node, overrides: Sequence[str], findings: Findings) -> Node:
    """Return the tree `root` with all `overrides` in it; what cannot be used is noted."""
    taken: dict[str, str] = {}
    for text in overrides:
        place = Place(f"--set {text[:80]}")
        path, equals, value = text.partition("=")
        names = path.strip().split(".")
        if not equals or not value.strip() or len(text) > MOST_CHARACTERS:
            findings.add(place, "not NAME=VALUE", "as in measure.profile=rigorous")
        elif not _known(names, place, findings):
            continue
        elif path.strip() in taken:
            findings.add(place, f"{path.strip()} is set twice", f"first as {taken[path.strip()]!r}")
        else:
            taken[path.strip()] = value
            node = compose(value, place.file, findings)
            if node is not None:
                root = _put(root, names, _moved(node, place))
    return root


def _known(names: list[str], place: Place, findings: Findings) -> bool:
    head = names[0]
    if head not in (*GROUPS, *WHOLE):
        findings.add(place, f"{shown(head)} cannot be set", suggestion(head, (*GROUPS, *WHOLE)))
    elif head in GROUPS and (len(names) != 2 or not names[1]):  # noqa: PLR2004  (the group and the name in it)
        findings.add(place, f"{shown('.'.join(names))} names nothing", f"write {head}.NAME=VALUE")
    elif head in WHOLE and len(names) > 1:
        findings.add(place, f"{head} has no parts that can be set", f"write {head}=VALUE")
    else:
        return True
    return False


def _put(root: Node, names: list[str], value: Node) -> Node:
    """Return `root` with `value` under `names`; where the file holds nothing that could take it, it is replaced."""
    entries = dict(root.entries)
    name, *rest = names
    inner = value
    if rest:
        group = entries[name][1] if name in entries else Node(place=value.place, value={})
        inner = _put(group, rest, value)
    key = entries[name][0] if rest and name in entries else Node(place=value.place, value=name)
    entries[name] = key, inner
    return replace(root, value=entries) if isinstance(root.value, dict) else root


def _moved(node: Node, place: Place) -> Node:
    """Return `node` with all its places at `place`: a line and column of an option help nobody."""
    value = node.value
    if isinstance(value, dict):
        value = {name: (_moved(key, place), _moved(inner, place)) for name, (key, inner) in value.items()}
    elif isinstance(value, tuple):
        value = tuple(_moved(item, place) for item in value)
    return replace(node, place=place, value=value)
