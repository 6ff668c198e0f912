"""A comparison as one JSON document, for programs: all lines, with their numbers and the sentence of each.

Numbers that JSON has no word for are left empty.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.core.sayable import sayable
from harness.report.comparison import Comparison, Line, NodesPage, Page, Side
from harness.report.sentences import say, say_node
from harness.stats.combine import Combined
from harness.stats.verdict import Judgement

SCHEMA = "harness.comparison/1"
PROBABILITIES = ("p_slower", "p_faster", "p_equal", "p_none")


def document(page: Page) -> dict[str, Any]:
    """Return a page as JSON knows it."""
    values = {
        "schema": SCHEMA,
        "comparisons": [_comparison(each) for each in page.comparisons],
        "problems": list(page.problems),
        **({"facts": dict(page.facts)} if page.facts else {}),
    }
    return dict(sayable(values))


def nodes_document(page: NodesPage) -> dict[str, Any]:
    """Return what is said of machines of one kind as JSON knows it."""
    values = {
        "schema": "harness.nodes/1",
        "kind": page.kind,
        "cases": page.cases,
        "nodes": [
            {
                "name": node.name,
                "odd": node.odd,
                "ratio": node.ratio,
                "low": node.low,
                "high": node.high,
                "sessions": node.sessions,
                "cases": node.cases,
                "sentence": say_node(node, page),
            }
            for node in page.nodes
        ],
        "problems": list(page.problems),
    }
    return dict(sayable(values))


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "base": _side(comparison.base),
        "new": _side(comparison.new),
        "how": comparison.how.name.lower(),
        "anchor": comparison.anchor or None,
        "margin": comparison.margin,
        "correction": str(comparison.correction),
        "counts": {str(verdict): count for verdict, count in comparison.counts.items()},
        "overall": _combined(comparison.overall),
        "self_check": _combined(comparison.self_check),
        "self_check_passed": comparison.self_check_passed,
        "detectable": comparison.detectable,
        "confirmed_by": comparison.confirmed_by or None,
        "notes": list(comparison.notes),
        "lines": [_line(line, comparison) for line in comparison.lines],
        "unmeasured": [asdict(one) for one in comparison.unmeasured],
        "changes": [asdict(change) for change in comparison.changes],
    }


def _side(side: Side) -> dict[str, Any]:
    return {name: value or None for name, value in asdict(side).items()}


def _line(line: Line, comparison: Comparison) -> dict[str, Any]:
    return {
        "case": line.case,
        "case_key": line.case_key,
        "base": line.base or None,
        "new": line.new or None,
        **_judgement(line.deciding),
        "sentence": say(line, comparison),
        "detail": line.detail,
        "withheld": line.withheld,
        "base_s": line.base_s,
        "new_s": line.new_s,
        "pairing": line.pairing,
        "counts": list(line.counts) if line.counts else None,
        "groups": asdict(line.groups) if line.groups else None,
        "first": _judgement(line.judgement) if line.confirmed is not None else None,
        "confirmation": None if line.confirmation is None else str(line.confirmation),
        "confirmed_by": line.confirmed_by or None,
    }


def _judgement(found: Judgement) -> dict[str, Any]:
    return {
        "verdict": str(found.verdict),
        "ratio": found.ratio,
        "low": found.low,
        "high": found.high,
        "sets": found.sets,
        "margin": found.margin,
        "confidence": found.confidence,
        **{name: getattr(found, name) for name in PROBABILITIES},
        "among": found.among,
        "alone": None if found.alone is None else str(found.alone),
    }


def _combined(found: Combined | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "ratio": found.ratio,
        "low": found.low,
        "high": found.high,
        "cases": found.cases,
        "sets": found.sets,
    }
