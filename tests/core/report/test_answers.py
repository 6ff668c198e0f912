"""The first screen: who is ahead, whether to trust it, and never a sentence that the data do not support."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.report.answers import answer, conclusions
from harness.report.content import Code, Kind, Light, Prose, Table, Trust, plain, spans
from harness.report.findings import RunFindings
from harness.report.headline import headline as terminal_headline
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.store.record import Measurement, Outcome, Sample
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured
from tests.core.report.test_escape import STORABLE

JAX, COMPILED, NUMPY = "jax.jit@cpu", "torch.compile@cpu", "numpy.reference@cpu"
SPEEDS = {REFERENCE: 1.0, JAX: 0.8, COMPILED: 0.5, NUMPY: 3.0}
MANIFEST = {
    "command": "python -m harness run suites/gemm.yaml",
    "machine": {"cpu": {"model": "Imaginary CPU", "logical": 2}, "memory": {"total_bytes": 8 << 30}, "gpus": []},
}
ANCHORS = {"cases-as-written", "cases-compiled", "map", "first-calls", "outcomes", "noise"}


def made(speeds: dict[str, float] = SPEEDS, **values: Any) -> tuple[list[Measurement], list[Sample]]:
    return run(squares(3), speeds, noise=0.001, seed=5, **values)


def found(
    rows: Sequence[Measurement] = (), *, speeds: dict[str, float] = SPEEDS, state: str = "complete", **values: Any
) -> RunFindings:
    """Return a run's findings; `rows` replace those that were made up."""
    manifest = MANIFEST | values.pop("manifest", {})
    drawn, samples = made(speeds, **values)
    return summarise(rows or drawn, sample_frame(samples), manifest=manifest, state=state)


def ended(target: str, outcome: str, detail: str = "error: x", count: int = 1) -> RunFindings:
    """Return a run in which so many arms of a target ended otherwise."""
    rows, _ = made()
    lost = [row.key for row in rows if row.target == target and not row.replica][:count]
    return found([unmeasured(row, outcome, detail) if row.key in lost else row for row in rows])


def headline(of: RunFindings) -> str:
    first = answer(of).blocks[0]
    assert isinstance(first, Prose)
    return plain(first.text)


def light(of: RunFindings) -> Light:
    (found_light,) = [block for block in answer(of).blocks if isinstance(block, Light)]
    return found_light


def tables(of: RunFindings) -> dict[str, Table]:
    return {block.name: block for block in answer(of).blocks if isinstance(block, Table)}


def prose(of: RunFindings) -> str:
    return " ".join(plain(block.text) for block in answer(of).blocks if isinstance(block, Prose))


def told(of: RunFindings) -> str:
    return " ".join(map(plain, conclusions(of)))


def one_case_disagrees() -> RunFindings:
    """Return a run in which the two copies of the reference differ by 2 % in one case, and not on the whole."""
    rows, samples = run(squares(3), SPEEDS, noise=0.0)
    first = rows[0].case_key
    moved = [
        replace(sample, wall_ns=round(sample.wall_ns * 1.02)) if sample.replica and sample.case_key == first else sample
        for sample in samples
    ]
    return summarise(rows, sample_frame(moved))


def without_copy() -> RunFindings:
    rows, samples = made()
    return summarise([row for row in rows if not row.replica], sample_frame(samples))


def apart() -> RunFindings:
    """Return a run in which no block of one target was taken in a round of the other."""
    rows, samples = made({REFERENCE: 1.0, JAX: 0.8})
    later = [replace(sample, round=sample.round + 100) if sample.target == JAX else sample for sample in samples]
    return summarise(rows, sample_frame(later))


def every_case_disagrees() -> RunFindings:
    """Return a run of two cases whose copies differ by as much, the one way and the other."""
    rows, samples = run(squares(2), SPEEDS, noise=0.0)
    first = rows[0].case_key
    moved = [
        replace(sample, wall_ns=round(sample.wall_ns * (1.02 if sample.case_key == first else 1 / 1.02)))
        if sample.replica
        else sample
        for sample in samples
    ]
    return summarise(rows, sample_frame(moved))


def in_the_first_case(gone: Callable[[Measurement], bool]) -> RunFindings:
    """Return a run in whose first case some arms have no time."""
    rows, samples = made()
    first = rows[0].case
    lost = [row.case == first and gone(row) for row in rows]
    kept = [unmeasured(row, "failed", "crashed: x") if one else row for row, one in zip(rows, lost, strict=True)]
    return summarise(kept, sample_frame(samples))


def by_process() -> RunFindings:
    return found([replace(row, pairing="process") for row in made(sets=7)[0]], sets=7)


# -- the headline ------------------------------------------------------------------------------------


def test_the_first_sentence_says_who_is_ahead_and_by_how_much() -> None:
    said = headline(found())
    assert re.match(r"Used as written, jax\.jit@cpu is 1\.2\d+ times as fast as torch\.eager@cpu \(1\.2", said)
    assert re.search(r"; compiled, torch\.compile@cpu is 1\.(59|60)\d* times as fast as jax\.jit@cpu \(", said)
    assert said.endswith("geometric mean over all 3 cases).")


def test_of_more_than_two_the_next_is_named_so() -> None:
    said = headline(found(speeds={REFERENCE: 1.0, JAX: 0.8, "tensorflow.function@cpu": 0.5}))
    assert re.search(r"tensorflow\.function@cpu is 1\.(59|60)", said)
    assert "as fast as the next, jax.jit@cpu" in said


def test_common_cases_are_told_where_not_all_are() -> None:
    of = ended(JAX, "failed")
    assert "geometric mean over 2 of 3 cases" in headline(of)
    assert "geometric mean over the 2 of 3 cases that all measured" in tables(of)["ranking-as-written"].note


def test_a_case_whose_self_check_failed_has_no_part_in_the_mean() -> None:
    of = one_case_disagrees()
    scope = "geometric mean over 2 of 3 cases"
    assert headline(of).count(scope) == 2
    assert sum(scope in line for line in terminal_headline(of, str)) == 2
    scope = "geometric mean over the 2 of 3 cases that all measured and whose self-check held"
    assert scope in tables(of)["ranking-as-written"].note
    assert "nobody wins there, and the means leave it out" in light(of).text


def test_where_every_case_failed_it_there_is_no_mean() -> None:
    of = every_case_disagrees()
    assert of.self_check.passed is True
    told = "no case with a self-check that held was measured by all targets"
    assert f"{told}, so there is no ratio over all" in headline(of)
    assert any(f"there is no overall ratio, because {told}" in line for line in terminal_headline(of, str))
    assert f"There is no ratio over all cases, because {told}." in tables(of)["ranking-as-written"].note
    assert "times as fast" not in headline(of)


def test_without_a_common_case_there_is_no_ratio_over_all() -> None:
    speeds = {REFERENCE: 1.0, JAX: 0.8, "tensorflow.function@cpu": 0.5}
    rows, samples = made(speeds)
    first = rows[0].case
    lost = [row.target == JAX if row.case == first else row.target.startswith("tensorflow") for row in rows]
    kept = [unmeasured(row, "failed", "x") if gone else row for row, gone in zip(rows, lost, strict=True)]
    of = summarise(kept, sample_frame(samples))
    assert "no case was measured by all targets, so there is no ratio over all" in headline(of)
    assert "no case was measured by all targets" in tables(of)["ranking-as-written"].note


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sets": 2}, "indicative, no verdict"),
        ({"sets": 1}, "indicative, no verdict"),
        ({"copy": 1.2}, "the verdict is withheld"),
        ({"speeds": {REFERENCE: 1.0}}, "only torch.eager@cpu was measured, so there is nobody to compare it with"),
    ],
)
def test_where_nothing_is_sure_the_first_sentence_says_why(values: dict[str, Any], words: str) -> None:
    assert words in headline(found(**values))
    assert " is 1." not in headline(found(**values))


def test_equals_are_called_so() -> None:
    rows, samples = run(squares(2), {REFERENCE: 1.0, JAX: 1.0}, noise=0.0)
    said = headline(summarise(rows, sample_frame(samples)))
    assert "cannot be told apart: their ratio is 1.00" in said
    assert "times as fast" not in said


def test_nothing_measured_and_nothing_ranked_are_said() -> None:
    assert headline(summarise([unmeasured(arm(), "refused", "no")])).startswith("Nothing was measured")
    assert headline(found(math="default")).startswith("Nothing here is ranked")
    assert tables(found(math="default")) == {}


# -- the light ---------------------------------------------------------------------------------------


def test_a_sound_run_is_trusted_and_says_what_it_could_see() -> None:
    lit = light(found())
    assert lit.trust is Trust.GOOD
    assert re.search(r"The smallest difference that this run could see is 0\.\d+ % in the middle case \(0\.", lit.text)
    assert re.search(r"; between targets intervals reach ± 0\.\d+ %, 0\.\d+ % at", lit.text)


def graded(word: str) -> dict[str, Any]:
    return {"noise": {"grade": {"word": word, "seen": 0.01, "sets": 5}}}


@pytest.mark.parametrize(
    ("word", "trust"),
    [("quiet", Trust.GOOD), ("fair", Trust.GOOD), ("noisy", Trust.CAREFUL), ("unusable", Trust.CAREFUL)],
)
def test_noise_asks_for_care(word: str, trust: Trust) -> None:
    assert light(found(manifest=graded(word))).trust is trust


def test_a_run_without_a_grade_is_graded_by_what_it_could_see() -> None:
    rows, samples = run(squares(3), SPEEDS, noise=0.0)
    wide = [
        replace(sample, wall_ns=round(sample.wall_ns * (1 + 0.04 * (-1) ** sample.set))) if sample.replica else sample
        for sample in samples
    ]
    lit = light(summarise(rows, sample_frame(wide)))
    assert lit.trust is Trust.CAREFUL
    assert "machine" in lit.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: found(state="partial"), "did not reach its end"),
        (lambda: ended(COMPILED, "invalid"), "1 result failed a check and was rejected"),
        (lambda: ended(COMPILED, "failed", "wrong: far off", count=3), "3 results failed a check and were rejected"),
        (lambda: ended(COMPILED, "invalid", count=2), "2 results failed a check and were rejected"),
        (
            lambda: ended(COMPILED, "failed", "unprovable: far off", count=2),
            "2 trainings could not be proved right or wrong, and have no time",
        ),
        (one_case_disagrees, "in 1 of 3 cases the reference, measured twice, differed from itself"),
        (
            lambda: in_the_first_case(lambda row: row.replica == 1),
            "in 1 case the second copy of the reference has no time beside it, so nobody wins there",
        ),
        (
            lambda: in_the_first_case(lambda row: row.target == REFERENCE),
            "in 1 case the reference has no time, so verdicts there rest on its self-check in the others",
        ),
        (lambda: found(state="unlisted"), "no manifest tells whether the run reached its end"),
    ],
)
def test_what_is_not_whole_or_not_sound_asks_for_care(change: Callable[[], RunFindings], words: str) -> None:
    lit = light(change())
    assert lit.trust is Trust.CAREFUL
    assert words in lit.text.lower()
    assert "The smallest difference" in lit.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: found(sets=1), "1 fresh start was made, and a verdict takes 5: the numbers are indicative"),
        (lambda: found(sets=4), "4 fresh starts were made, and a verdict takes 5: the numbers are indicative"),
        (by_process, "7 fresh starts were made, and a verdict takes 10"),
        (lambda: found(copy=1.2), "did not come out equal (1."),
        (without_copy, "the reference was not measured twice"),
        (lambda: found(speeds={REFERENCE: 1.0}), "in no case were two targets of a class measured"),
        (lambda: found(math="default"), "nothing here is ever ranked"),
        (lambda: summarise([unmeasured(arm(), "refused", "no")]), "nothing was measured"),
        (apart, "no two targets of a class were measured side by side"),
        (every_case_disagrees, "in these cases the two copies of the reference differ: verdicts are withheld"),
        (
            lambda: summarise([arm(time_s=1.0, sets=5), arm(target=JAX, time_s=2.0, sets=5)]),
            "the blocks of this run are missing or cannot be read, so nothing can be compared",
        ),
    ],
)
def test_where_there_is_no_verdict_there_is_no_trust(change: Callable[[], RunFindings], words: str) -> None:
    lit = light(change())
    assert lit.trust is Trust.NONE
    assert words in f"{lit.text[0].lower()}{lit.text[1:]}"


def test_refused_and_failed_arms_are_no_reason_for_mistrust() -> None:
    assert light(ended(COMPILED, "refused")).trust is Trust.GOOD
    assert light(ended(COMPILED, "failed")).trust is Trust.GOOD


# -- the ranking and the rest ------------------------------------------------------------------------


def test_the_ranking_counts_cases_and_gives_the_interval() -> None:
    ranking = tables(found())
    assert list(ranking) == ["ranking-as-written", "ranking-compiled"]
    first, second = ranking["ranking-as-written"].rows
    assert [cell.value for cell in first.cells[1:]] == [1.0, 3, 0, 0, 0, 0]
    assert plain(first.cells[0].text) == JAX
    assert [cell.value for cell in second.cells[2:]] == [0, 0, 3, 0, 0]
    assert second.cells[1].value == pytest.approx(1.25, rel=0.01)
    value, span = second.cells[1].value, second.cells[1].span
    assert isinstance(value, float)
    assert span is not None
    assert span[0] < value < span[1]


def test_what_was_not_measured_is_counted_in_the_ranking() -> None:
    rows = {plain(row.cells[0].text): row for row in tables(ended(JAX, "failed", count=2))["ranking-compiled"].rows}
    assert [cell.value for cell in rows[JAX].cells[2:]] == [0, 0, 1, 0, 2]
    assert [cell.value for cell in rows[COMPILED].cells[2:]] == [1, 0, 0, 2, 0]  # twice nobody was beside it


def test_an_indicative_ranking_says_so() -> None:
    for table in tables(found(sets=2)).values():
        assert table.title.endswith(", indicative")
        assert all([cell.value for cell in row.cells[2:]] == [0, 0, 0, 3, 0] for row in table.rows)


def test_how_all_ended_the_machine_and_the_command_are_there() -> None:
    said = prose(found())
    assert "Planned: 15 measurements, of which 15 measured (3 of them are the second copy of the reference" in said
    assert "Imaginary CPU, 2 logical processors, 8 GiB of memory" in said
    (code,) = [block for block in answer(found()).blocks if isinstance(block, Code)]
    assert code.lines == ("python -m harness run suites/gemm.yaml",)
    lost = prose(ended(JAX, "not-run", "the budget was spent", count=2))
    assert "13 measured, 2 not run" in lost
    assert "what became of each" in lost


def test_the_section_is_the_first_screen() -> None:
    section = answer(found())
    assert (section.anchor, section.level) == ("answer", 2)
    assert [type(block) for block in section.blocks] == [Prose, Light, Table, Table, Prose, Prose, Code]


# -- conclusions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        found,
        lambda: found(sets=2),
        lambda: found(copy=1.2),
        lambda: ended(COMPILED, "invalid"),
        lambda: found(speeds={REFERENCE: 1.0}),
        lambda: summarise([unmeasured(arm(), "refused", "no")]),
    ],
    ids=["sound", "indicative", "withheld", "invalid", "alone", "refused"],
)
def test_every_conclusion_leads_to_its_evidence(change: Callable[[], RunFindings]) -> None:
    for sentence in conclusions(change()):
        *_, last, stop = spans(sentence)
        assert (last.kind, stop.text) == (Kind.LINK, ".")
        assert last.anchor in ANCHORS


def test_a_sound_run_supports_who_wins_and_where_most() -> None:
    said = told(found())
    assert re.search(r"Used as written: jax\.jit@cpu is 1\.2\d+ times as fast as torch\.eager@cpu", said)
    assert "jax.jit@cpu wins 3 of its 3 cases, ties 0" in said
    assert re.search(
        r"The largest win is that of torch\.compile@cpu at square\[m=\d+,dtype=float32\]: 1\.(59|60)", said
    )
    assert "Nothing is decided" not in said


@pytest.mark.parametrize("values", [{"sets": 1}, {"sets": 2}, {"sets": 4}])
def test_an_indicative_run_claims_no_win(values: dict[str, Any]) -> None:
    of = found(**values)
    assert not re.search(r"\bwins?\b", told(of))
    assert not re.search(r"\bwins?\b", f"{prose(of)} {light(of).text}")
    assert "indicative" in told(of)
    assert "Nothing is decided: " in told(of)


def test_withheld_verdicts_are_no_wins_either() -> None:
    of = found(copy=1.2)
    assert not re.search(r"\bwins?\b", told(of))
    assert "without a verdict, because the self-check forbids one" in told(of)


def test_shared_places_are_counted_and_not_called_equal() -> None:
    rows, samples = run(squares(2), {REFERENCE: 1.0, JAX: 1.0}, noise=0.0)
    said = told(summarise(rows, sample_frame(samples)))
    assert "cannot be told apart" in said
    assert "the first place is shared in 2, which does not mean that anybody is equal" in said
    assert "largest win" not in said


def test_what_is_invalid_is_told_with_its_checks() -> None:
    said = told(ended(COMPILED, "invalid", count=2))
    assert "2 results are invalid and compared with nothing (V1, a wrong answer: 2; V4, a wait that does not" in said
    rows, _ = made()
    odd = [
        replace(unmeasured(row, "invalid"), validity=("V1", "X9", "V2", "V3", "V5")) if row is rows[1] else row
        for row in rows
    ]
    assert "1 result is invalid" in told(found(odd))
    assert "; and 1 more check)" in told(found(odd))


def test_compiling_pays_only_where_that_is_sure() -> None:
    def started(of: Sequence[Measurement]) -> list[Measurement]:
        return [replace(row, first_call_s=10.0) if row.target == COMPILED else row for row in of]

    said = told(found(started(made()[0])))
    assert re.search(
        r"Compiling pays for its longer start in 3 of 3 results that can be told apart .* [\d,]+ calls", said
    )
    slower = {REFERENCE: 1.0, COMPILED: 2.0}
    assert "Compiling never pays for its longer start in 3 results" in told(
        found(started(made(slower)[0]), speeds=slower)
    )
    few = found(started(made(sets=2)[0]), sets=2)
    assert "Compiling" not in told(few)


def test_nothing_measured_supports_one_sentence() -> None:
    of = summarise([unmeasured(arm(), "refused", "x")])
    assert [plain(sentence) for sentence in conclusions(of)] == [
        "Nothing is decided: nothing was measured; see how noisy it was."
    ]


# -- whatever names hold -----------------------------------------------------------------------------


@pytest.mark.parametrize("called", STORABLE)
def test_hostile_names_are_marked_or_written_out(called: str) -> None:
    rows, samples = made()
    named = [
        replace(row, case=called or "x", suite=called, device_name=called, label=called if row.target == JAX else "")
        for row in rows
    ]
    blocks = [replace(sample, label=called if sample.target == JAX else "") for sample in samples]
    spoilt = [
        replace(unmeasured(row, "invalid", called), validity=(called,)) if row is named[0] else row for row in named
    ]
    manifest = {"machine": {"cpu": {"model": called}}, "command": called}
    for chosen in (named, spoilt):
        of = summarise(chosen, sample_frame(blocks), manifest=manifest)
        blocks_of = answer(of).blocks
        texts = [*conclusions(of), *(block.text for block in blocks_of if isinstance(block, Prose | Light))]
        texts += [cell.text for table in tables(of).values() for row in table.rows for cell in row.cells]
        for text in texts:
            bare = text.translate(dict.fromkeys(range(0xE000, 0xE005)))
            assert not {unicodedata.category(char) for char in bare} & {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}
            own = "".join(span.text for span in spans(text) if span.kind is Kind.OWN)
            assert len(called) < 3 or called not in own
        assert not [block for block in blocks_of if isinstance(block, Code)]  # none of them starts this tool


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_alone_gives_a_first_screen(outcome: Outcome) -> None:
    row = arm(time_s=1.0, sets=5) if outcome is Outcome.MEASURED else unmeasured(arm(), outcome, "x")
    section = answer(summarise([row]))
    assert isinstance(section.blocks[0], Prose)
    assert any(isinstance(block, Light) for block in section.blocks)


def test_the_same_run_gives_the_same_answer() -> None:
    assert answer(found()) == answer(found())
    assert conclusions(found()) == conclusions(found())


def test_an_outcome_of_another_version_is_counted_by_its_name() -> None:
    of = summarise([arm(outcome="strange", mode_class="odd"), arm("two", outcome="failed", detail="error: x")])
    assert "Planned: 2 measurements, of which 1 failed, 1 strange; see what became of each." in prose(of)


def test_a_mean_that_rests_on_one_large_difference_says_who_wins_more_cases() -> None:
    """One case at ten times the speed outweighs two that are lost by a tenth; neither is the whole truth."""
    cases = list(squares(3).items())
    rows, samples = run(dict(cases[:1]), {REFERENCE: 1.0, JAX: 10.0}, noise=0.001, seed=1)
    more = run(dict(cases[1:]), {REFERENCE: 1.0, JAX: 0.9}, noise=0.001, seed=2)
    of = summarise([*rows, *more[0]], sample_frame([*samples, *more[1]]))
    said = headline(of)
    assert said.startswith("Used as written, torch.eager@cpu is ")
    assert "but jax.jit@cpu wins more cases, 2 to 1" in said
    assert re.search(
        r"all 3 cases; 0\.(?:89|90)\d*, so behind, without square\[m=32,dtype=float32\] and 3 without square", said
    )
    assert "without" not in headline(found())
    (line,) = [line for line in terminal_headline(of, str) if line.startswith("as-written")]
    assert line.endswith("1 win, 0 ties, 2 losses; jax.jit@cpu has more wins, 2")
    assert "more" not in headline(found())
