"""Verdicts as JUnit XML, which Jenkins, GitLab and most other CI systems show.

A comparison is a test suite, an arm a test: its class is the target, its name the case. A regression is a
failure, what failed or is invalid an error. What nobody can decide is skipped, with the sentence that says
why: such systems know no other word for it, and the exit code of the gate is what closes it. The time of
a test is that of one call.

Two schemas are met at once, that of Apache Ant's reports and that of Jenkins' xunit plugin; so there are
attributes that say little (a host, a package) and elements that are empty.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

ERRORS = ("failed", "invalid")
FAILURES = ("regressed",)
CLOSES, ALLOWED = "closes", "allowed"

_KINDS = {"failure": "failures", "error": "errors", "skipped": "skipped"}
# What XML 1.0 has no way to write, and the control characters that it has one for but nobody wants to see.
_UNWRITABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def export(document: Mapping[str, Any]) -> str:
    """Return the verdicts of `document` as one XML file."""
    root = ET.Element("testsuites")  # without totals, for which Ant's schema has no place
    root.extend(_suite(one, at) for at, one in enumerate(document["comparisons"]))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(comparison: Mapping[str, Any], at: int) -> ET.Element:
    lines = comparison["lines"]
    kinds = Counter(_KINDS[kind] for kind in map(_kind, lines) if kind)
    base, new = comparison["base"], comparison["new"]
    suite = ET.Element(
        "testsuite",
        {
            "name": _text(f"{new['name']} beside {base['name']}"),
            "package": _text(new["suite"]),
            "id": str(at),
            "timestamp": _moment(new["started_at"]),
            "hostname": "localhost",
            "tests": str(len(lines)),
            **{name: str(kinds[name]) for name in _KINDS.values()},
            "time": _seconds(sum(line["new_s"] or 0.0 for line in lines), decimals=3),  # Jenkins takes no more
        },
    )
    properties = ET.SubElement(suite, "properties")
    for name in ("how", "margin", "correction", "confirmed_by", "anchor"):
        ET.SubElement(properties, "property", {"name": name, "value": _text(str(comparison[name]))})
    suite.extend(map(_case, lines))
    ET.SubElement(suite, "system-out").text = _text("\n".join(comparison["notes"]))
    ET.SubElement(suite, "system-err").text = ""
    return suite


def _case(line: Mapping[str, Any]) -> ET.Element:
    names = {"classname": _text(line["new"] or line["base"]), "name": _text(line["case"])}
    case = ET.Element("testcase", {**names, "time": _seconds(line["new_s"] or 0.0)})
    kind = _kind(line)
    if kind:
        said = _text(line["said"])
        kept = {} if kind == "skipped" else {"type": line["verdict"]}
        ET.SubElement(case, kind, {"message": said, **kept}).text = said
    return case


def _kind(line: Mapping[str, Any]) -> str:
    """Return what a line that does not simply pass becomes."""
    if line["gate"] == ALLOWED:
        return "skipped"
    if line["gate"] != CLOSES:
        return ""
    if line["verdict"] in FAILURES:
        return "failure"
    return "error" if line["verdict"] in ERRORS else "skipped"


def _text(text: str) -> str:
    return _UNWRITABLE.sub("", text)


def _seconds(value: float, decimals: int = 12) -> str:
    """Return a decimal number without an exponent, which the schemas do not take."""
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".") if math.isfinite(value) else "0"


def _moment(text: str) -> str:
    """Return a moment in UTC without saying so, as the schema wants it; what is not known is the epoch."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")
