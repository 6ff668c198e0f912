"""Going on until enough is known: looks after 5, 10, 15 and 20 sets, and not one more than is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.run.ledger import Ledger
from harness.run.looks import Looks
from harness.run.plan import Plan, make_plan
from harness.run.ratios import rules_of
from harness.run.runner import default_pace, looks_of, reached_all, stopped_by
from harness.run.session import Session
from harness.run.terms import Pace, Stop
from harness.stats.sequential import Ending, Rule
from harness.stats.verdict import MARGIN
from harness.store.record import Outcome
from harness.suite.model import Measure
from tests.core.run.fakes import Rows, Script, ScriptedFleet, info, lost, plan, session, suite

PACE = Pace(sets=5, rounds=6, max_time_s=1000.0, shard_bytes=10**9, adaptive=True)

Luck = Callable[[str, int], float]


def scattered(share: float, *cases: str) -> Luck:
    """Every other process is so much slower; in the cases named, or in all."""
    return lambda case, number: 1 + share * (number % 2) if not cases or case in cases else 1.0


def fleet(b: Luck = lambda case, number: 1.0, *, ratio: int = 1, **options: Any) -> ScriptedFleet:
    scripts = {"a.plain@cpu": Script(), "b.plain@cpu": Script(call_ns=ratio * 1_000_000, by_set=b)}
    return ScriptedFleet(scripts, **options)


def measure(planned: Plan, workers: ScriptedFleet, *, pace: Pace = PACE, stop: Stop | None = None) -> Any:
    stop = stop or Stop()
    ledger = Ledger(clock=workers.clock.now)
    rule = looks_of(planned, pace, ledger, stop.left_s)
    made, rows = session(planned, workers, pace=pace, stop=stop, stopping=rule, ledger=ledger)
    made.run()
    assert all(line.closed for line in workers.lines)
    return made, rows


def endings(made: Session) -> dict[str, Ending | None]:
    assert made.endings is not None
    return {case.name: case.ending for case in made.endings.cases}


def sets_of(rows: Rows) -> dict[tuple[str, str, int], int]:
    return {key: row.sets for key, row in rows.rows.items()}


def starts(workers: ScriptedFleet) -> list[int]:
    return sorted({int(number) for op, _, number in workers.log if op == "start"})


# -- when a case ends ----------------------------------------------------------------------------


def test_what_is_known_at_the_first_look_gets_five_sets() -> None:
    made, rows = measure(plan(8, 16), fleet())
    assert set(sets_of(rows).values()) == {5}
    assert endings(made) == {"m8": Ending.PRECISE, "m16": Ending.PRECISE}


def test_a_case_that_is_not_known_goes_on_alone_and_nothing_is_lost_of_the_others() -> None:
    """Every other process 1.8 % slower: known within 1.9 % after 5 sets, within 0.9 % after 10."""
    workers = fleet(scattered(0.018, "m16"))
    made, rows = measure(plan(8, 16), workers)
    by_case = {name: {sets for key, sets in sets_of(rows).items() if key[0] == name} for name in ("m8", "m16")}
    assert by_case == {"m8": {5}, "m16": {10}}
    assert {row.outcome for row in rows.rows.values()} == {Outcome.MEASURED}
    assert {case for op, _, case in workers.log if op == "prepare" and case == "m8"} == {"m8"}
    assert Counter(case for op, _, case in workers.log if op == "prepare") == {"m8": 3 * 5, "m16": 3 * 10}
    assert endings(made) == {"m8": Ending.PRECISE, "m16": Ending.PRECISE}
    kept = Counter((s.case_key, s.set) for s in rows.kept if s.quantity == "throughput")
    assert len(kept) == 5 + 10


def test_the_copy_and_the_reference_go_on_with_any_arm_of_the_case() -> None:
    workers = ScriptedFleet(
        {"a.plain@cpu": Script(), "b.plain@cpu": Script(), "c.plain@cpu": Script(by_set=scattered(0.018))}
    )
    _, rows = measure(plan(8, targets=("a@cpu", "b@cpu", "c@cpu")), workers)
    assert set(sets_of(rows).values()) == {10}
    assert len(rows.rows) == 4


def test_what_is_decided_needs_not_be_known_well() -> None:
    """Twice as slow, give or take 3 %: too wide for 1 %, and no doubt about the verdict."""
    made, rows = measure(plan(8), fleet(scattered(0.03), ratio=2))
    assert endings(made) == {"m8": Ending.DECIDED}
    assert set(sets_of(rows).values()) == {5}


def test_what_will_plainly_not_get_there_is_given_up() -> None:
    """After 10 sets known within 2.5 %, and 20 would leave 1.6 %, which says neither."""
    made, rows = measure(plan(8), fleet(scattered(0.05)))
    assert endings(made) == {"m8": Ending.HOPELESS}
    assert set(sets_of(rows).values()) == {10}


@pytest.mark.parametrize(
    ("share", "sets", "ending"),
    [(0.018, 10, Ending.PRECISE), (0.022, 15, Ending.PRECISE), (0.03, 20, Ending.PRECISE), (0.1, 20, Ending.EXHAUSTED)],
)
def test_the_more_processes_differ_the_more_sets_there_are_until_the_last_look(
    share: float, sets: int, ending: Ending
) -> None:
    made, rows = measure(plan(8), fleet(scattered(share)))
    assert set(sets_of(rows).values()) == {sets}
    assert endings(made) == {"m8": ending}


def test_a_margin_of_its_own_decides_a_case_sooner() -> None:
    """10 % slower, give or take: beyond 2 % for certain, and neither within nor beyond 10 %."""
    plain = plan(8)
    wide = replace(
        plain, suite=replace(plain.suite, cases=tuple(replace(case, margin=0.1) for case in plain.suite.cases))
    )
    luck = scattered(0.03)
    found = {}
    for name, planned in (("plain", plain), ("wide", wide)):
        workers = fleet(luck)
        workers.scripts["b.plain@cpu"].call_ns = 1_090_000
        made, _ = measure(planned, workers)
        found[name] = endings(made)["m8"]
    assert found["plain"] is Ending.DECIDED
    assert found["wide"] is not Ending.DECIDED


def test_what_is_asked_for_in_the_suite_is_what_is_reached() -> None:
    luck = scattered(0.018)
    fine = make_plan(suite(8, measure=Measure(profile="rigorous", target_ci=0.02)), find=info, kinds=lambda: ("cpu",))
    _, rows = measure(fine, fleet(luck))
    assert set(sets_of(rows).values()) == {5}


def test_whole_processes_are_looked_at_from_ten_sets_on() -> None:
    workers = ScriptedFleet({"a.plain@tpu:0": Script(), "b.plain@tpu:0": Script()})
    made, rows = measure(plan(8, targets=("a@tpu", "b@tpu")), workers)
    assert set(sets_of(rows).values()) == {10}
    assert endings(made) == {"m8": Ending.PRECISE}


def test_all_looks_of_a_run_are_equally_sure() -> None:
    rules = rules_of(0.01, MARGIN)
    assert rules["round"].spent == Rule().spent == 0.9875
    assert rules["process"].spent == pytest.approx(0.9875)
    assert rules["process"].looks == (10, 15, 20)


def test_an_arm_stays_within_its_time_whatever_is_known() -> None:
    """Calls of 100 ms: 6 rounds, and a block to warm up, are 0.7 s a set, so 6 s have no room for a second look."""
    pace = replace(PACE, max_time_s=6.0)
    workers = fleet(scattered(0.018))
    for script in workers.scripts.values():
        script.call_ns = 100_000_000
    made, rows = measure(plan(8), workers, pace=pace)
    assert {row.rounds for row in rows.rows.values()} == {30}
    assert set(sets_of(rows).values()) == {5}
    assert endings(made) == {"m8": Ending.EXHAUSTED}


def test_a_reference_alone_is_held_against_its_copy() -> None:
    workers = ScriptedFleet({"a.plain@cpu": Script(), "a.plain@cpu'": Script(by_set=scattered(0.018))})
    made, rows = measure(plan(8, targets=("a@cpu",)), workers)
    assert set(sets_of(rows).values()) == {10}
    assert endings(made) == {"m8": Ending.PRECISE}


def test_each_number_of_threads_has_its_own_reference() -> None:
    whole = suite(8, targets=("a@cpu", "b@cpu"), measure=Measure(profile="rigorous", threads=(1, 2)))
    planned = make_plan(whole, find=info, kinds=lambda: ("cpu",), processors=lambda: 2)
    scripts = {
        f"{name}.plain@cpu/{label}": Script(call_ns=call_ns)
        for name, label, call_ns in (
            ("a", "1-thread", 4_000_000),
            ("a", "2-threads", 2_000_000),
            ("b", "1-thread", 4_000_000),
            ("b", "2-threads", 2_000_000),
        )
    }
    made, _ = measure(planned, ScriptedFleet(scripts))
    assert made.endings is not None
    assert made.endings.cases[0].look.half == pytest.approx(0.0)
    assert endings(made) == {"m8": Ending.PRECISE}


# -- what goes wrong on the way ------------------------------------------------------------------


def test_a_case_without_its_reference_is_measured_as_often_as_standard() -> None:
    workers = fleet(scattered(0.2))
    workers.scripts["a.plain@cpu"].faults = {("prepare", "m8"): lost()}
    made, rows = measure(plan(8), workers)
    assert rows.rows["m8", "b.plain@cpu", 0].sets == 5
    assert endings(made) == {"m8": Ending.MISSING}


def test_a_case_of_which_nothing_is_left_needs_no_more_sets() -> None:
    workers = fleet()
    for script in workers.scripts.values():
        script.faults = {("prepare", "m8"): lost()}
    made, _ = measure(plan(8), workers)
    assert starts(workers) == [0]
    assert endings(made) == {"m8": Ending.MISSING}


def test_a_worker_that_cannot_start_late_costs_those_arms_alone_that_wanted_it() -> None:
    """In the seventh set only m16 is measured; m8 has long been known."""
    workers = fleet(scattered(0.018, "m16"), stalls={("b.plain@cpu", 6)})
    _, rows = measure(plan(8, 16), workers)
    assert rows.rows["m8", "b.plain@cpu", 0].outcome == Outcome.MEASURED
    assert rows.rows["m16", "b.plain@cpu", 0].outcome == Outcome.FAILED
    assert rows.rows["m16", "a.plain@cpu", 0].outcome == Outcome.MEASURED


def test_an_interruption_keeps_what_there_is_and_says_what_is_open() -> None:
    stop = Stop()
    workers = fleet()

    def after_seven(case: str, number: int) -> float:
        if number == 7:
            stop.reason = "interrupt"
        return 1 + 0.02 * (number % 2)

    workers.scripts["b.plain@cpu"].by_set = after_seven
    made, rows = measure(plan(8), workers, stop=stop)
    assert {row.outcome for row in rows.rows.values()} == {Outcome.MEASURED}
    (case,) = made.endings.undecided
    assert (case.sets, case.more_sets) == (8, 7)  # the eighth was cut short
    assert stopped_by(stop, made.endings) == "interrupt"


@given(
    shares=st.lists(st.sampled_from([0.0, 0.02, 0.03, 0.05, 0.3]), min_size=1, max_size=4),
    seed=st.integers(0, 9),
)
@settings(max_examples=15)
def test_every_case_ends_at_a_look(shares: Sequence[float], seed: int) -> None:
    sizes = [2**at for at in range(len(shares))]
    noisy = {f"m{size}": share for size, share in zip(sizes, shares, strict=True)}
    workers = fleet(lambda case, number: 1 + noisy[case] * ((number * 7919 + seed) % 3))
    made, rows = measure(plan(*sizes), workers)
    assert {row.outcome for row in rows.rows.values()} == {Outcome.MEASURED}
    for name in noisy:
        (sets,) = {row.sets for row in rows.rows.values() if row.case == name}
        assert sets in (5, 10, 15, 20)
    assert None not in endings(made).values()
    assert all(before < after for before, after in pairwise(starts(workers)))


# -- how much is measured under which profile ----------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "budgeted", "sets", "adaptive"),
    [
        ("quick", False, 1, False),
        ("quick", True, 1, False),
        ("standard", False, 5, False),
        ("standard", True, 5, True),
        ("rigorous", False, 5, True),
        ("rigorous", True, 5, True),
    ],
)
def test_who_looks(*, profile: str, budgeted: bool, sets: int, adaptive: bool) -> None:
    planned = make_plan(suite(8, measure=Measure(profile=profile)), find=info, kinds=lambda: ("cpu",))
    pace = default_pace(planned, budgeted=budgeted)
    assert (pace.sets, pace.adaptive) == (sets, adaptive)


def test_the_rule_is_that_of_the_suite() -> None:
    whole = suite(8, 16, measure=Measure(profile="rigorous", target_ci=0.005, margin=0.03, max_time_s=7.0))
    cases = (whole.cases[0], replace(whole.cases[1], margin=0.2))
    planned = make_plan(replace(whole, cases=cases), find=info, kinds=lambda: ("cpu",))
    rule = looks_of(planned, default_pace(planned), Ledger(), lambda: 1.0)
    assert isinstance(rule, Looks)
    assert (rule.target, rule.margin, rule.max_time_s) == (0.005, 0.03, 7.0)
    assert rule.margins == {cases[1].key: 0.2}
    assert str(rule.reference) == "a.plain@cpu"


def test_the_margin_of_a_suite_is_the_one_that_verdicts_have_by_themselves() -> None:
    assert Measure().margin == MARGIN


def test_a_run_in_order_is_complete() -> None:
    made, rows = measure(plan(8), fleet(scattered(0.2)))
    assert stopped_by(Stop(), made.endings) == ""
    assert reached_all("", made.endings, list(rows.rows.values()))
