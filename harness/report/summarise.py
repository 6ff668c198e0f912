"""From the rows of one run to its findings: who is compared with whom, and what may be said of it.

Rankings stay within a class and within a case. NumPy and the math mode ``default`` are never
ranked. A verdict needs enough process-sets, and a passed self-check: the reference measured against
itself must come out equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from harness.core.target import split_threads
from harness.report.boards import Settled, board_of
from harness.report.confidence import confidence_of
from harness.report.findings import ArmKey, Board, RunFindings, SelfCheck, case_of, contest_of, name_of
from harness.report.pairs import Pairs, Samples
from harness.report.rows import natural
from harness.report.scaling import means_of, scalings_of
from harness.stats.combine import combine
from harness.stats.compare import Ratio
from harness.store.record import Measurement, Outcome

CLASSES = ("as-written", "compiled")
BOTH = "both"
NEVER_RANKED = "default"  # a math mode
MOST_ARMS, MOST_PAIRS = 2_500, 25_000  # of which all are compared with all others of their contest


def summarise(
    measurements: Sequence[Measurement],
    samples: Samples | None = None,
    *,
    manifest: Mapping[str, Any] | None = None,
    state: str = "complete",
    matrix: bool = True,
) -> RunFindings:
    """Return the findings of the run that all `measurements` belong to; `matrix` compares all with all others."""
    reference = _reference(measurements)
    arms = tuple(sorted(_distinct(measurements), key=lambda arm: _order(arm, reference)))
    pairs = Pairs(arms, samples, confidence=confidence_of(manifest or {}))
    cases = _cases(arms)
    references = {key: _find(arms, places, reference, replica=0) for key, places in cases.items()}
    copies = {key: _find(arms, places, reference, replica=1) for key, places in cases.items()}
    pairs.compare(_with_reference(arms, cases, references))
    check = _self_check(arms, pairs, references, copies)
    settled = Settled(arms=arms, pairs=pairs, cases=cases, references=references, copies=copies, check=check)
    return RunFindings(
        run_id=arms[0].run_id,
        suite=arms[0].suite,
        state=state,
        reference=next((name_of(arm) for arm in arms if _identity(arm) == reference), arms[0].reference),
        arms=arms,
        boards=_boards(settled),
        self_check=check,
        manifest=manifest or {},
        scalings=scalings_of(arms, pairs),
        scaling_means=means_of(arms, pairs),
        blocks_read=pairs.blocks_read,
        matrix=_matrix(arms, pairs, cases) if matrix else {},
    )


def _boards(settled: Settled) -> tuple[Board, ...]:
    boards = [board_of(settled, name, _ranked_in(name)) for name in CLASSES]
    others = board_of(settled, "not ranked", _ranked_nowhere, ranked=False)
    return tuple(board for board in [*boards, others] if board.cases)


def _ranked_in(name: str) -> Any:
    return lambda arm: arm.mode_class in (name, BOTH) and arm.math != NEVER_RANKED


def _ranked_nowhere(arm: Measurement) -> bool:
    return arm.math == NEVER_RANKED or arm.mode_class not in (*CLASSES, BOTH)


def _matrix(
    arms: Sequence[Measurement], pairs: Pairs, cases: Mapping[str, list[int]]
) -> dict[tuple[ArmKey, ArmKey], Ratio]:
    """Return the ratio of any two measured arms of a contest, or nothing where that would be too many."""
    measured = [
        [place for place in places if arms[place].outcome == Outcome.MEASURED and arms[place].replica == 0]
        for places in cases.values()
    ]
    if len(arms) > MOST_ARMS or sum(len(places) * (len(places) - 1) for places in measured) > MOST_PAIRS:
        return {}
    wanted = [pair for places in measured for pair in permutations(places, 2)]
    pairs.compare(wanted)
    return {(arms[a].key, arms[b].key): pairs.ratio(a, b) for a, b in wanted}


def _self_check(
    arms: Sequence[Measurement],
    pairs: Pairs,
    references: Mapping[str, int | None],
    copies: Mapping[str, int | None],
) -> SelfCheck:
    both = {
        key: (first, second)
        for key, first in references.items()
        if first is not None and (second := copies[key]) is not None and pairs.ratio(first, second).log is not None
    }
    if not both:
        return SelfCheck(combined=None)
    found = {key: pairs.ratio(*pair) for key, pair in both.items()}
    widths = [ratio.detectable for ratio in found.values() if ratio.detectable is not None]
    return SelfCheck(
        combined=combine(pairs.per_set(list(both.values())), confidence=pairs.confidence),
        cases=len(both),
        failed=tuple(case_of(arms[both[key][0]]) for key, ratio in found.items() if ratio.agrees is False),
        lost=tuple(case_of(arms[first]) for key, first in references.items() if first is not None and key not in both),
        detectable=(min(widths), float(np.median(widths)), max(widths)) if widths else None,
    )


def _with_reference(
    arms: Sequence[Measurement], cases: Mapping[str, list[int]], references: Mapping[str, int | None]
) -> list[tuple[int, int]]:
    return [
        (first, place)
        for key, places in cases.items()
        if (first := references[key]) is not None
        for place in places
        if place != first and arms[place].outcome == Outcome.MEASURED
    ]


def _reference(measurements: Sequence[Measurement]) -> tuple[str, str]:
    """Return the target and label of the reference: what was run twice, or else what the rows name."""
    twice = [_identity(row) for row in measurements if row.replica == 1]
    if twice:
        return min(twice)
    named = [_identity(row) for row in measurements if row.reference in (name_of(row), row.target)]
    return min(named, default=("", ""))


def _identity(arm: Measurement) -> tuple[str, str]:
    return (arm.target, split_threads(arm.label)[0])


def _distinct(measurements: Sequence[Measurement]) -> list[Measurement]:
    return list({row.key: row for row in measurements}.values())


def _order(arm: Measurement, reference: tuple[str, str]) -> tuple[Any, ...]:
    contest = (natural(arm.case), arm.case_key, natural(split_threads(arm.label)[1]))
    return (*contest, _identity(arm) != reference, arm.target, arm.label, arm.replica)


def _cases(arms: Sequence[Measurement]) -> dict[str, list[int]]:
    cases: dict[str, list[int]] = defaultdict(list)
    for place, arm in enumerate(arms):
        cases[contest_of(arm)].append(place)
    return dict(cases)


def _find(arms: Sequence[Measurement], places: Sequence[int], identity: tuple[str, str], *, replica: int) -> int | None:
    """Return where the arm of `identity` stands, if it was measured."""
    return next(
        (
            place
            for place in places
            if _identity(arms[place]) == identity
            and arms[place].replica == replica
            and arms[place].outcome == Outcome.MEASURED
        ),
        None,
    )
