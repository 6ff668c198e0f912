"""The tables of a page. A cell is never empty: what was not measured says what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from harness.core.target import split_threads
from harness.report import words
from harness.report.escape import code
from harness.report.escape import words as sentence
from harness.report.findings import Board, Entry, Overall, RunFindings, ScalingStep, Standing, name_of
from harness.report.words import UNKNOWN
from harness.stats.combine import Combined
from harness.stats.compare import Ratio
from harness.store.record import Measurement, Outcome

LEFT, RIGHT = ":--", "--:"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> Iterator[str]:
    """Yield the lines of a table; columns of numbers, named by `right`, stand to the right."""
    yield _row(headers)
    yield _row([RIGHT if at in right else LEFT for at in range(len(headers))])
    yield from map(_row, rows)


def overall(board: Board, reference: str) -> Iterator[str]:
    """Return one line a target of a class, the fastest first; `reference` is what the reference is called."""
    yield from table(
        ("target", "time / reference", "time / fastest", "wins", "ties", "behind", "no verdict", "not measured"),
        [_overall_row(one, board, reference) for one in board.overall],
        right=range(1, 8),
    )
    yield ""
    common = f"{board.common} of {len(board.cases)}"
    yield f"Ratios are geometric means over the cases that every target here measured: {common}."


def cases(board: Board) -> Iterator[str]:
    """Return one line an arm of a class."""
    numbers = ("time", "95 % interval", "speed", "of the ceiling", "time / reference")
    headers = ("case", "target", *numbers, "verdict", "in its class")
    rows = [(code(case.name), *_entry_row(entry)) for case in board.cases for entry in case.entries]
    return table(headers, rows, right=(2, 3, 4, 5, 6))


def scaling(run: RunFindings) -> Iterator[str]:
    """Return one line a case and target, with a column for each number of threads: the time, and the speed-up."""
    numbers = sorted({step.threads for one in run.scalings for step in one.steps})
    if not numbers:
        return
    headers = ("case", "target", *(f"{number} thread{'s' * (number != 1)}" for number in numbers))
    rows = []
    for one in run.scalings:
        steps = {step.threads: _step(step) for step in one.steps}
        rows.append((code(one.case), code(one.target), *(steps.get(number, UNKNOWN) for number in numbers)))
    yield from table(headers, rows, right=range(2, len(headers)))
    yield ""
    yield "The factor is how many times as fast as with the fewest threads, from blocks of the same rounds."


def first_calls(run: RunFindings) -> Iterator[str]:
    """Return what the first call of each arm cost, where anything was measured."""
    chosen = [arm for arm in run.arms if arm.first_call_s is not None or arm.compile_s is not None]
    if not chosen:
        return iter(())
    headers = ("case", "target", "first call", "of it compiling", "making ready", "import", "later calls")
    return table(headers, map(_first_call_row, chosen), right=range(2, 7))


def outcomes(run: RunFindings) -> Iterator[str]:
    """Return one line a planned arm, however it ended, under a count for each target."""
    counts: dict[str, Counter[str]] = {}
    for arm in run.arms:
        counts.setdefault(_full_name(arm), Counter())[arm.outcome] += 1
    met = [outcome for outcome in Outcome if any(counted[outcome] for counted in counts.values())]
    yield from table(
        ("target", *met),
        [(target, *(str(counted[outcome]) for outcome in met)) for target, counted in counts.items()],
        right=range(1, len(met) + 1),
    )
    yield ""
    headers = ("case", "target", "outcome", "details")
    yield from table(headers, [(code(arm.case), _full_name(arm), arm.outcome, details(arm)) for arm in run.arms])


def details(arm: Measurement) -> str:
    """Say what is to be said of how an arm ended."""
    match arm.outcome:
        case Outcome.MEASURED:
            text = f"{words.time(arm.time_s)}, {arm.rounds} blocks in {arm.sets} sets"
            return f"{text}; {sentence(arm.detail)}" if arm.detail else text
        case Outcome.INVALID:
            codes = ", ".join(arm.validity)
            rejected = f"; rejected time {words.time(arm.rejected_s)}" if arm.rejected_s is not None else ""
            return f"{sentence(codes)}: {sentence(arm.detail or 'no more is known')}{rejected}"
        case Outcome.PREDICTED:
            estimate = f"the compiler estimates {words.time(arm.predicted_s)}"
            return f"{estimate}; {sentence(arm.detail)}" if arm.detail else estimate
        case _:
            return sentence(arm.detail) if arm.detail else "no reason was recorded"


def standing(entry: Entry) -> str:
    """Say how an arm stands in its class, in a word or two, and by how much it is behind."""
    if entry.standing is None:
        return str(entry.arm.outcome)
    beside = entry.beside_fastest
    if entry.standing in (Standing.BEHIND, Standing.INDICATIVE, Standing.WITHHELD) and beside and beside.ratio:
        return f"{entry.standing}, {words.ratio(beside.ratio)} x the fastest"
    return str(entry.standing)


def _overall_row(one: Overall, board: Board, reference: str) -> tuple[str, ...]:
    counted = one.standings
    decided = (Standing.WINS, Standing.TIE, Standing.BEHIND)
    undecided = sum(count for name, count in counted.items() if name not in decided)
    numbers = (*(counted.get(name, 0) for name in decided), undecided, len(board.cases) - one.measured)
    compared = any(other.beside_fastest for other in board.overall)
    fastest = "1" if compared and one is board.overall[0] else _ratio(one.beside_fastest)
    beside = "1" if one.target == reference and one.measured else _ratio(one.beside_reference)
    return (code(one.target), beside, fastest, *map(str, numbers))


def _entry_row(entry: Entry) -> tuple[str, ...]:
    arm = entry.arm
    if not entry.measured:
        return (code(name_of(arm)), *[UNKNOWN] * 5, str(arm.outcome), str(arm.outcome))
    return (
        code(name_of(arm)),
        words.time(arm.time_s),
        words.time_span(arm.time_low_s, arm.time_high_s),
        words.per_second(arm.flops_per_s, arm.bytes_per_s, arm.items_per_s, arm.items_name),
        words.share(arm.ceiling_share),
        "1" if entry.verdict == "reference" else _ratio(entry.beside_reference),
        entry.verdict,
        standing(entry),
    )


def _first_call_row(arm: Measurement) -> tuple[str, ...]:
    values = (arm.first_call_s, arm.compile_s, arm.prepare_s, arm.import_s, arm.time_s)
    return (code(arm.case), _full_name(arm), *map(words.time, values))


def _step(step: ScalingStep) -> str:
    if step.arm.outcome != Outcome.MEASURED:
        return str(step.arm.outcome)
    faster = f", x {_ratio(step.speed_up)}" if step.speed_up else ""
    return f"{words.time(step.arm.time_s)}{faster}"


def _ratio(found: Ratio | Combined | None) -> str:
    return words.ratio(found.ratio, found.low, found.high) if found else UNKNOWN


def _full_name(arm: Measurement) -> str:
    own, counted = split_threads(arm.label)
    named = code(own) + " " + code(arm.target) if own else code(arm.target)
    named += f", {counted}" if counted else ""
    return f"{named} (again)" if arm.replica else named


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
