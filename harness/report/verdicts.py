"""What a page of comparisons and the gate say, as plain values: the document `harness.verdicts/1`.

Other programs read it, exporters among them; its fields are described in docs/formats.md, and more may
be added. Numbers that JSON has no word for are left empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.core.sayable import sayable
from harness.report.comparison import Comparison, Line, Page, Side
from harness.report.gate import Decision, Reason, closes
from harness.report.sentences import say
from harness.stats.combine import Combined
from harness.stats.verdict import Judgement, Verdict

SCHEMA = "harness.verdicts/1"
CLOSES, ALLOWED, PASSES = "closes", "allowed", "passes"


def document(page: Page, decision: Decision, *, said: str, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Return all that a gate has to say; `said` is its verdict in a sentence."""
    allowed = frozenset(reason.verdict for reason in decision.allowed)
    values = {
        "schema": SCHEMA,
        "passed": decision.passed,
        "exit_code": int(decision.exit_code),
        "exit_codes": [int(code) for code in decision.codes],
        "bisect_code": decision.bisect_code,
        "said": said,
        "counts": _counts(decision.counts),
        "closing": [_reason(reason) for reason in decision.closing],
        "allowed": [_reason(reason) for reason in decision.allowed],
        "warnings": list(warnings),
        "problems": list(page.problems),
        "comparisons": [_comparison(one, allowed) for one in page.comparisons],
    }
    return dict(sayable(values))


def _reason(reason: Reason) -> dict[str, Any]:
    return {"verdict": str(reason.verdict), "lines": len(reason.lines), "exit_code": int(reason.code)}


def _counts(counts: Mapping[Verdict, int]) -> dict[str, int]:
    return {str(verdict): count for verdict, count in counts.items()}


def _comparison(one: Comparison, allowed: frozenset[Verdict]) -> dict[str, Any]:
    return {
        "base": _side(one.base),
        "new": _side(one.new),
        "how": str(one.how),
        "anchor": one.anchor,
        "margin": one.margin,
        "correction": str(one.correction),
        "confirmed_by": one.confirmed_by,
        "detectable": one.detectable,
        "overall": _combined(one.overall),
        "self_check": _combined(one.self_check),
        "notes": list(one.notes),
        "changes": [asdict(change) for change in one.changes],
        "unmeasured": [asdict(arm) for arm in one.unmeasured],
        "counts": _counts(one.counts),
        "lines": [_line(line, one, allowed) for line in one.lines],
    }


def _side(side: Side) -> dict[str, Any]:
    return {"name": side.name} | asdict(side)


def _line(line: Line, one: Comparison, allowed: frozenset[Verdict]) -> dict[str, Any]:
    return {
        "case": line.case,
        "case_key": line.case_key,
        "base": line.base,
        "new": line.new,
        "verdict": str(line.verdict),
        "gate": (ALLOWED if line.verdict in allowed else CLOSES) if closes(line) else PASSES,
        "said": say(line, one),
        "detail": line.detail,
        "pairing": line.pairing,
        "base_s": line.base_s,
        "new_s": line.new_s,
        "measured": _judgement(line.judgement),
        "confirmed": _judgement(line.confirmed),
        "confirmation": None if line.confirmation is None else str(line.confirmation),
        "confirmed_by": line.confirmed_by,
    }


def _judgement(found: Judgement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "verdict": str(found.verdict),
        "ratio": found.ratio,
        "low": found.low,
        "high": found.high,
        "sets": found.sets,
        "margin": found.margin,
        "confidence": found.confidence,
        "detectable": found.detectable,
        "p_slower": found.p_slower,
        "p_faster": found.p_faster,
        "p_equal": found.p_equal,
        "p_none": found.p_none,
        "among": found.among,
        "alone": None if found.alone is None else str(found.alone),
    }


def _combined(found: Combined | None) -> dict[str, Any] | None:
    if found is None:
        return None
    ends = {"ratio": found.ratio, "low": found.low, "high": found.high}
    return ends | {"cases": found.cases, "sets": found.sets}
