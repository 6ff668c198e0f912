"""How near the hardware, how with size, threads and batches: each mark is a measured arm, and means what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from harness.report.charts import charts_of
from harness.report.charts.tradeoff import unbeaten
from harness.report.content import Chart, plain
from harness.report.findings import RunFindings
from harness.report.picture import Lines, Roof, Roofline, Tradeoff
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.store.record import Measurement, Sample
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured

JAX = "jax.jit@cpu"
SPEEDS = {REFERENCE: 1.0, JAX: 0.8}
MEASURED = {"source": "measured at the start of the run", "flops_per_s": 1e11, "bytes_per_s": 1e10, "measured": True}
SHEET = {"source": "data sheet of a CPU", "flops_per_s": 3e11, "bytes_per_s": None, "measured": False}


def roofs(*sources: Mapping[str, Any], dtype: str = "float32") -> dict[str, Any]:
    """Return a manifest that tells these roofs of both targets."""
    told = [{"target": target, "dtype": dtype, "math": "ieee", **one} for target in SPEEDS for one in sources]
    return {"roofs": told}


def found(count: int = 3, manifest: Mapping[str, Any] | None = None, **values: Any) -> RunFindings:
    rows, samples = run(squares(count), SPEEDS, noise=0.001, rounds=2, **values)
    return summarise(rows, sample_frame(samples), manifest=manifest)


def charts(of: RunFindings, question: str) -> tuple[Chart, ...]:
    return charts_of(of, "").get(question, ())


def lines_of(of: RunFindings, question: str = "size") -> list[Lines]:
    return [chart.picture for chart in charts(of, question) if isinstance(chart.picture, Lines)]


def speeds_of(of: RunFindings) -> list[Lines]:
    return [one for one in lines_of(of) if one.unit != "seconds a call"]


# -- how near the hardware ---------------------------------------------------------------------------


def test_a_mark_is_operations_a_second_against_operations_a_byte() -> None:
    (chart,) = charts(found(manifest=roofs(MEASURED, SHEET)), "roofline")
    picture = chart.picture
    assert isinstance(picture, Roofline)
    assert {target: [round(dot.x, 9) for _, dot in dots] for target, dots in picture.points.items()} == {
        target: [round(m / 6, 9) for m in (32, 64, 128)] for target in SPEEDS
    }
    for _, dot in picture.points[JAX]:
        assert dot.low < dot.y < dot.high
    assert picture.roofs == (
        Roof(name="measured at the start of the run", flops_per_s=1e11, bytes_per_s=1e10, measured=True),
        Roof(name="data sheet of a CPU", flops_per_s=3e11, bytes_per_s=None, measured=False),
    )
    assert "at the least" in chart.reading


def test_its_table_holds_the_same_numbers() -> None:
    (chart,) = charts(found(manifest=roofs(MEASURED)), "roofline")
    assert chart.table is not None
    assert isinstance(chart.picture, Roofline)
    assert chart.table.name == chart.picture.name
    assert len(chart.table.rows) == 3 * len(SPEEDS)
    row = chart.table.rows[0]
    _, dot = chart.picture.points[REFERENCE][0]
    assert [cell.value for cell in row.cells[2:4]] == [dot.x, dot.y]
    assert row.cells[3].span == (dot.low, dot.high)
    assert plain(row.cells[1].text) == REFERENCE
    assert row.facets["dtype"] == "float32"


def test_without_roofs_or_with_few_marks_there_is_none() -> None:
    assert charts(found(), "roofline") == ()
    assert charts(found(manifest=roofs()), "roofline") == ()
    rows, samples = run(squares(2), {REFERENCE: 1.0}, rounds=2)
    assert charts(summarise(rows, sample_frame(samples), manifest=roofs(MEASURED)), "roofline") == ()
    assert charts(found(manifest=roofs(MEASURED, dtype="float64")), "roofline") == ()


@pytest.mark.parametrize(
    "told",
    [
        "nonsense",
        {},
        [1, None, "x", []],
        [{"target": [], "dtype": {}, "math": None}],
        [{"target": REFERENCE, "dtype": "float32", "math": "ieee", "flops_per_s": "1e9", "bytes_per_s": True}],
        [{"target": REFERENCE, "dtype": "float32", "math": "ieee", "flops_per_s": -1, "bytes_per_s": float("inf")}],
        [{"target": REFERENCE, "dtype": "float32", "math": "ieee", "flops_per_s": 10**400}],
    ],
)
def test_a_manifest_may_hold_anything_for_roofs(told: Any) -> None:
    assert charts(found(manifest={"roofs": told}), "roofline") == ()


def test_a_mixed_precision_has_the_roof_of_what_it_multiplies() -> None:
    rows, samples = run(squares(3), SPEEDS, rounds=2)
    mixed = [replace(row, params=json.dumps({"precision": "mixed_bfloat16"})) for row in rows]
    told = roofs(MEASURED, dtype="bfloat16")
    (chart,) = charts(summarise(mixed, sample_frame(samples), manifest=told), "roofline")
    assert "bfloat16" in chart.picture.title
    assert charts(summarise(rows, sample_frame(samples), manifest=told), "roofline") == ()


# -- size --------------------------------------------------------------------------------------------


def test_speed_is_drawn_against_the_parameter_that_varies() -> None:
    (lines,) = speeds_of(found(4))
    assert lines.size == "m = n = k"
    assert [dot.x for dot in lines.lines[REFERENCE]] == [32, 64, 128, 256]
    rows, _ = run(squares(3), SPEEDS, rounds=2)
    for params in ("not JSON", json.dumps({"m": 10**400, "n": True, "k": [1]})):
        (lines,) = speeds_of(summarise([replace(row, params=params) for row in rows]))
        assert lines.size == "FLOPs in a call"


def test_a_number_that_varies_together_with_a_shape_is_no_size() -> None:
    """A depth beside two shapes would be drawn as if it were what makes them differ."""
    rows = summarise(
        run(
            {
                f"deep[shape={width}x{width},depth={depth}]": {
                    "params": json.dumps({"shape": [width, width], "depth": depth}),
                    "flops": 10**6 * width,
                }
                for width, depth in ((3, 1), (5, 2))
            },
            SPEEDS,
            rounds=2,
        )[0]
    )
    speed, time = lines_of(rows)
    assert speed.size == time.size == "FLOPs in a call"
    assert [dot.x for dot in speed.lines[REFERENCE]] == [dot.x for dot in time.lines[REFERENCE]] == [3e6, 5e6]


def test_a_kernel_and_a_stride_are_no_sizes() -> None:
    """They say what is done, and a line from one to another would join two different things."""
    kinds = {
        f"deep[kernel={width}]": {"params": json.dumps({"kernel": [width, 3], "stride": width})} for width in (3, 5)
    }
    assert lines_of(summarise(run(kinds, SPEEDS, rounds=2)[0])) == []


def test_a_seed_is_no_size() -> None:
    rows = [
        arm(f"digits[seed={seed}]", params=json.dumps({"seed": seed}), flops=10**9, flops_per_s=1e9, time_s=1.0, sets=5)
        for seed in (1, 2, 3)
    ]
    assert lines_of(summarise(rows)) == []


def test_what_a_flat_part_means_is_told() -> None:
    assert ["what it costs to make a call at all" in chart.reading for chart in charts(found(), "size")] == [True, True]


def reductions() -> list[Measurement]:
    cases = {
        f"reduction[op={op},n={n}]": {"params": json.dumps({"op": op, "n": n}), "bytes": 4 * n}
        for op in ("sum", "max")
        for n in (10, 100)
    }
    return run(cases, {REFERENCE: 1.0}, rounds=1, workload="reduction")[0]


def test_a_line_joins_only_what_differs_in_numbers() -> None:
    made = lines_of(summarise(reductions()))
    assert [one.title for one in made if one.unit == "B/s"] == [
        "Speed: reduction, reduction, float32, op max",
        "Speed: reduction, reduction, float32, op sum",
    ]
    assert [[dot.x for dot in one.lines[REFERENCE]] for one in made] == [[10, 100]] * 4
    same_size = [row for row in reductions() if "n=10]" in row.case]
    assert lines_of(summarise(same_size)) == []


def test_where_operations_mean_nothing_the_time_is_drawn_too() -> None:
    speed, time, *_ = charts(summarise(reductions()), "size")
    assert isinstance(time.picture, Lines)
    assert (speed.picture.unit, time.picture.unit) == ("B/s", "seconds a call")
    row = next(row for row in reductions() if row.case == "reduction[op=max,n=10]" and not row.replica)
    dot = time.picture.lines[REFERENCE][0]
    assert (dot.low, dot.y, dot.high) == (row.time_low_s, row.time_s, row.time_high_s)
    assert "downwards is faster" in time.reading
    assert speed.picture.name != time.picture.name


def test_times_are_drawn_beside_speeds_where_there_are_few_families() -> None:
    speed, time = lines_of(found(3))
    assert (speed.unit, time.unit) == ("FLOP/s", "seconds a call")
    assert (speed.size, set(speed.lines)) == (time.size, set(time.lines))
    row = next(row for row in found(3).arms if row.params.startswith('{"m": 32,') and not row.replica)
    dot = time.lines[REFERENCE][0]
    assert (dot.x, dot.low, dot.y, dot.high) == (32, row.time_low_s, row.time_s, row.time_high_s)


def test_of_many_arms_with_operations_speeds_alone_are_drawn() -> None:
    """Each picture of times takes room on a page that has to stay small."""
    rows, _ = run(squares(12), {f"made.up{at}@cpu": 1.0 for at in range(45)}, rounds=1, sets=2)
    assert [one.unit for one in lines_of(summarise(rows))] == ["FLOP/s"]


def timed(*times: float, target: str = REFERENCE, **values: Any) -> list[Measurement]:
    """Return square products, each twice as wide as the one before it, that take so long."""
    cases = squares(len(times))
    return [
        arm(case, target, time_s=time, sets=5, flops_per_s=said["flops"] / time, **said, **values)
        for (case, said), time in zip(cases.items(), times, strict=True)
    ]


def test_where_time_hardly_grows_with_the_work_a_line_is_launch_bound() -> None:
    """Up to the last size that takes less than half as long again as the smallest, and in words too."""
    rows = [*timed(1e-5, 1.1e-5, 1.4e-5, 1e-4, 1e-3), *timed(1e-5, 1e-4, 1e-3, 1e-2, 1e-1, target=JAX)]
    for chart in charts(summarise(rows), "size"):
        assert isinstance(chart.picture, Lines)
        assert chart.picture.level == {REFERENCE: 128.0}
        assert "Here that is torch.eager@cpu up to m = n = k = 128." in plain(chart.reading)
    assert all("Here none is." in chart.reading for chart in charts(summarise(timed(1e-5, 1e-4)), "size"))


def test_what_takes_as_long_again_later_is_not_launch_bound() -> None:
    (speed, _) = lines_of(summarise(timed(1e-5, 1.1e-5, 1e-4, 1.1e-5)))
    assert speed.level == {REFERENCE: 64.0}


def test_the_same_bytes_with_more_operations_are_not_launch_bound() -> None:
    """A call that waits for its memory takes as long with twice as many rows, and is no cheaper to make."""
    rows = [replace(row, bytes=10**8) for row in timed(1e-2, 1e-2, 1e-2)]
    assert [one.level for one in lines_of(summarise(rows))] == [{}, {}]


@pytest.mark.parametrize(("flops", "moved", "said"), [(True, False, "4.19 MFLOP"), (False, True, "1.50 MiB")])
def test_a_size_that_is_no_parameter_is_said_in_its_unit(said: str, *, flops: bool, moved: bool) -> None:
    rows = [
        replace(row, params="", flops=row.flops if flops else None, bytes=(row.bytes or 0) * 8 if moved else None)
        for row in timed(1e-5, 1e-5, 1e-5, 1e-3)
    ]
    known = [row if flops else replace(row, flops_per_s=None, bytes_per_s=1e9) for row in rows]
    assert f"up to {said}." in plain(charts(summarise(known), "size")[0].reading)


def test_error_bars_of_speed_are_those_of_time() -> None:
    rows, _ = run(squares(2), {REFERENCE: 1.0})
    row = replace(rows[0], time_s=1.0, time_low_s=0.5, time_high_s=2.0, flops_per_s=100.0)
    (lines,) = speeds_of(summarise([row, rows[2]]))
    dot = lines.lines[REFERENCE][0]
    assert (dot.low, dot.y, dot.high) == (50.0, 100.0, 200.0)


def test_of_very_many_families_some_are_drawn_and_the_rest_counted() -> None:
    cases = {
        f"reduction[op={op},n={n}]": {"params": json.dumps({"op": f"op{op}", "n": n}), "flops": n}
        for op in range(43)
        for n in (10, 100)
    }
    rows, _ = run(cases, {REFERENCE: 1.0}, rounds=1, sets=2)
    drawn = charts(summarise(rows), "size")
    assert len(drawn) == 40  # speeds alone: times beside them would be as many again
    assert "3 more families" in drawn[-1].reading
    assert "more families" not in drawn[0].reading


# -- threads -----------------------------------------------------------------------------------------


def at_threads() -> tuple[list[Measurement], list[Sample]]:
    """Return two cases at 1 and 2 threads; the reference gains twofold by the second, JAX a quarter."""
    everything: list[Measurement] = []
    blocks: list[Sample] = []
    for threads, (reference, jax) in {1: (1.0, 2.0), 2: (0.5, 1.6)}.items():
        label = f"{threads}-thread{'s' * (threads > 1)}"
        rows, samples = run(squares(2), {REFERENCE: reference, JAX: jax}, noise=0.001, seed=3, copy=reference)
        everything += [replace(row, label=label, threads=threads) for row in rows]
        blocks += [replace(sample, label=label) for sample in samples]
    return everything, blocks


def test_each_target_is_beside_itself_at_its_fewest_threads() -> None:
    rows, samples = at_threads()
    of = summarise(rows, sample_frame(samples))
    made = lines_of(of, "threads")
    assert [one.unit for one in made] == ["times as fast"] * 2
    for one in made:
        speed_ups = {target: [round(dot.y, 2) for dot in dots] for target, dots in one.lines.items()}
        assert speed_ups == {REFERENCE: [1.0, 2.0], JAX: [1.0, 1.25]}
        assert [dot.x for dot in one.lines[JAX]] == [1, 2]
        assert one.lines[JAX][1].low < one.lines[JAX][1].y < one.lines[JAX][1].high
    assert [one.title.rpartition(", ")[2] for one in speeds_of(of)] == ["at 1 thread", "at 2 threads"]


def test_a_number_of_threads_that_did_not_work_leaves_no_line() -> None:
    rows, samples = at_threads()
    gone = [unmeasured(row, "failed", "crashed: x") if (row.target, row.threads) == (JAX, 2) else row for row in rows]
    made = lines_of(summarise(gone, sample_frame(samples)), "threads")
    assert [set(one.lines) for one in made] == [{REFERENCE}] * 2
    assert charts(found(), "threads") == ()


# -- latency and throughput --------------------------------------------------------------------------


def served(batch: Any, target: str = REFERENCE, case: str = "", **values: Any) -> Measurement:
    params = {"model": "mlp", "size": "tiny", "batch": batch, "dtype": "float32"}
    said: dict[str, Any] = {
        "workload": "inference",
        "params": json.dumps(params),
        "time_s": 1e-3,
        "latency_s": 2e-3,
        "latency_low_s": 1.9e-3,
        "latency_high_s": 2.2e-3,
        "items_per_s": 1000.0,
        "items_name": "samples",
        "sets": 5,
    }
    return arm(case or f"mlp[batch={batch}]", target, **{**said, **values})


def test_a_batch_is_a_mark_between_throughput_and_latency() -> None:
    rows = [served(batch, items_per_s=1000.0 * batch) for batch in (8, 1, 64)]
    (chart,) = charts(summarise([*rows, served(8, JAX), served(64, JAX)]), "tradeoff")
    picture = chart.picture
    assert isinstance(picture, Tradeoff)
    assert [label for label, _ in picture.lines[REFERENCE]] == ["1", "8", "64"]
    assert [dot.x for _, dot in picture.lines[REFERENCE]] == [1000.0, 8000.0, 64000.0]
    assert [(dot.low, dot.y, dot.high) for _, dot in picture.lines[JAX]] == [(1.9e-3, 2e-3, 2.2e-3)] * 2
    assert picture.tails == {REFERENCE: {}, JAX: {}}
    assert picture.across == "samples a second"
    assert picture.title == "Latency against throughput: mlp tiny, float32"


def test_what_the_slowest_calls_take_is_there_where_enough_were_made() -> None:
    rows = [served(1, latency_p99_s=9e-3), served(8), served(64, latency_p99_s=8e-3)]
    (chart,) = charts(summarise(rows), "tradeoff")
    assert isinstance(chart.picture, Tradeoff)
    assert chart.picture.tails == {REFERENCE: {"1": 9e-3, "64": 8e-3}}
    assert "99 of 100 calls were quicker" in chart.reading


def test_a_mark_that_no_other_beats_in_both_is_told() -> None:
    """Less latency or more throughput is enough; one that is equal in both takes nothing away."""
    points = {  # by target and batch: throughput and latency
        (REFERENCE, 1): (100.0, 1e-3),
        (REFERENCE, 8): (700.0, 3e-3),
        (REFERENCE, 64): (700.0, 9e-3),
        (JAX, 1): (90.0, 2e-3),
        (JAX, 8): (800.0, 4e-3),
        (JAX, 64): (800.0, 4e-3),
    }
    rows = [
        served(batch, target, items_per_s=through, latency_s=latency)
        for (target, batch), (through, latency) in points.items()
    ]
    of = summarise(rows)
    (chart,) = charts(of, "tradeoff")
    assert isinstance(chart.picture, Tradeoff)
    assert chart.picture.unbeaten == {REFERENCE: ("1", "8"), JAX: ("8", "64")}
    assert sorted(unbeaten(of).values()) == [False, False, True, True, True, True]
    assert unbeaten(summarise([served(1), served(1, JAX)])) == {}


def test_one_batch_or_no_latency_is_no_tradeoff() -> None:
    assert charts(summarise([served(8), served(8, JAX)]), "tradeoff") == ()
    assert charts(summarise([served(1), served(8, latency_s=None)]), "tradeoff") == ()
    assert charts(summarise([served(1), unmeasured(served(8), "failed", "crashed: x")]), "tradeoff") == ()
    odd = [served(value) for value in (True, "8", None, [1], 10**30, -1)]
    assert charts(summarise([served(1), *odd]), "tradeoff") == ()


def test_models_types_and_sizes_are_pictures_of_their_own() -> None:
    other = json.dumps({"model": "mlp", "size": "wide", "batch": 1})
    rows = [
        *(served(batch) for batch in (1, 8)),
        *(served(batch, dtype="bfloat16", case_key=f"b{batch}") for batch in (1, 8)),
        served(1, params=other, case="wide[batch=1]", case_key="w"),
    ]
    assert {chart.picture.title.partition(": ")[2] for chart in charts(summarise(rows), "tradeoff")} == {
        "mlp tiny, float32",
        "mlp tiny, bfloat16",
    }
