"""What a start costs: from a fresh process to the first answer, part by part, and when compiling has paid for it."""

from __future__ import annotations

from collections import defaultdict

from harness.report import words
from harness.report.charts.look import Look, left_out, time_of
from harness.report.charts.repaid import LEFT_CODE, SHORTER, repayments, with_left_code
from harness.report.content import Chart
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.picture import Bar, Stacks
from harness.store.record import Measurement

MOST_BARS_OF = 12  # cases
IMPORT, READY, COMPILING, FIRST = "import", "making ready", "compiling", "first call"
PARTS = (IMPORT, READY, COMPILING, FIRST)

_READING = (
    "Each bar is what a target spends from its start to the first answer of a case: loading the framework (once a "
    "process, however many cases follow), making the inputs and the call ready, compiling where the framework tells "
    "it apart, and the first call itself, with whatever tracing and compiling is hidden in it. Behind it stand their "
    "sum and what each later call takes; nothing of the bar is in the times that are ranked. Only the first case of a "
    "process starts from nothing: compilers keep what they have made, in the process and in its cache, so a case that "
    "shares a program with an earlier one may be ready too soon. That is said where another case of the same target "
    f"and model, or program, took {SHORTER:g} times as long or more. Parts are medians over fresh starts, without "
    "intervals; what the system had in its caches shortens a load. The note beside another compiled bar says after how "
    "many calls it is ahead of the same framework as written: perhaps means that this run cannot tell their later "
    "calls apart."
)


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return one picture of the cases whose start takes longest."""
    notes = {one.arm.key: one.said for one in repayments(run)} | dict.fromkeys(with_left_code(run), LEFT_CODE)
    cases: dict[str, list[Bar]] = defaultdict(list)
    for arm in run.arms:
        time, parts = time_of(arm), parts_of(arm)
        if time is not None and parts:
            note = "; ".join(filter(None, (f"then {words.time(time)} a call", notes.get(arm.key, ""))))
            cases[case_of(arm)].append(Bar(name=case_of(arm), target=name_of(arm), parts=parts, note=note))
    if not cases:
        return []
    longest = sorted(cases, key=lambda case: -max(sum(bar.parts.values()) for bar in cases[case]))[:MOST_BARS_OF]
    bars = tuple(bar for case, found in cases.items() if case in longest for bar in found)
    few = f", the {len(longest)} of {len(cases)} cases where it takes longest" if len(longest) < len(cases) else ""
    title = f"From a fresh process to the first answer{few}"
    drawn = tuple(part for part in PARTS if any(part in bar.parts for bar in bars))
    picture = Stacks(
        name=look.file("cold"),
        section="cold",
        title=title,
        alt=f"{title}: seconds of each target, in parts: {', '.join(drawn)}",
        unit="seconds",
        targets=look.targets,
        bars=bars,
        parts=drawn,
    )
    return [Chart(picture=picture, reading=f"{_READING}{left_out(len(longest), len(cases))}")]


def parts_of(arm: Measurement) -> dict[str, float]:
    """Return the parts that were told; a first call holds its compiling, which is laid apart where it is known."""
    first, compiling = arm.first_call_s, arm.compile_s
    if words.known(first) and words.known(compiling) and compiling < first:
        first -= compiling
    else:
        compiling = None
    found = {IMPORT: arm.import_s, READY: arm.prepare_s, COMPILING: compiling, FIRST: first}
    return {part: value for part, value in found.items() if words.known(value) and value > 0}
