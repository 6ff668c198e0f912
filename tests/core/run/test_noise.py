"""What a process-set's readings are, on a machine that is scripted to the last tick."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.activity import Family, Processors
from harness.run import noise as noise_module
from harness.run.noise import Look, Noise, look_at, noise_beside
from harness.run.terms import Stop
from harness.store.manifest import plain
from harness.store.record import UNPROVED, Sample
from tests.core.run import fakes


def sample(**columns: Any) -> Sample:
    return Sample(
        **{
            "run_id": "r",
            "case_key": "c",
            "target": "a@cpu",
            "label": "",
            "replica": 0,
            "quantity": "throughput",
            "set": 0,
            "round": 0,
            "order": 0,
            "inner": 1,
            "start_ns": 0,
            "wall_ns": 1000,
            **columns,
        }
    )


def looking(*looks: Look) -> Noise:
    told = iter(looks)
    return Noise(lambda: next(told))


def machine(at_s: float, *, total: float, busy: float, steal: float, ours: float, **rest: Any) -> Look:
    return Look(
        at_s=at_s,
        processors=Processors(total_s=total, busy_s=busy, steal_s=steal),
        family=Family(cpu_s=ours, major_faults=rest.pop("faults", 0)),
        **rest,
    )


def watched(noise: Noise, *samples: Sample) -> dict[str, Any]:
    noise.begin_set()
    return noise.end_set(samples)


def test_who_had_the_processors() -> None:
    before = machine(10.0, total=100.0, busy=40.0, steal=1.0, ours=7.0, held_back_s=3.0)
    after = machine(20.0, total=120.0, busy=52.0, steal=1.6, ours=15.0, held_back_s=5.0)
    found = watched(looking(before, after))
    assert found["wall_s"] == 10.0
    assert found["ours"] == pytest.approx(0.4)
    assert found["foreign"] == pytest.approx(0.2)
    assert found["steal"] == pytest.approx(0.03)
    assert found["held_back"] == pytest.approx(0.1)


def test_a_family_that_used_more_than_the_ticks_say_leaves_nothing_to_others() -> None:
    before = machine(0.0, total=0.0, busy=0.0, steal=0.0, ours=0.0)
    after = machine(1.0, total=2.0, busy=1.0, steal=0.0, ours=1.01)
    assert watched(looking(before, after))["foreign"] == 0.0


def test_rates_of_what_was_counted() -> None:
    before = machine(
        0.0, total=1.0, busy=0.0, steal=0.0, ours=0.0, faults=3, switches=1000, waited_s={"cpu": 1.0, "memory": None}
    )
    after = machine(
        4.0,
        total=9.0,
        busy=0.0,
        steal=0.0,
        ours=0.0,
        faults=8,
        switches=3000,
        waited_s={"cpu": 2.0, "memory": 1.0, "io": 9.0},
        load=1.5,
    )
    found = watched(looking(before, after))
    assert found["switches_per_s"] == 500.0
    assert found["major_faults"] == 5
    assert found["pressure"] == {"cpu": 0.25, "memory": None, "io": None}
    assert found["load"] == 1.5


def test_a_machine_that_shows_nothing_is_no_error() -> None:
    noise = looking(Look(at_s=0.0), Look(at_s=1.0))
    found = watched(noise)
    names = (
        "ours",
        "foreign",
        "steal",
        "held_back",
        "switches_per_s",
        "major_faults",
        "waited",
        "clock_mhz",
        "power_w",
        "load",
    )
    assert {found[name] for name in (*names, "gpu_processes", "switches_per_timed_s")} == {None}
    assert found["pressure"] == {"cpu": None, "memory": None, "io": None}
    assert plain(noise.told())["grade"] is None


def test_what_stood_beside_blocks() -> None:
    blocks = [
        sample(wall_ns=1000, runq_ns=100, switches=2, clock_mhz=1200.0, power_mw=2000.0, flags="throttled:power"),
        sample(wall_ns=3000, runq_ns=300, switches=0, clock_mhz=1800.0, power_mw=1000.0),
        sample(wall_ns=9000, runq_ns=9000, switches=90, clock_mhz=1.0, flags=UNPROVED),
    ]
    found = watched(looking(Look(at_s=0.0), Look(at_s=1.0)), *blocks)
    assert (found["blocks"], found["timed_s"]) == (2, 4e-6)
    assert found["waited"] == pytest.approx(0.1)
    assert found["switches_per_timed_s"] == pytest.approx(2 / 4e-6)
    assert found["clock_mhz"] == [1200.0, 1800.0]
    assert found["power_w"] == [1.0, 2.0]
    assert found["throttled"] == {"power": 0.5}


def test_one_odd_clock_among_many_is_no_range() -> None:
    blocks = [sample(clock_mhz=1500.0) for _ in range(30)] + [sample(clock_mhz=100.0)]
    assert watched(looking(Look(at_s=0.0), Look(at_s=1.0)), *blocks)["clock_mhz"] == [1500.0, 1500.0]


def test_gpus_and_who_else_computes_on_them() -> None:
    state = {"index": 0, "clock_mhz": 1755.0, "temperature_c": 61.0, "throttle_bits": 0x41}
    before = Look(at_s=0.0, gpus=({**state, "temperature_c": 30.0},), gpu_processes=2)
    found = watched(looking(before, Look(at_s=1.0, gpus=(state, {"index": 1}), gpu_processes=1)))
    assert found["gpu_processes"] == 2
    assert found["gpus"] == [
        {"index": 0, "clock_mhz": 1755.0, "temperature_c": 61.0, "throttled": ["thermal"]},
        {"index": 1, "throttled": None},
    ]


def test_sentinels_tell_how_steady_a_set_was_and_which_set_was_slow() -> None:
    noise = looking(*[Look(at_s=float(at)) for at in range(4)])
    quick = [sample(replica=at, sentinel_ns=ns) for at in (0, 1) for ns in (100, 100, 110, 90, 100)]
    slow = [sample(replica=0, sentinel_ns=150), sample(replica=1, sentinel_ns=130), sample(replica=1)]
    assert watched(noise, *quick)["sentinel"] == {"count": 10, "scatter": 0.0}
    assert watched(noise, *slow)["sentinel"] == {"count": 2, "scatter": None}
    assert [one["sentinel"]["slowdown"] for one in noise.told()["sets"]] == [1.0, pytest.approx(1.4)]


def test_a_set_without_sentinels_has_no_pace() -> None:
    noise = looking(*[Look(at_s=float(at)) for at in range(4)])
    watched(noise, sample(sentinel_ns=100))
    watched(noise, sample())
    assert [one["sentinel"]["slowdown"] for one in noise.told()["sets"]] == [1.0, None]


def test_the_scatter_of_sentinels_is_that_of_the_middle_arm() -> None:
    blocks = [sample(target=name, sentinel_ns=ns) for name, step in (("a", 0), ("b", 10), ("c", 50)) for ns in
              (100 - step, 100 - step, 100, 100 + step, 100 + step)]  # fmt: skip
    found = watched(looking(Look(at_s=0.0), Look(at_s=1.0)), *blocks)
    assert found["sentinel"]["scatter"] == pytest.approx(0.14826)


def copies(*ratios: float, rounds: int = 5) -> list[list[Sample]]:
    """A and A' in process-sets with these ratios."""
    return [
        [
            sample(set=number, round=turn, replica=replica, wall_ns=round(1_000_000 * (ratio if replica else 1)))
            for turn in range(rounds)
            for replica in (0, 1)
        ]
        for number, ratio in enumerate(ratios)
    ]


def test_the_session_is_graded_by_its_copies_and_says_why() -> None:
    looks = []
    for at in range(5):
        looks.append(machine(2.0 * at, total=4.0 * at, busy=3.0 * at, steal=0.0, ours=1.0 * at))
        looks.append(machine(2.0 * at + 2, total=4.0 * at + 4, busy=3.0 * at + 3, steal=0.0, ours=1.0 * at + 1))
    noise = looking(*looks)
    for blocks in copies(1.0, 1.01, 1.02, 1.01, 1.0):
        watched(noise, *blocks)
    grade = noise.told()["grade"]
    assert (grade["word"], grade["basis"], grade["sets"], grade["cases"]) == ("fair", "self-check", 5, 1)
    assert grade["seen"] == pytest.approx(0.0104, abs=1e-4)
    assert grade["sets_to_find"] == {"0.01": 10, "0.02": 5, "0.05": 5}
    (reason,) = grade["reasons"]
    assert (reason["code"], reason["value"]) == ("foreign", pytest.approx(0.5))


def test_what_is_told_fits_into_a_manifest() -> None:
    noise = looking(*[machine(float(at), total=2.0 * at, busy=at, steal=0, ours=0) for at in range(10)])
    for blocks in copies(1.0, 1.01, 1.0, 1.0, 1.0):
        watched(noise, *blocks)
    told = noise.told()
    assert plain(told) == told
    assert [one["set"] for one in told["sets"]] == [0, 1, 2, 3, 4]


def test_this_machine_can_be_looked_at() -> None:
    noise = Noise(look_at)
    found = watched(noise)
    assert found["wall_s"] >= 0
    assert found["gpus"] == []


def test_a_session_keeps_the_readings_of_each_set_and_its_grade() -> None:
    fleet = fakes.ScriptedFleet(scripts={name: fakes.Script() for name in ("a.plain@cpu", "b.plain@cpu")})
    noise = Noise(lambda: Look(at_s=fleet.clock.time_ns / 1e9, load=0.5))
    made, rows = fakes.session(fakes.plan(4, 8), fleet, noise=noise)
    made.run()
    told = rows.notes["noise"]
    assert [one["blocks"] for one in told["sets"]] == [len([s for s in rows.kept if s.set == at]) for at in (0, 1)]
    assert told["sets"][0]["load"] == 0.5
    assert (told["grade"]["word"], told["grade"]["basis"], told["grade"]["cases"]) == ("quiet", "self-check", 2)


def test_a_session_that_is_cut_short_keeps_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = fakes.ScriptedFleet(scripts={name: fakes.Script() for name in ("a.plain@cpu", "b.plain@cpu")})
    stop = Stop()

    def block(line: fakes.ScriptedLine, message: dict[str, Any]) -> dict[str, Any]:
        stop.reason = "interrupt" if fleet.clock.time_ns > 50_000_000 else ""
        return throughput(line, message)

    throughput = fakes.ScriptedLine._throughput
    monkeypatch.setattr(fakes.ScriptedLine, "_throughput", block)
    made, rows = fakes.session(fakes.plan(4), fleet, noise=Noise(lambda: Look(at_s=0.0)), stop=stop)
    made.run()
    assert stop.reason == "interrupt"
    assert len(rows.notes["noise"]["sets"]) == 1
    assert rows.notes["noise"]["sets"][0]["blocks"] > 0


def test_a_worker_is_told_how_long_a_call_takes_where_its_block_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm-up wants no sentinel; and one that is chosen by the run's own figure is the same in every process."""
    asked: list[float | None] = []

    def block(line: fakes.ScriptedLine, message: dict[str, Any]) -> dict[str, Any]:
        asked.append(message.get("call_ns"))
        return throughput(line, message)

    throughput = fakes.ScriptedLine._throughput
    monkeypatch.setattr(fakes.ScriptedLine, "_throughput", block)
    fleet = fakes.ScriptedFleet(scripts={"a.plain@cpu": fakes.Script(call_ns=2_000_000)})
    made, rows = fakes.session(fakes.plan(4, targets=["a@cpu"], self_check=False), fleet)
    made.run()
    assert asked.count(2_000_000.0) == len([one for one in rows.kept if one.quantity == "throughput"]) == 12
    assert asked.count(None) == 1  # the warm-up of the second set


def test_gpus_are_asked_where_they_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def look(*, gpu: bool) -> Look:
        asked.append(gpu)
        return Look(at_s=0.0)

    monkeypatch.setattr(noise_module, "look_at", look)
    for name in ("a@cpu", "a@gpu:0"):
        noise_beside(fakes.plan(4, targets=[name]).arms).begin_set()
    assert asked == [False, True]
