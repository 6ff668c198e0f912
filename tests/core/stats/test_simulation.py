"""The simulation behind the number of sets: worlds have the truth they claim, and it counts what it says."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.calibration import replay, simulate, trials
from benchmarks.calibration.replay import Effects
from benchmarks.calibration.worlds import HIERARCHICAL, MIXTURES, World, autotuner, gaussian, rounds
from harness.stats.sequential import Ending, Look
from harness.stats.verdict import Judgement, Verdict, judge
from harness.store.record import UNPROVED

STILL = World(name="still", draw=lambda rng, shape: np.zeros(shape))


@pytest.mark.parametrize("world", [*HIERARCHICAL, *MIXTURES], ids=lambda world: world.name)
def test_the_mean_of_a_world_is_its_truth(world: World) -> None:
    """Over two hundred thousand processes, within what chance allows."""
    drawn = world.draw(np.random.default_rng(0), (10000, 20))
    assert drawn.mean() == pytest.approx(world.truth, abs=5 * drawn.std() / math.sqrt(drawn.size))


def test_worlds_have_names_of_their_own() -> None:
    names = [world.name for world in [*HIERARCHICAL, *MIXTURES]]
    assert len(set(names)) == len(names) == 32


def test_the_median_over_rounds_shrugs_off_the_disturbed_ones() -> None:
    """A tenth of the rounds is off by 30 %; the median moves by a quarter of one round's 2 %."""
    drawn = rounds(np.random.default_rng(1), (2000, 5))
    assert drawn.shape == (2000, 5)
    assert drawn.std() == pytest.approx(0.005, abs=0.0005)
    assert drawn.mean() == pytest.approx(0.0, abs=0.0003)


def test_a_number_of_sets_fixed_beforehand_is_right_as_often_as_it_says() -> None:
    found = trials.fixed(gaussian(0.007), 2000, seed=3)
    assert all(share == pytest.approx(0.05, abs=0.02) for share in found["missed"].values())
    assert found["flagged"] == dict.fromkeys(trials.SETS, 0.0)
    assert found["found_2"][10] == found["regressed_5"][10] == pytest.approx(1.0, abs=0.01)


def test_the_truth_of_a_mixture_is_what_intervals_are_held_against() -> None:
    """Three in ten processes of one arm are 10 % slower: intervals of five sets often see one kind only."""
    found = trials.fixed(autotuner(0.3, 0.1, both=False), 2000, seed=3)
    assert found["missed"][5] > 0.15
    assert found["missed"][20] < 0.1


def a_look(*, log: float, half: float, sets: int = 5, chance: float | None = None) -> Look:
    said = Judgement(verdict=Verdict.INCONCLUSIVE, log=log, log_low=log - half, log_high=log + half, sets=sets)
    return Look(judgement=said, ending=None, half=half, expected_half=half / 2, chance=chance)


def test_giving_up_by_the_spread_seen_asks_what_the_last_look_would_leave() -> None:
    """3 % is expected: too wide by three times the target; but 6 % slower would lie beyond the margin even so."""
    gives_up = trials.spread_as_seen(1.5)
    assert gives_up(a_look(log=0.0, half=0.06), 5)
    assert not gives_up(a_look(log=0.06, half=0.06), 5)
    assert not gives_up(a_look(log=0.0, half=0.06), 20)
    assert not trials.spread_as_seen(4.0)(a_look(log=0.0, half=0.06), 5)


def test_giving_up_by_chance_asks_for_one_that_is_known() -> None:
    gives_up = trials.chance_below(0.1)
    assert gives_up(a_look(log=0.0, half=0.06, chance=0.05), 5)
    assert not gives_up(a_look(log=0.0, half=0.06, chance=0.15), 5)
    assert not gives_up(a_look(log=0.0, half=0.06), 5)
    assert not gives_up(a_look(log=0.0, half=0.06, sets=20, chance=0.05), 20)


def test_policies_are_held_against_the_one_that_never_gives_up() -> None:
    """What is lost was given up, and is settled where nobody gives up."""
    told = trials.adaptive(gaussian(0.03), 0.05, 200, seed=5)
    patient = told["a quarter each"]
    assert patient["given_up"] == patient["lost"] == 0
    for name, found in told.items():
        assert found["lost"] <= found["given_up"]
        if name.startswith("  "):
            assert found["settled"] == pytest.approx(patient["settled"] - found["lost"])
            assert found["sets"] <= patient["sets"]
    assert told["  chance below 10%"]["lost"] < told["  spread seen x 1.5"]["lost"]


def test_looks_end_by_the_rule_itself() -> None:
    ended = trials._looks(np.zeros((2, 5)), 0.9875)
    assert [seen.ending for seen in ended] == [Ending.PRECISE] * 2
    assert ended[0].judgement.confidence == pytest.approx(0.9875)


@pytest.mark.parametrize("looks", [False, True])
def test_a_large_difference_is_flagged_and_confirmed_and_none_is_not(*, looks: bool) -> None:
    assert trials.confirmed(STILL, 0.05, 50, seed=1, looks=looks) == {"flagged": 1.0, "raised": 1.0}
    assert trials.confirmed(STILL, 0.0, 50, seed=1, looks=looks) == {"flagged": 0.0, "raised": 0.0}


def test_nights_of_identical_cases_raise_nothing_where_processes_are_alike() -> None:
    assert trials.nights([STILL], 20, 3, seed=1) == {"cases": 60.0, "alone": 0.0, "listed": 0.0, "raised": 0.0}


def test_groups_are_found_where_there_are_two() -> None:
    assert trials.groups(autotuner(0.5, 0.1, both=False), 200, seed=2)[20] > 0.95
    assert trials.groups(gaussian(0.007), 400, seed=2)[20] < 0.05


# -- recorded rounds ------------------------------------------------------------------------------


def samples(**values: Any) -> pd.DataFrame:
    """A case of an arm, its twin and another, five sets of six rounds; the other takes twice as long."""
    rows = [
        {
            "run_id": "r",
            "case_key": "c",
            "target": target,
            "label": "",
            "replica": replica,
            "quantity": "throughput",
            "set": at,
            "round": lap,
            "inner": 10,
            "wall_ns": 1000 * factor * (1 + 0.01 * at * replica),
            "flags": 0,
        }
        | values
        for target, replica, factor in (("a", 0, 2), ("b", 0, 1), ("b", 1, 1))
        for at in range(5)
        for lap in range(6)
    ]
    return pd.DataFrame(rows)


def test_every_arm_is_held_against_the_one_that_was_measured_twice() -> None:
    known = {trace.name + ("'" if trace.twins else ""): trace for trace in replay._traces(samples())}
    assert sorted(known) == ["a", "b'"]
    assert known["a"].medians == pytest.approx(math.log(2))
    assert known["b'"].medians == pytest.approx(np.log(1 + 0.01 * np.arange(5)))


@pytest.mark.parametrize("other", [{"quantity": "latency"}, {"flags": UNPROVED}, {"wall_ns": 0}, {"inner": 0}])
def test_only_sound_blocks_are_replayed(other: dict[str, Any]) -> None:
    assert list(replay._traces(samples(**other))) == []


def test_what_is_drawn_again_is_what_was_recorded() -> None:
    """Sets without spread of their own leave the recorded effects, centred."""
    effects = np.array([0.0, 0.01, 0.02, 0.03, 0.04])
    trace = replay.Trace(case_key="c", name="x", twins=True, logs=np.tile(effects[:, None], (1, 30)))
    drawn = replay.redraw(trace, (2000, 7), np.random.default_rng(0), Effects.RECORDED)
    assert sorted(set(np.round(drawn.ravel(), 9).tolist())) == pytest.approx((effects - 0.02).tolist())
    stand_in = replay.redraw(trace, (2000, 7), np.random.default_rng(0), Effects.NORMAL)
    assert stand_in.std() == pytest.approx(replay.SPREAD, rel=0.05)


def test_the_control_draws_from_as_many_effects_about_nothing() -> None:
    """As many different values in a trial as were recorded, others in the next, as wide as the recorded ones."""
    logs = np.tile(np.random.default_rng(3).normal(0, 0.01, (20, 1)), (1, 30))
    trace = replay.Trace(case_key="c", name="x", twins=True, logs=logs)
    drawn = replay.redraw(trace, (2000, 200), np.random.default_rng(0), Effects.CONTROL)
    assert {len(set(row.tolist())) for row in drawn} == {20}
    assert len(set(drawn[:, 0].tolist())) == 2000
    assert drawn.mean() == pytest.approx(0, abs=1e-4)
    assert drawn.std() == pytest.approx(float(trace.medians.std()), rel=0.03)


def test_a_few_process_sets_are_no_source_of_others() -> None:
    """Of five exactly normal ones, drawn again, the interval over five misses too often; of forty it does not."""
    rng = np.random.default_rng(5)

    def missed(recorded: int) -> float:
        known = [
            replay.Trace(case_key="c", name="x", twins=True, logs=np.tile(rng.normal(0, 0.01, (recorded, 1)), (1, 30)))
            for _ in range(60)
        ]
        drawn = [replay.redraw(each, (200, 5), rng, Effects.CONTROL) for each in known]
        ends = [(said.log_low or 0, said.log_high or 0) for each in drawn for said in judge(each)]
        return float(np.mean([not low <= 0 <= high for low, high in ends]))

    assert missed(5) > 0.08
    assert missed(40) < 0.065


def test_intervals_on_recorded_sets_are_counted_over_the_pairs_that_serve() -> None:
    rng = np.random.default_rng(2)
    long = replay.Trace(case_key="c", name="x", twins=True, logs=rng.normal(0, 0.01, (20, 30)))
    short = replay.Trace(case_key="c", name="y", twins=False, logs=rng.normal(0, 0.01, (19, 30)))
    for effects in (Effects.RECORDED, Effects.CONTROL):
        found = replay.coverage([long, short], (5, 20), 1500, 4, effects)
        assert all(share == pytest.approx(0.05, abs=0.025) for share in found.values())
        assert math.isnan(replay.coverage([short], (5,), 10, 4, effects)[5])
    assert replay.as_recorded([long, short])["pairs"] == 1


# -- the script -----------------------------------------------------------------------------------


def test_figures_are_one_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "results/samples"
    folder.mkdir(parents=True)
    samples().to_parquet(folder / "run.parquet")
    words = ["--trials", "400", "--json", "--only", "sets,traces", "--traces", str(tmp_path)]
    assert simulate.main(words) in (0, 1, 4)  # so few sessions, and a trace made up by hand, prove nothing
    figures = json.loads(capsys.readouterr().out)
    assert figures["sets"]["normal 0.7%"]["missed"]["5"] == pytest.approx(0.05, abs=0.04)
    assert figures["traces"]["pairs"] == 2


def test_a_promise_that_does_not_hold_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    study = simulate.Study(20000, 1, [], print)
    study._promise("too narrow", {5: 0.2, 10: 0.05})
    study._promise("too wide", {5: 0.01})
    assert study.broken == [
        "too narrow: 20.0% of intervals miss with 5 sets",
        "too wide: 1.0% of intervals miss with 5 sets",
    ]
    study.traces()
    assert "--traces" in capsys.readouterr().out


def test_a_part_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        simulate.main(["--only", "sets,luck"])
    assert ended.value.code == 2
    assert "no such part: luck" in capsys.readouterr().err
