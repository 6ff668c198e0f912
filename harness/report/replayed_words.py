"""What came of a row that was measured again, in words: a sentence, a table of then and now, a document.

Nothing here prints. Names and reasons are other people's text, and appear as text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from harness.core.sayable import sayable
from harness.core.target import shown_name
from harness.report import words
from harness.report.escape import LONGEST, visible
from harness.report.findings import case_of, name_of
from harness.report.named import Found
from harness.report.replayed import SURE, Answer, Replayed
from harness.report.sentences import Shown, percent, times
from harness.stats.verdict import MARGIN, Judgement
from harness.store.record import Measurement

CELL = 44
_NO_CHECK = "so this is a measurement of its own and no check of the one of then"
ROW = (
    *("case", "case_key", "target", "label", "outcome", "time_s", "time_low_s", "time_high_s", "sets", "threads"),
    *("seed", "device", "device_name", "env_id", "framework_version", "harness_version"),
)


def sentence(text: str) -> str:
    """Return somebody's reason as a terminal shows it."""
    return visible(text, 4 * LONGEST)


def say(found: Replayed, *, name: Shown = visible, text: Shown = sentence) -> str:
    """Return what came out, as a sentence."""
    row = found.then.row
    who, case, other = name(name_of(row)), name(case_of(row)), name(row.reference)
    if found.answer is Answer.ANEW:
        return f"{found.answer}: {who} at {case} {_both_times(found, name)}; {text(found.reason)}, {_NO_CHECK}"
    before, after = _ratio(found.before), _ratio(found.after)
    told = f"{who} took {before} times as long as {other} at {case} then" if before else ""
    told += f", and takes {after} times as long now{_moved(found, name)}" if before and after else ""
    if found.answer is Answer.UNCLEAR:
        return "; ".join(filter(None, (f"{found.answer}: {text(found.reason)}", told)))
    end = f"surely beyond the margin of {percent(MARGIN)}"
    if found.answer is Answer.AGREES:
        end = f"not {end}, and surely less than {percent(SURE)} away"
    return f"{found.answer}: {told}; the ratio of now is {_ratio(found.difference)} times that of then, {end}"


def about_times(found: Replayed) -> str:
    """Say what the times themselves are worth beside each other."""
    if found.now is None:
        return "The times belong to the machine that they were measured on."
    if found.answer is Answer.ANEW:
        return "Each time belongs to its device, and neither says whether the other is right."
    if found.one_machine:
        return (
            "The times are of two sessions on a machine that describes itself alike; what it did in between is part of "
            "any difference of theirs, so only the ratios are compared."
        )
    return "The times belong to their machines: environment or device differ, so only the ratios are compared."


def rows(found: Replayed) -> list[tuple[str, str, str]]:
    """Return what then and now were like, a line a fact; what neither tells has none."""
    listed = [(title, _cell(found.then, fact), _cell(found.now, fact)) for title, fact in (*IDENTITY, *TIMES)]
    then, now = (_ratio(side) or words.UNKNOWN for side in (found.before, found.after))
    listed.append(("time / reference", then, now))
    listed += [(title, _cell(found.then, fact), _cell(found.now, fact)) for title, fact in PLACE]
    return [line for line in listed if {line[1], line[2]} != {words.UNKNOWN}]


def document(found: Replayed) -> dict[str, Any]:
    """Return all of it as JSON knows it."""
    values = {
        "schema": "harness.replay/1",
        "answer": str(found.answer),
        "sentence": say(found),
        "reason": found.reason or None,
        "margin": MARGIN,
        "ruled_out": SURE,
        "then": _side(found.then, found.before),
        "now": None if found.now is None else _side(found.now, found.after),
        "difference": _numbers(found.difference),
        "one_machine": found.one_machine,
        "changes": [asdict(change) for change in found.changes],
    }
    return dict(sayable(values))


def _both_times(found: Replayed, name: Shown) -> str:
    """Say what a row took then and takes now, and on which device."""
    then, now = found.then.row, _latest(found)
    return (
        f"took {words.time(then.time_s)} on {name(then.device)} then, and takes {words.time(now.time_s)} "
        f"on {name(now.device)} now"
    )


def _moved(found: Replayed, name: Shown) -> str:
    """Name the device of now, where it is another than then."""
    device = _latest(found).device
    return f", on {name(device)}" if device != found.then.row.device else ""


def _latest(found: Replayed) -> Measurement:
    return (found.now or found.then).row


def _ratio(found: Judgement | None) -> str:
    if found is None or found.ratio is None:
        return ""
    ratio, span = times(found.ratio, found.low, found.high)
    return f"{ratio} ({span})" if span else ratio


def _cell(side: Found | None, fact: Callable[[Found], str]) -> str:
    return (visible(fact(side), CELL) if side is not None else "") or words.UNKNOWN


def _side(side: Found, ratio: Judgement | None) -> dict[str, Any]:
    row, reference = side.row, side.reference
    return {
        "run_id": side.run.info.run_id,
        **{name: getattr(row, name) for name in ROW},
        "reference": None if reference is None else {"target": reference.target, "label": reference.label},
        "reference_s": None if reference is None else reference.time_s,
        "ratio": _numbers(ratio),
    }


def _numbers(found: Judgement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {name: getattr(found, name) for name in ("ratio", "low", "high", "sets")}


def _framework(side: Found) -> str:
    return f"{side.row.backend} {side.row.framework_version}" if side.row.framework_version else ""


Fact = tuple[str, Callable[[Found], str]]

IDENTITY: tuple[Fact, ...] = (
    ("run", lambda side: side.run.info.run_id),
    ("began", lambda side: side.row.started_at.isoformat(sep=" ", timespec="seconds")),
    ("target", lambda side: shown_name(side.row.target, side.row.label)),
    ("outcome", lambda side: side.row.outcome),
)
TIMES: tuple[Fact, ...] = (
    ("time of a call", lambda side: words.time(side.row.time_s)),
    ("its interval", lambda side: words.time_span(side.row.time_low_s, side.row.time_high_s)),
    ("of the reference", lambda side: words.time(side.reference.time_s if side.reference else None)),
)
PLACE: tuple[Fact, ...] = (
    ("process-sets", lambda side: str(side.row.sets)),
    ("device", lambda side: side.row.device_name or side.row.device),
    ("environment", lambda side: side.row.env_id or ""),
    ("framework", _framework),
    ("threads", lambda side: str(side.row.threads or "")),
    ("seed", lambda side: str(side.row.seed)),
    ("harness", lambda side: side.row.harness_version),
)
