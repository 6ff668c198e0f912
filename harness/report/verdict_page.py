"""One verdict and all that it stands on, as a page of its own: to be sent to somebody who doubts it.

It holds the sentence, the pictures and the table of the case, what the self-check saw, the machine, the commands and
the suite that measure it again, and how to cite it. All arms of the case are on it: one alone proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.core.target import shown_name
from harness.report import noise, words
from harness.report.charts import charts_of
from harness.report.charts.everywhere import OTHER_CLASS
from harness.report.citation import citation
from harness.report.content import (
    Block,
    Bullets,
    Cell,
    Chart,
    Code,
    Document,
    Light,
    Prose,
    Section,
    Table,
    Trust,
    name,
    plain,
    said,
)
from harness.report.escape import visible
from harness.report.findings import ArmKey, CaseFindings, Entry, RunFindings, case_of, contest_of, name_of
from harness.report.headline import machine, self_check
from harness.report.leads import capital
from harness.report.named import nothing_called, reference_of, rows_named
from harness.report.pages.cases import standing
from harness.report.pages.cells import columns, duration, named, numbers, outcome, ratio, row_of, small, whole
from harness.report.reproduce import own_command, reproduce
from harness.report.sentences import times
from harness.report.snippet import snippet
from harness.report.trust import grade_of_run
from harness.stats.compare import Ratio, Status
from harness.stats.noise import Grade
from harness.store.manifest import PARTIAL
from harness.store.record import Measurement

SHOWN = ("as-written", "compiled", "losses", "phases", "quality", "cold", "memory")  # questions that one case answers
MOST_SNIPPETS = 5
MOST_TOLD = 6  # sentences below a picture
LONG = 500  # letters of a command
DECIDED = frozenset({Status.FASTER, Status.SLOWER, Status.TIE})
ROUGH = (Grade.NOISY, Grade.UNUSABLE)
NEVER_RANKED = "no contest"  # with a reference that is in no class
WHY: Mapping[str, str] = {
    "indicative": "it rests on fewer fresh starts than a verdict needs",
    "withheld": "the reference, measured twice, differs from itself, or was measured once, so this run may not judge",
    "not-comparable": "no block of the one was timed beside a block of the other",
    "not ranked": "it is shown and never ranked, as NumPy is not, and no case in the math mode default",
    "reference": "it is what the others are held against",
    "no reference": "its reference has no time here",
    OTHER_CLASS: "the two are of different classes, for one is used as it is written and the other is compiled",
    NEVER_RANKED: "the reference is never ranked, so nothing is in a contest with it",
}
FIGURES = {"time": "s", "95 % interval": "", "time / reference": "", "fresh starts": "", "error": "", "allowed": ""}


def verdict(run: RunFindings, row: str, *, prefix: str = "") -> Document:
    """Return the page of what `row` names: ``CASE::TARGET``, or ``CASE`` for all its targets; raises where none is.

    `prefix` is what the names of its pictures and of its table begin with.
    """
    found = rows_named(run.arms, row)
    if not found:
        raise nothing_called(run.arms, row)
    contests = {contest_of(arm) for arm in found}
    case = run.where(lambda arm: contest_of(arm) in contests)
    entries = _entries(case)
    told = [entries[arm.key] for arm in found if arm.key in entries]
    sentences = tuple(_sentence(entry, case) for entry in told)
    light = _light(run, told)
    alone = _alone(run, sentences, light)
    head: Block = Prose(text=sentences[0]) if len(sentences) == 1 else Bullets(items=sentences)
    return Document(
        title=f"Verdict on {name(case_of(found[0]))}, run {name(run.run_id)}",
        description=plain(next(iter(sentences), "")),
        sections=(
            _part("verdict", "The verdict", (head, light)),
            _part(
                "evidence",
                "What it stands on",
                (*_charts(case, prefix, alone), _table(list(entries.values()), prefix)),
            ),
            _part("self-check", "What could be seen", _seen(run, case)),
            _part("where", "Where it was measured", _where(run)),
            _part("again", "To measure it again", _again(run, found)),
            _part("cite", "To cite it", (Code(lines=citation(run)),)),
        ),
    )


def _part(anchor: str, title: str, blocks: Sequence[Block] | Iterator[Block]) -> Section:
    return Section(anchor=anchor, title=title, blocks=tuple(blocks), level=2)


def _entries(run: RunFindings) -> dict[ArmKey, Entry]:
    """Return one entry an arm; of two classes that it is ranked in, the one that its reference is in as well."""
    found: dict[ArmKey, Entry] = {}
    for entry in (entry for board in run.boards for case in board.cases for entry in case.entries):
        if entry.arm.key not in found or entry.verdict != OTHER_CLASS:
            found[entry.arm.key] = entry
    return found


# -- the verdict -----------------------------------------------------------------------------------


def _sentence(entry: Entry, case: RunFindings) -> str:
    """Say what came out of one arm, with no more than its numbers carry."""
    arm, beside = entry.arm, entry.beside_reference
    who, where, other = name(name_of(arm)), name(case_of(arm)), name(case.reference)
    if not entry.measured:
        return f"{who} has no time at {where}: {_ended(arm)}."
    if beside is None or beside.ratio is None:
        return f"{who} takes {words.time(arm.time_s)} a call at {where}; {_why(entry, case)}."
    if entry.verdict not in DECIDED:
        took = f"{who} takes {_times(beside)} times as long as {other} at {where}"
        return f"{took}, and that is no verdict: {_why(entry, case)}."
    if entry.verdict == Status.TIE:
        return f"{who} and {other} cannot be told apart at {where}: the ratio of their times is {_times(beside)}."
    effect, span = _effect(beside)
    return f"{who} is {effect} than {other} at {where} ({span}, {beside.sets} fresh starts of each)."


def _effect(beside: Ratio) -> tuple[str, str]:
    """Say by how much an arm is faster or slower, turned so that the number is above 1, and the interval of that."""
    found, low, high = beside.ratio or 1.0, beside.low, beside.high
    faster = beside.status is Status.FASTER
    if faster:
        found, low, high = 1 / found, 1 / high if high else None, 1 / low if low else None
    shown, span = times(found, low, high)
    return f"{shown} x {'faster' if faster else 'slower'}", span


def _times(beside: Ratio) -> str:
    shown, span = times(beside.ratio or 1.0, beside.low, beside.high)
    return f"{shown} ({span})" if span else shown


def _ended(arm: Measurement) -> str:
    codes = f" ({said(', '.join(arm.validity))})" if arm.validity else ""
    detail = f": {said(arm.detail)}" if arm.detail else ""
    return f"it ended as {name(arm.outcome)}{codes}{detail}"


def _why(entry: Entry, case: RunFindings) -> str:
    never = entry.verdict == OTHER_CLASS and any(
        name_of(other.arm) == case.reference
        for board in case.boards
        if not board.ranked
        for one in board.cases
        for other in one.entries
    )
    return WHY.get(NEVER_RANKED if never else entry.verdict, "nothing more is known")


def _light(run: RunFindings, told: Sequence[Entry]) -> Light:
    """Say whether to trust what was said: all of it, some, or none."""
    judged = [entry for entry in told if entry.verdict != "reference"]
    decided = [entry for entry in judged if entry.verdict in DECIDED]
    if not decided:
        return Light(trust=Trust.NONE, text="No verdict stands here; the sentence above says why.")
    if len(decided) < len(judged):
        return Light(trust=Trust.CAREFUL, text="Some of these are verdicts and stand; the others say why they do not.")
    if run.state != "complete":
        end = "did not reach its end" if run.state == PARTIAL else "has no manifest to say whether it reached its end"
        return Light(trust=Trust.CAREFUL, text=f"The verdict stands, but its run {end}.")
    if grade_of_run(run) in ROUGH:
        return Light(
            trust=Trust.CAREFUL, text="The verdict stands, but on a noisy machine: small differences were out of sight."
        )
    return Light(
        trust=Trust.GOOD, text="The verdict stands: enough fresh starts, and the reference agrees with itself."
    )


# -- what it stands on -----------------------------------------------------------------------------


def _alone(run: RunFindings, sentences: Sequence[str], light: Light) -> tuple[str, ...]:
    """Say in a few words what a picture shows that is passed on without its page."""
    trust, where = f"{capital(light.trust.word)}: {light.text}", f"Run {run.run_id}; {machine(run)}"
    return tuple(map(plain, (*sentences[:MOST_TOLD], trust, where)))


def _charts(case: RunFindings, prefix: str, told: tuple[str, ...]) -> tuple[Chart, ...]:
    """Return the pictures; the first says in words what came out, for it will be passed on without its page."""
    drawn = charts_of(case, prefix)
    found = [chart for question in SHOWN for chart in drawn.get(question, ())]
    return tuple(
        chart if at else replace(chart, picture=replace(chart.picture, told=told)) for at, chart in enumerate(found)
    )


def _table(entries: Sequence[Entry], prefix: str) -> Table:
    return Table(
        name=f"{prefix}verdict-arms",
        title="All that was planned in this case",
        columns=(*columns("target"), *numbers(FIGURES), *columns("verdict", "in its class")),
        rows=tuple(row_of(entry.arm, _cells(entry)) for entry in entries),
        note=(
            "Time is that of one call. Time / reference comes from blocks that were timed side by side, so it is surer "
            "than the two times; below 1 it means faster. An answer further from float64 than is allowed has no time."
        ),
    )


def _cells(entry: Entry) -> Iterator[Cell]:
    arm = entry.arm
    yield named(shown_name(arm.target, arm.label))
    yield duration(arm.time_s, arm.time_low_s, arm.time_high_s)
    yield Cell(text=words.time_span(arm.time_low_s, arm.time_high_s))
    is_reference = entry.measured and entry.verdict == "reference"
    yield Cell(text="1", value=1.0) if is_reference else ratio(entry.beside_reference)
    yield from (whole(arm.sets), small(arm.max_error), small(arm.tolerance))
    if entry.measured:
        yield Cell(text=str(entry.verdict), state=str(entry.verdict))
        yield Cell(text=standing(entry), state=str(entry.standing))
    else:
        yield from (outcome(arm), outcome(arm))


def _seen(run: RunFindings, case: RunFindings) -> Iterator[Block]:
    """Say what the reference beside itself shows, in this case and in the whole run."""
    found: dict[str, CaseFindings] = {one.key: one for board in case.boards for one in board.cases}
    for one in found.values():
        check = one.self_check
        if check is not None and check.ratio is not None:
            could = f"; differences below {words.share(check.detectable)} could not be seen" if check.detectable else ""
            yield Prose(text=f"In {name(one.name)} the reference, measured twice, came out as {_times(check)}{could}.")
    yield Bullets(items=tuple(filter(None, (self_check(run), noise.sentence(run.manifest)))))


def _where(run: RunFindings) -> Iterator[Block]:
    versions = sorted({f"{arm.backend} {arm.framework_version}" for arm in run.arms if arm.framework_version})
    yield Prose(text=f"On {said(machine(run))}{', with ' if versions else ''}{', '.join(map(name, versions))}.")
    yield Prose(text=f"Run {name(run.run_id)} of the suite {name(run.suite)}, {name(run.state)}.")


def _again(run: RunFindings, found: Sequence[Measurement]) -> Iterator[Block]:
    yield Prose(text="The whole run:")
    yield from reproduce(run)
    rows = [arm for arm in found if reference_of(run.arms, arm) is not arm] or list(found)
    yield Prose(text="One row, held against what was found here:")
    yield Code(lines=tuple(_replay(run, arm) for arm in rows[:MOST_SNIPPETS]), language="sh")
    yield Prose(text="The same as a suite, to be changed:")
    for arm in rows[:MOST_SNIPPETS]:
        yield Code(lines=tuple(snippet(arm, reference_of(run.arms, arm)).splitlines()), language="yaml")


def _replay(run: RunFindings, arm: Measurement) -> str:
    row = f"{run.called}::{arm.case}::{shown_name(arm.target, arm.label)}"
    return visible(own_command(run.store, "replay", row), LONG)
