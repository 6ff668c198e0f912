"""A suite without a file: ``matmul m=256..4096:x2 n=m k=m``, from a command line or from Python.

Words are turned into the text of a suite file, and that text goes the way of every other: there is
one grammar of suites and one place that checks them. Only the places differ: a mistake is found in
the word that holds it.

==================  =============================================================
``m=1024``          one value; ``true``, ``sum`` and ``64x128`` likewise
``m=128,256``       several, and every combination with the others that vary
``m=256..4096:x2``  from one end to the other, each twice the last
``m=64..256:+64``   in equal steps; ``64..256`` alone counts by one
``n=m``             computed: names, whole numbers, + - * // and parentheses
==================  =============================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from harness.core.plugins import suggestion
from harness.core.target import Target
from harness.suite.guard import MOST_BYTES, compose
from harness.suite.load import MOST_CASES, suite_of
from harness.suite.model import Suite
from harness.suite.nodes import Findings, Node, Place, shown
from harness.suite.scalars import ScalarRefused, read_scalar
from harness.suite.schema import MOST_LISTED, SCHEMA
from harness.suite.sources import source_of
from harness.workloads.base import Parameter
from harness.workloads.registry import find_workload

_RANGE = re.compile(r"([0-9]{1,19})\.\.([0-9]{1,19})(?::([x+])([0-9]{1,19}))?")
_MOST_SHOWN = 80
_RANGES = "a range is 64..256, 64..256:+64 or 64..256:x2"


@dataclass(frozen=True, kw_only=True)
class Word:
    """A parameter's value, and what it was called where it was given."""

    name: str
    value: Any
    said: str

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.said if len(self.said) <= _MOST_SHOWN else f"{self.said[: _MOST_SHOWN - 3]}...")


def read_words(texts: Iterable[str]) -> list[Word]:
    """Read ``name=value`` as a command line has it; what has no ``=`` is left for `suite_from_words` to refuse."""
    words = []
    for text in texts:
        name, equals, value = text.partition("=")
        words.append(Word(name=name if equals else "", value=value, said=text))
    return words


def suite_from_words(
    workload: str,
    words: Iterable[Word],
    *,
    targets: Sequence[str | Target] = (),
    measure: Mapping[str, Any] | None = None,
    max_cases: int = MOST_CASES,
) -> Suite:
    """Return the suite of one workload that `words` describe; its `source` is the file that means the same."""
    findings = Findings()
    said = list(words)
    entry = _entry(workload, said, findings)
    document: dict[str, Any] = {"schema": SCHEMA, "name": f"bench-{workload}"[:64]}
    if targets:
        document["targets"] = [_target(target, findings) for target in targets]
    if measure:
        document["measure"] = dict(measure)
    document["cases"] = [entry]
    findings.check()
    text = _text(document)
    whole = Place(f"bench {workload}")
    if len(text.encode()) > MOST_BYTES:
        findings.add(whole, f"more than the {MOST_BYTES // 1024} KiB that a suite may have", "give fewer values")
    root = compose(text, whole.file, findings)
    findings.check()
    if root is None:  # compose has said why, and that was raised
        raise AssertionError
    places = {word.name: word.place for word in said}
    root = _moved(root, whole, places, dict(enumerate(map(_on, targets))))
    suite = suite_of([source_of(Path(whole.file), root, text, findings)], max_cases, findings)
    return replace(suite, path=None)


# -- values ---------------------------------------------------------------------------------------


def _entry(workload: str, words: Sequence[Word], findings: Findings) -> dict[str, Any]:
    """Return the entry of a suite file."""
    known = find_workload(workload).parameters()
    entry: dict[str, Any] = {"id": workload, "workload": workload}
    matrix: dict[str, Any] = {}
    derived: dict[str, str] = {}
    seen: dict[str, Word] = {}
    for word in words:
        if not _is_usable(word, workload, known, findings):
            continue
        if word.name in seen:
            findings.add(word.place, f"{word.name} is given twice", f"first as {seen[word.name].said}")
            continue
        seen[word.name] = word
        kind, value = _read(known[word.name], word, findings)
        {"value": entry, "axis": matrix, "derive": derived}[kind][word.name] = value
    return entry | ({"matrix": matrix} if matrix else {}) | ({"derive": derived} if derived else {})


def _is_usable(word: Word, workload: str, known: Mapping[str, Parameter], findings: Findings) -> bool:
    if not word.name:
        findings.add(word.place, "not NAME=VALUE", f"as in {next(iter(known))}=256")
    elif word.name not in known:
        findings.add(word.place, f"{workload} has no parameter {shown(word.name)}", suggestion(word.name, tuple(known)))
    elif word.value == "":
        findings.add(word.place, f"{word.name} has no value", f"as in {word.name}=256")
    elif isinstance(word.value, str) and not word.value.isprintable():
        findings.add(word.place, "invisible or control character", "remove it")
    else:
        return True
    return False


def _read(spec: Parameter, word: Word, findings: Findings) -> tuple[str, Any]:
    """Return what a word gives and its value: one ``value``, an ``axis`` of several, or an expression to ``derive``."""
    if not isinstance(word.value, str):
        return _from_python(spec, word.value)
    parts = word.value.split(",")
    if spec.kind == "integer" and len(parts) == 1 and word.value not in spec.words:
        if ".." in word.value:
            return _range(word, findings)
        if not _is_number(word.value):
            return "derive", word.value
    try:
        values = [value for part in parts for value in _values(spec, part, word, findings)]
    except ScalarRefused as refused:
        findings.add(word.place, refused.message, refused.hint)
        return "value", 0
    if len(values) > MOST_LISTED:
        findings.add(word.place, f"{len(values):,} values; at most {MOST_LISTED:,} are listed", "give fewer")
        return "value", 0
    return ("value", values[0]) if len(values) == 1 else ("axis", values)


def _from_python(spec: Parameter, value: Any) -> tuple[str, Any]:
    """Take a list for several values, but for one where a value is a list itself."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return "value", _plain(value)
    items = [_plain(item) for item in value]
    if spec.kind == "integers" and not any(isinstance(item, list | str) for item in items):
        return "value", items
    return ("value", items[0]) if len(items) == 1 else ("axis", items)


def _plain(value: Any) -> Any:
    """Return numbers of other libraries as Python's own, and sequences as lists."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Iterable):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def _values(spec: Parameter, part: str, word: Word, findings: Findings) -> Iterator[Any]:
    """Yield the values of one part of a list."""
    if spec.kind == "text" or part in spec.words:
        yield part
    elif spec.kind == "integers":
        numbers = [read_scalar(number) for number in part.split("x")]
        if not all(isinstance(number, int) for number in numbers):
            findings.add(word.place, f"{shown(part)} is no list of whole numbers", "as in 1024x1024")
        yield numbers
    elif spec.kind == "integer" and ".." in part:
        _, spec_of_part = _range(replace(word, value=part), findings)
        yield from _listed(spec_of_part, word, findings)
    else:
        value = read_scalar(part)
        if value is None or isinstance(value, str):
            wanted = "true or false" if spec.kind == "boolean" else "a whole number or a range"
            findings.add(word.place, f"{shown(part)} is not {wanted}", "several are parted by commas: 128,256")
        yield value


def _range(word: Word, findings: Findings) -> tuple[str, Any]:
    match = _RANGE.fullmatch(word.value)
    if match is None or (match[4] is not None and int(match[4]) < (2 if match[3] == "x" else 1)):
        findings.add(word.place, f"{shown(word.value)} is no range", _RANGES)
        return "value", 0
    low, high = int(match[1]), int(match[2])
    if match[3] == "x":
        return _geometric(low, high, int(match[4]), word, findings)
    return "axis", {"range": [low, high]} | ({"step": int(match[4])} if match[4] else {})


def _geometric(low: int, high: int, factor: int, word: Word, findings: Findings) -> tuple[str, Any]:
    values = [low]
    while 0 < values[-1] * factor <= high:
        values.append(values[-1] * factor)
    if low > high:
        findings.add(word.place, f"{word.name}: {low} is above {high}", "write the smaller end first")
    elif values[-1] != high:
        message = f"{word.name}: times {factor} from {low} does not reach {high}"
        findings.add(word.place, message, f"end at {values[-1]}" if low else "begin at 1 or more")
    return ("value", values[0]) if len(values) == 1 else ("axis", values)


def _listed(axis: Any, word: Word, findings: Findings) -> Iterable[Any]:
    """Return the values of a range that stands in a list, if they are few enough to be listed."""
    if not isinstance(axis, dict):
        return axis if isinstance(axis, list) else [axis]
    low, high = axis["range"]
    numbers = range(low, high + 1, axis.get("step", 1))
    if not numbers or numbers[-1] != high:
        findings.add(word.place, f"{shown(f'{low}..{high}')} is not reached in equal steps", _RANGES)
    if len(numbers) > MOST_LISTED:
        findings.add(word.place, f"{len(numbers):,} values; at most {MOST_LISTED:,} are listed", "give fewer")
        return numbers[:1]
    return numbers


def _is_number(text: str) -> bool:
    try:
        return isinstance(read_scalar(text), bool | int | float)
    except ScalarRefused:
        return True


# -- the text, and its places ---------------------------------------------------------------------


def _target(target: str | Target, findings: Findings) -> str | dict[str, Any]:
    """Return a target as a suite file has it."""
    if isinstance(target, Target):
        said = {"python": target.python, "env": dict(target.env), "label": target.label}
        kept = {name: value for name, value in said.items() if value}
        return {"target": str(target), **kept} if kept else str(target)
    head, *options = target.split(",")
    written: dict[str, Any] = {"target": head}
    for option in options:
        name, _, value = option.partition("=")
        if name not in ("python", "label") or not value or name in written:
            findings.add(_on(target), f"not a target option: {shown(option)}", "write python=PATH or label=NAME")
        written[name] = value
    return written if options else head


def _on(target: str | Target) -> Place:
    return Place(f"--on {target}"[:_MOST_SHOWN])


class _Dumper(yaml.SafeDumper):
    """Quotes whatever would not be read back as the text that it is."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        plain = read_scalar(text) == text
    except ScalarRefused:
        plain = False
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _represent)


def _text(document: Mapping[str, Any]) -> str:
    return yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=110)


def _moved(
    node: Node,
    place: Place,
    places: Mapping[str, Place],
    targets: Mapping[int, Place],
    *,
    at: tuple[str | int, ...] = (),
) -> Node:
    """Return the tree with every place at the word that gave it."""
    name = at[-1] if at else None
    if at[:1] == ("cases",) and isinstance(name, str) and name in places:
        place = places[name]
    elif at[:1] == ("targets",) and isinstance(name, int):
        place = targets[name]
    elif at[:1] == ("measure",) and isinstance(name, str):
        place = Place(f"--{name.replace('_', '-')} {node.plain()}"[:_MOST_SHOWN])
    value = node.value
    if isinstance(value, dict):
        value = {
            key: (
                replace(head, place=places.get(key, place) if at[:1] == ("cases",) else place),
                _moved(inner, place, places, targets, at=(*at, key)),
            )
            for key, (head, inner) in value.items()
        }
    elif isinstance(value, tuple):
        value = tuple(  # each at a place of its own, by which twins in a list are told apart
            _moved(inner, Place(*place), places, targets, at=(*at, index)) for index, inner in enumerate(value)
        )
    return replace(node, place=place, value=value)
