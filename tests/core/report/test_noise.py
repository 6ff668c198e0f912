"""Noise in words: a grade, its reasons, what would help; from a manifest that may hold anything or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import noise
from harness.report.headline import headline
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.stats.noise import Grade
from harness.stats.readings import Code, Reason
from tests.core.report.paged import page, section
from tests.core.report.synthetic import REFERENCE, run, squares


def manifest(
    word: str = "fair", *, seen: float = 0.013, sets: int = 5, needed: int | None = 9, reasons: Any = ()
) -> dict[str, Any]:
    grade = {"word": word, "seen": seen, "basis": "self-check", "sets": sets, "cases": 3, "set_sd": 0.01}
    return {"noise": {"sets": [], "grade": {**grade, "sets_to_find": {"0.02": needed}, "reasons": list(reasons)}}}


def reason(code: str, value: float = 0.12, worst: float = 0.13, detail: str = "") -> dict[str, Any]:
    return {"code": code, "value": value, "worst": worst, "detail": detail}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (manifest("quiet", seen=0.006), "noise: quiet: differences from 0.6 % on could be seen"),
        (
            manifest(),
            "noise: fair: differences from 1.3 % on could be seen; a difference of 2 % would take about 9 process-sets",
        ),
        (
            manifest("unusable", seen=3.5, sets=5, needed=None),
            (
                "noise: unusable: no difference below 100 % could be seen; "
                "a difference of 2 % cannot be found on such a machine"
            ),
        ),
        (manifest(needed=5), "noise: fair: differences from 1.3 % on could be seen"),
        (
            manifest("unusable", seen=0.2, needed=None),
            (
                "noise: unusable: differences from 20 % on could be seen; "
                "a difference of 2 % cannot be found on such a machine"
            ),
        ),
        (
            manifest("noisy", seen=0.03, sets=1, needed=None),
            "noise: noisy: differences from 3.0 % on could be seen by its one process-set",
        ),
        (
            manifest("quiet", seen=0.006, reasons=[reason("foreign", 0.12, 0.31), reason("steal", 0.03, 0.03)]),
            (
                "noise: quiet: differences from 0.6 % on could be seen; 12 % of the processors' time went to somebody "
                "else (31 % in the worst process-set), 3.0 % was stolen by other virtual machines"
            ),
        ),
    ],
)
def test_a_run_says_how_noisy_it_was(found: dict[str, Any], said: str) -> None:
    assert noise.sentence(found) == said


def test_a_grade_by_other_intervals_than_those_of_the_ratios_says_so() -> None:
    """Or a page would give two smallest differences, and no reason."""
    looked = {"measure": {"confidence": 0.9875}}
    found = manifest("quiet", seen=0.006)
    said = "noise: quiet: differences from 0.6 % on could be seen"
    assert noise.sentence(found | looked) == f"{said} by intervals of 95 %"
    found["noise"]["grade"]["confidence"] = 0.9875
    assert noise.sentence(found | looked) == said
    assert noise.sentence(found) == f"{said} by intervals of 98.75 %"
    alone = manifest("noisy", seen=0.03, sets=1, needed=None)
    assert noise.sentence(alone | looked).endswith("could be seen by its one process-set")


@pytest.mark.parametrize("found", [{}, {"noise": None}, {"noise": {"grade": None}}, manifest("splendid")])
def test_a_run_without_a_grade_says_nothing(found: dict[str, Any]) -> None:
    assert noise.sentence(found) == ""


def test_only_the_first_reasons_stand_in_the_sentence() -> None:
    every = [reason(code, 0.5, 1.5) for code in Code]
    assert noise.sentence(manifest(reasons=every)).count("processors' time") == 2
    assert len(noise.remarks(manifest(reasons=every))) == 2 * len(Code) + 1


@pytest.mark.parametrize(
    ("code", "value", "worst", "detail", "said"),
    [
        (Code.CLOCK, 1200.0, 1800.0, "", "the clock ran between 1.20 GHz and 1.80 GHz"),
        (Code.THROTTLED, 0.2, 0.2, "thermal", "the device was held back (thermal) after 20 % of the blocks"),
        (Code.THROTTLED, 0.2, 0.2, "", "the device was held back after 20 % of the blocks"),
        (Code.GPU_PROCESSES, 0.4, 2.0, "", "2 other processes computed on the GPUs"),
        (Code.FAULTS, 50.0, 400.0, "", "400 pages had to be fetched from a disk in one process-set"),
        (Code.SLOWDOWN, 1.1, 1.32, "", "fixed work took 1.32 times as long in one process-set as in another"),
        (Code.WAITED, 0.04, 0.05, "", "blocks waited for a processor 4.0 % of their time"),
        (
            Code.PRESSURE_MEMORY,
            0.02,
            0.06,
            "",
            "tasks waited for memory 2.0 % of the time (6.0 % in the worst process-set)",
        ),
    ],
)
def test_every_reason_has_its_words(code: Code, value: float, worst: float, detail: str, said: str) -> None:
    assert noise.say(Reason(code=code, value=value, worst=worst, detail=detail)) == said


def test_there_are_words_and_a_remedy_for_all_reasons() -> None:
    every = [Reason(code=code, value=0.1, worst=0.1) for code in Code]
    assert all(map(noise.say, every))
    assert len(noise.advice(Grade.NOISY, every)) == len(Code) + 1
    assert noise.advice(Grade.QUIET, every) == []
    assert noise.advice(None, every) == []


@pytest.mark.parametrize("other", [Code.FOREIGN, Code.STEAL])
def test_a_wait_is_laid_at_the_door_of_others_only_where_others_were_seen(other: Code) -> None:
    """Or somebody would look for what does not run: a framework's own threads wait for one another too."""
    waited, beside = (Reason(code=code, value=0.09, worst=0.1) for code in (Code.WAITED, other))
    alone, together = noise.advice(Grade.FAIR, [waited]), noise.advice(Grade.FAIR, [beside, waited])
    assert [line for line in alone if "own threads" in line and "fewer --threads" in line]
    assert not [line for line in alone if "something else" in line]
    assert [line for line in together if "something else wants the same processors" in line]
    assert not [line for line in together if "own threads" in line]


def test_a_stranger_s_detail_is_not_repeated() -> None:
    """What a manifest says of itself goes into a page as it is; so only what we wrote ourselves may pass."""
    (found,) = noise.reasons(manifest(reasons=[reason("throttled", detail="<script>")]))
    assert found.detail == ""
    assert noise.reasons(manifest(reasons=[reason("no-such-code"), {"code": "steal"}, "steal", None])) == []


READING = {
    "set": 0,
    "wall_s": 12.34,
    "ours": 0.5,
    "foreign": 0.12,
    "steal": 0.0,
    "load": 1.25,
    "waited": None,
    "pressure": {"cpu": 0.02, "memory": None, "io": 0.0},
    "clock_mhz": [1200.0, 1800.0],
    "gpus": [{"temperature_c": 61.0}, {"temperature_c": None}],
    "sentinel": {"slowdown": 1.05},
}


def test_readings_stand_in_a_table_one_row_a_process_set() -> None:
    head, rows = noise.table({"noise": {"sets": [READING, {"wall_s": 1.0}]}})
    assert dict(zip(head, rows[0], strict=True)) == {
        "process-set": "1",
        "seconds": "12.3",
        "ours": "50 %",
        "others": "12 %",
        "stolen": "0 %",
        "load": "1.2",
        "waiting for processors": "2.0 %",
        "for disks": "0 %",
        "clock": "1200 to 1800 MHz",
        "temperature": "61 °C",
        "fixed work": "× 1.05",
    }
    assert rows[1] == ("2", "1.0", *["–"] * 9)


def test_a_run_without_readings_has_no_table() -> None:
    assert noise.table({})[1] == []
    assert noise.table({"noise": {"sets": [{}, None]}})[1] == []


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers() | st.sampled_from(list(Code)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["grade", "sets", "word", "seen", "reasons", "code", "value", "worst", "detail", "sentinel"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(anything)
def test_whatever_a_manifest_holds_is_said_without_an_error(held: Any) -> None:
    noise.sentence({"noise": held})
    noise.remarks({"noise": held})
    head, rows = noise.table({"noise": held})
    assert all(len(row) == len(head) for row in rows)


def test_headlines_and_the_page_tell_of_it() -> None:
    rows, samples = run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": 0.8}, noise=0.001, sets=5, seed=5)
    told = manifest(reasons=[reason("steal")])
    told["noise"]["sets"] = [READING]
    found = summarise(rows, sample_frame(samples), manifest=json.loads(json.dumps(told)))
    assert any(line.startswith("noise: fair") for line in headline(found, str))
    noisy = section(page(found), "Noise and validity")
    assert "| 1 | 12.3 | 50 % | 12 % |" in noisy
    assert "- 12 % was stolen by other virtual machines" in noisy
    assert "- other machines share this hardware" in noisy
    silent = section(page(summarise(rows, sample_frame(samples), manifest={})), "Noise and validity")
    assert "meanwhile" not in silent
