"""A time budget: spent where least is known, never cut in the middle where that can be foreseen, and told in words.

Workers take a second each to start, and there are three; preparing a case takes 0.1 s on each. A set of
one case so lasts 3 s and 0.54 s: 0.3 s of preparing, 18 blocks and 150 single calls.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.errors import ExitCode
from harness.run.endings import CaseEnd, Endings, duration
from harness.run.ratios import CaseLook
from harness.run.runner import exit_code_of, reached_all, stopped_by
from harness.run.terms import Pace, Stop
from harness.stats.sequential import Ending
from harness.store.record import Outcome
from tests.core.run.fakes import Rows, Script, ScriptedFleet, plan
from tests.core.run.test_looks import PACE, Luck, endings, measure, starts

ONE_BY_ONE = replace(PACE, shard_cases=1)
CASE_S = 0.3 + 18 * 0.005 + 150 * 0.001
WARM_S = 3 * 0.005  # a block of each arm that is not kept, from the second set on


def even(case: str, number: int) -> float:
    return 1.0


def fleet(b: Luck = even, *, both: Luck = even) -> ScriptedFleet:
    """Return workers of which those of b are luckier or not, after what happens to `both`."""
    scripts = {
        "a.plain@cpu": Script(prepare_ns=100_000_000, by_set=both),
        "b.plain@cpu": Script(prepare_ns=100_000_000, by_set=lambda case, number: both(case, number) * b(case, number)),
    }
    return ScriptedFleet(scripts, start_ns=10**9)


def spend(budget_s: float, workers: ScriptedFleet, *sizes: int, pace: Pace = PACE) -> tuple[Any, Rows, Stop]:
    stop = Stop(deadline=budget_s, clock=lambda: workers.clock.time_ns / 1e9)
    made, rows = measure(plan(*sizes), workers, pace=pace, stop=stop)
    return made, rows, stop


def by_case(rows: Rows) -> dict[str, int]:
    found: dict[str, set[int]] = {}
    for (name, _, _), row in rows.rows.items():
        found.setdefault(name, set()).add(row.sets)
    assert all(len(sets) == 1 for sets in found.values())
    return {name: sets.pop() for name, sets in found.items()}


def ending(made: Any, rows: Rows, stop: Stop) -> tuple[ExitCode, bool]:
    """Return the exit code, and whether the run is complete."""
    stopped = stopped_by(stop, made.endings)
    kept = list(rows.rows.values())
    return exit_code_of(kept, stopped=stopped, required=False), reached_all(stopped, made.endings, kept)


def test_time_enough_is_not_all_spent() -> None:
    workers = fleet()
    made, rows, stop = spend(60.0, workers, 8, 16, 32)
    assert by_case(rows) == {"m8": 5, "m16": 5, "m32": 5}
    assert ending(made, rows, stop) == (ExitCode.FINE, True)
    assert workers.clock.time_ns / 1e9 == pytest.approx(5 * 3 + 15 * CASE_S + 12 * WARM_S)


def test_the_last_of_the_suite_are_left_out_where_not_all_fit() -> None:
    """After the first set 18.38 s are left; with the reserve four more take 18.0 s for two cases, 20.3 s for three."""
    workers = fleet()
    made, rows, stop = spend(3 + 3 * CASE_S + 18.38, workers, 8, 16, 32)
    assert by_case(rows) == {"m8": 5, "m16": 5, "m32": 1}
    assert {row.outcome for row in rows.rows.values()} == {Outcome.MEASURED}
    assert stop.reason == ""  # nothing was cut
    assert ending(made, rows, stop) == (ExitCode.BUDGET, False)
    (case,) = made.endings.undecided
    assert (case.name, case.sets, case.more_sets) == ("m32", 1, 4)
    assert case.more_s == pytest.approx(4 * (3 + CASE_S))


def test_what_can_be_foreseen_not_to_fit_is_not_even_begun() -> None:
    """Four more sets of all that was begun must fit, and with a third case they would not."""
    workers = fleet()
    made, rows, stop = spend(24.0, workers, 8, 16, 32, 64, pace=ONE_BY_ONE)
    assert by_case(rows) == {"m8": 5, "m16": 5, "m32": 0, "m64": 0}
    for size in (32, 64):
        row = rows.rows[f"m{size}", "a.plain@cpu", 0]
        assert (row.outcome, row.attempts) == (Outcome.NOT_RUN, 0)
        assert row.detail == (
            "not reached: the time budget has no room for as many process-sets of it as a verdict needs"
        )
    assert ending(made, rows, stop) == (ExitCode.BUDGET, False)
    assert workers.clock.time_ns / 1e9 <= 24.0
    assert [(case.name, case.more_sets) for case in made.endings.undecided] == [("m32", 5), ("m64", 5)]


def test_where_not_even_one_case_can_get_a_verdict_the_time_is_given_back() -> None:
    workers = fleet()
    made, rows, stop = spend(12.0, workers, 8, 16)
    assert by_case(rows) == {"m8": 1, "m16": 1}
    assert workers.clock.time_ns / 1e9 == pytest.approx(3 + 2 * CASE_S)
    assert ending(made, rows, stop) == (ExitCode.BUDGET, False)
    assert "m8: 1 process-set, too few to conclude anything; 4 process-sets more, about 14 s, may decide it" in (
        "\n".join(made.endings.lines())
    )


def test_a_case_too_costly_for_the_budget_does_not_stand_in_the_way_of_the_next() -> None:
    """After the first set 20 s are left: four more of m8 would take 32 s and more, of m16 14 s."""
    workers = fleet(both=lambda case, number: 20.0 if case == "m8" else 1.0)
    made, rows, stop = spend(3 + 5.1 + CASE_S + 20.0, workers, 8, 16)
    assert by_case(rows) == {"m8": 1, "m16": 5}
    assert [case.name for case in made.endings.undecided] == ["m8"]
    assert ending(made, rows, stop) == (ExitCode.BUDGET, False)


def test_a_round_goes_to_the_case_of_which_least_is_known() -> None:
    """After five sets m16 is known within 3.1 %, m8 within 1.9 %; five more sets of one of them are what fits."""

    def luck(case: str, number: int) -> float:
        return 1 + {"m8": 0.018, "m16": 0.03, "m32": 0.0}[case] * (number % 2)

    five_s = 5 * 3 + 15 * CASE_S + 12 * WARM_S
    one_more_s = 5 * (3 + CASE_S + WARM_S)
    workers = fleet(luck)
    made, rows, stop = spend(five_s + 1.1 * one_more_s + 0.1, workers, 8, 16, 32)
    assert by_case(rows) == {"m8": 5, "m16": 10, "m32": 5}
    assert endings(made) == {"m8": None, "m16": None, "m32": Ending.PRECISE}
    assert ending(made, rows, stop) == (ExitCode.BUDGET, True)  # all that a verdict needs is there
    assert [(case.name, case.sets) for case in made.endings.undecided] == [("m8", 5), ("m16", 10)]


def test_a_cheaper_case_takes_what_is_left_where_the_least_certain_one_does_not_fit() -> None:
    def luck(case: str, number: int) -> float:
        return 1 + (0.018 if case == "m8" else 0.03) * (number % 2)

    workers = fleet(luck, both=lambda case, number: 20.0 if case == "m16" else 1.0)
    made, rows, _ = spend(70.0, workers, 8, 16)
    assert by_case(rows) == {"m8": 10, "m16": 5}
    assert [case.name for case in made.endings.undecided] == ["m16"]


def test_a_machine_that_slows_down_costs_the_case_that_is_best_known_its_round() -> None:
    """In the seventh set everything takes longer, so only one of two cases can reach its second look in time."""

    def luck(case: str, number: int) -> float:
        return 1 + {"m8": 0.018, "m16": 0.03}[case] * (number % 2)

    budget_s = 5 * (3 + 2 * (CASE_S + WARM_S)) + 1.1 * 5 * (3 + 2 * (CASE_S + WARM_S)) + 0.5
    _, rows, _ = spend(budget_s, fleet(luck), 8, 16)
    assert by_case(rows) == {"m8": 10, "m16": 10}
    workers = fleet(luck, both=lambda case, number: 6.5 if number == 6 else 1.0)
    made, rows, stop = spend(budget_s, workers, 8, 16)
    assert by_case(rows) == {"m8": 7, "m16": 10}
    assert stop.reason == ""
    assert endings(made)["m8"] is Ending.DECIDED  # looked at once more at the end


def test_what_nobody_could_foresee_is_cut_and_kept() -> None:
    workers = fleet(lambda case, number: 60.0 if number == 3 else 1.0)
    made, rows, stop = spend(24.0, workers, 8, 16)
    assert stop.reason == "budget"
    assert {row.outcome for row in rows.rows.values()} == {Outcome.MEASURED}
    assert ending(made, rows, stop) == (ExitCode.BUDGET, False)
    assert starts(workers) == [0, 1, 2, 3]


def test_a_budget_that_ends_as_all_is_decided_has_cut_nothing_short() -> None:
    """The last calls end just after the time does: what was begun is proved, and that is all there was to do."""

    def slow_at_last(case: str, number: int) -> float:
        return 8.0 if number == 4 else 1.0

    calm = fleet(both=slow_at_last)
    spend(1000.0, calm, 8)
    workers = fleet(both=slow_at_last)
    made, rows, stop = spend(calm.clock.time_ns / 1e9 - 0.001, workers, 8)
    assert by_case(rows) == {"m8": 5}
    assert stop.left_s() < 0
    assert ending(made, rows, stop) == (ExitCode.FINE, True)


def test_the_share_of_a_budget_is_the_share_of_its_time() -> None:
    seen: list[float] = []

    class Watching:
        def phase(self, text: str) -> None:
            pass

        def begins(self, share: float) -> None:
            pass

        def advance(self, share: float, arm: object) -> None:
            seen.append(share)

        def case_done(self, *what: object) -> None:
            pass

    from harness.run.ledger import Ledger
    from harness.run.runner import looks_of
    from tests.core.run.fakes import session

    workers = fleet()
    stop = Stop(deadline=60.0, clock=lambda: workers.clock.time_ns / 1e9)
    planned, ledger = plan(8), Ledger(clock=workers.clock.now)
    rule = looks_of(planned, PACE, ledger, stop.left_s)
    made, _ = session(planned, workers, pace=PACE, stop=stop, stopping=rule, ledger=ledger, observer=Watching())
    made.run()
    assert seen == sorted(seen)
    assert seen[0] == pytest.approx(3.305 / 60, abs=0.01)
    assert max(seen) == pytest.approx(workers.clock.time_ns / 1e9 / 60, abs=0.01)


# -- in words ------------------------------------------------------------------------------------


def case(name: str, sets: int, *, half: float | None = None, why: Ending | None = None, **more: Any) -> CaseEnd:
    look = CaseLook(ending=why, half=half, target="b.plain@cpu" if half else "")
    return CaseEnd(key=f"key-{name}", name=name, sets=sets, look=look, **more)


ENDINGS = Endings(
    target=0.01,
    cases=(
        case("one", 5, half=0.004, why=Ending.PRECISE),
        case("two", 5, half=0.02, why=Ending.DECIDED),
        case("three", 10, half=0.0312, why=Ending.HOPELESS),
        case("four", 20, half=0.012, why=Ending.EXHAUSTED),
        case("slow", 5, half=7.5, why=Ending.EXHAUSTED),
        case("five", 5, half=0.0188, more_sets=5, more_s=41.0),
        case("six", 1, more_sets=4, more_s=130.0),
        case("seven", 0, more_sets=5, more_s=30.0),
        case("eight", 5, why=Ending.MISSING),
    ),
    together_s=154.0,
)


def test_what_could_not_be_decided_is_said_in_sentences() -> None:
    assert list(ENDINGS.lines()) == [
        (
            "9 cases, ratios to be known within 1 %: 1 known that well, 1 decided before that, 1 too noisy to get "
            "there, 2 not there at the last look, 1 with nothing to compare, 3 undecided"
        ),
        "  three: b.plain@cpu known within 3.1 % after 10 process-sets; more sets would hardly help",
        "  four: b.plain@cpu known within 1.2 % after 20 process-sets; that was the last look",
        "  slow: b.plain@cpu known within a factor of 8.5 after 5 process-sets; its max_time is spent",
        "  six: 1 process-set, too few to conclude anything; 4 process-sets more, about 2 minutes, may decide it",
        "  seven: not measured; 5 process-sets more, about 30 s, may decide it",
        ("  five: b.plain@cpu known within 1.9 % after 5 process-sets; 5 process-sets more, about 41 s, may decide it"),
        "3 cases undecided; about 3 minutes more may decide them",
    ]


def test_of_many_cases_a_few_are_named() -> None:
    open_cases = tuple(case(f"c{at}", 1, more_sets=4, more_s=9.0) for at in range(12))
    many = Endings(target=0.01, cases=open_cases, together_s=60.0)
    lines = list(many.lines())
    assert len(lines) == 1 + 10 + 1 + 1
    assert lines[-2] == "  and 2 more like these"


def test_the_manifest_keeps_them_as_values() -> None:
    values = ENDINGS.values()
    assert values["endings"] == {
        "key-one": "precise",
        "key-two": "decided",
        "key-three": "hopeless",
        "key-four": "exhausted",
        "key-slow": "exhausted",
        "key-eight": "missing",
    }
    assert values["undecided"][-1] == {
        "case_key": "key-five",
        "case": "five",
        "target": "b.plain@cpu",
        "sets": 5,
        "half_width": 0.0188,
        "more_sets": 5,
        "more_s": 41.0,
    }


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "about 1 s"), (41.4, "about 41 s"), (119, "about 119 s"), (150, "about 2 minutes")]
)
def test_durations_are_rough(seconds: float, words: str) -> None:
    assert duration(seconds) == words
