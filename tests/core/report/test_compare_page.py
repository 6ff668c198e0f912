"""The page of a comparison: what matters first, the rest counted, nothing that others wrote taken for markup."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.report import verdicts
from harness.report.compare import compare_sides
from harness.report.compare_document import document, nodes_document
from harness.report.compare_groups import groups
from harness.report.compare_page import COLUMNS, markdown, nodes_markdown, nodes_terminal, terminal
from harness.report.comparison import Change, Comparison, How, Line, NodesPage, Page, Side, Unmeasured
from harness.report.gate import decide
from harness.stats.combine import Combined
from harness.stats.unpaired import Node
from harness.stats.verdict import Judgement, Verdict
from tests.core.report.sessions import CASE, JAX, ZERO, session, spread
from tests.core.report.synthetic import REFERENCE, RUN

RATIOS = {
    Verdict.REGRESSED: (1.10, 1.08, 1.12),
    Verdict.IMPROVED: (0.90, 0.88, 0.92),
    Verdict.EQUIVALENT: (1.001, 0.995, 1.007),
    Verdict.SMALL_CHANGE: (1.01, 1.002, 1.018),
    Verdict.INCONCLUSIVE: (1.02, 0.95, 1.09),
}


def line(verdict: Verdict, case: str, **more: Any) -> Line:
    numbers = RATIOS.get(verdict)
    log, low, high = map(math.log, numbers) if numbers else (None, None, None)
    found = Judgement(verdict=verdict, log=log, log_low=low, log_high=high, sets=5 if numbers else 0)
    said: dict[str, Any] = {"case": case, "case_key": case, "base": "torch", "new": "jax", "judgement": found}
    return Line(**(said | {"detail": "" if numbers else f"because of {verdict}"} | more))


def comparison(*lines: Line, **more: Any) -> Comparison:
    base, new = (Side(run_id=RUN, suite="gemm", target=name) for name in ("torch", "jax"))
    check = Combined(log=0.001, log_low=-0.005, log_high=0.007, cases=4, sets=5)
    said: dict[str, Any] = {"base": base, "new": new, "how": How.SESSION, "self_check": check, "detectable": 0.006}
    return Comparison(lines=lines, **(said | more))


def shown(*lines: Line, everything: bool = False, **more: Any) -> str:
    return terminal(Page(comparisons=(comparison(*lines, **more),)), everything=everything)


def test_the_worst_is_on_top_and_what_is_equivalent_is_only_counted() -> None:
    text = shown(*(line(verdict, f"case-{verdict}") for verdict in Verdict))
    heads = [row for row in text.splitlines() if row.endswith("(1)")]
    assert heads == [
        "regressed (1)",
        "failed (1)",
        "invalid (1)",
        "missing (1)",
        "not-comparable (1)",
        "improved (1)",
        "small-change (1)",
        "inconclusive (1)",
        "new (1)",
        "equivalent (1)",
    ]
    assert "case-equivalent" not in text
    assert text.endswith("equivalent (1)\n  1: --all shows it\n")
    assert "case-equivalent" in shown(*(line(verdict, f"case-{verdict}") for verdict in Verdict), everything=True)


def test_what_is_to_be_known_of_all_of_it_comes_before_the_lines() -> None:
    overall = Combined(log=math.log(1.08), log_low=math.log(1.05), log_high=math.log(1.11), cases=24, sets=5)
    text = shown(line(Verdict.REGRESSED, "a"), line(Verdict.EQUIVALENT, "b"), overall=overall, notes=("it rained",))
    assert text.splitlines()[:9] == [
        f"jax beside torch, run {RUN} of gemm",
        "  compared block by block within one session; the margin is 2 %",
        "  it rained",
        "  2 arms: 1 regressed, 1 equivalent",
        "  together: jax is 1.08 x slower than torch (1.05 to 1.11, geometric mean over 24 cases, 5 sets)",
        "  self-check: the reference beside itself came out as 1.001 (0.995 to 1.007) over 4 cases; 0.6 %",
        "    could be seen in the median case",
        "  1 difference was seen once and not measured again by fresh processes; gate --confirm does that",
        "",
    ]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (None, "self-check: the reference was not measured twice, so verdicts are withheld"),
        (
            Combined(log=0.05, log_low=0.04, log_high=0.06, cases=1, sets=5),
            "self-check: the reference beside itself came out as 1.05 (1.04 to 1.06) over 1 case, which misses 1:",
        ),
        (
            Combined(log=0.05, log_low=None, log_high=None, cases=1, sets=1),
            "self-check: the reference beside itself came out as 1.05 over 1 case; one process-set tells nothing",
        ),
    ],
)
def test_a_self_check_that_did_not_pass_is_told(check: Combined | None, said: str) -> None:
    overall = Combined(log=0.1, log_low=0.09, log_high=0.11, cases=2, sets=5)
    text = " ".join(shown(line(Verdict.INCONCLUSIVE, "a"), self_check=check, overall=overall).split())
    assert said in text
    assert "together, without a verdict: jax takes 1.11 (1.09 to 1.12) times as long as torch" in text


def test_a_mean_that_contains_one_is_no_difference_and_a_faster_one_is_turned_round() -> None:
    def told(low: float, high: float) -> str:
        overall = Combined(log=(low + high) / 2, log_low=low, log_high=high, cases=2, sets=5)
        return " ".join(shown(line(Verdict.EQUIVALENT, "a"), overall=overall).split())

    assert "together: jax and torch cannot be told apart, their ratio is 1.00 (0.99 to 1.01)" in told(-0.01, 0.01)
    assert "together: jax is 1.28 x faster than torch (1.22 to 1.35, geometric mean" in told(-0.30, -0.20)


def test_a_long_group_shows_its_largest_differences_and_counts_the_rest() -> None:
    lines = []
    for at in range(30):
        found = Judgement(verdict=Verdict.REGRESSED, log=0.1 + at / 100, log_low=0.09, log_high=0.5, sets=5)
        lines.append(line(Verdict.REGRESSED, f"c{at}", judgement=found))
    (group,) = groups(comparison(*lines), everything=False)
    assert (group.count, len(group.sentences), group.left, group.more) == (30, 10, 20, "20 more")
    assert " at c29 " in group.sentences[0]
    (whole,) = groups(comparison(*lines), everything=True)
    assert (len(whole.sentences), whole.left) == (30, 0)


def test_many_arms_of_one_reason_share_a_sentence() -> None:
    lines = [line(Verdict.MISSING, f"c{at}", detail="refused: no" if at else "unavailable: x") for at in range(300)]
    (group,) = groups(comparison(*lines), everything=False)
    assert group.sentences == ("jax at c0 is missing: unavailable: x", "299 arms: refused: no")
    assert (group.count, group.left) == (300, 0)
    (whole,) = groups(comparison(*lines), everything=True)
    assert len(whole.sentences) == 300


def test_looks_and_correction_are_told_where_they_changed_anything() -> None:
    found = Judgement(
        verdict=Verdict.SMALL_CHANGE, log=0.04, log_low=0.03, log_high=0.05, sets=10, confidence=0.9875,
        among=30, alone=Verdict.REGRESSED,
    )  # fmt: skip
    text = " ".join(shown(line(Verdict.SMALL_CHANGE, "a", judgement=found)).split())
    assert "looked at more than once, so each interval is one of 98.75 %" in text
    assert "corrected for their number (Benjamini-Hochberg)" in text
    assert "corrected" not in shown(line(Verdict.SMALL_CHANGE, "a"))


def test_two_sessions_say_how_they_may_be_compared() -> None:
    text = " ".join(shown(line(Verdict.NOT_COMPARABLE, "a"), how=How.REFUSED).split())
    assert "--through TARGET" in text
    assert "--insist" in text
    assert "self-check" not in text
    text = " ".join(shown(line(Verdict.REGRESSED, "a"), how=How.INSISTED).split())
    assert "what the machine did in between is part of every difference" in text


def test_confirmed_differences_name_the_run_that_measured_again() -> None:
    again = line(Verdict.REGRESSED, "a", confirmed=line(Verdict.EQUIVALENT, "a").judgement)
    text = shown(again, confirmed_by="20260103")
    assert "measured again by fresh processes in the run 20260103" in text
    assert "seen once" not in text
    assert "equivalent (1)" in text


def test_a_confirmation_that_was_interrupted_is_told_above_the_lines_too() -> None:
    text = " ".join(shown(line(Verdict.REGRESSED, "a", stopped=True), line(Verdict.IMPROVED, "b")).split())
    assert "1 difference was seen once, and the confirmation was interrupted; gate --confirm measures anew" in text
    assert "1 difference was seen once and not measured again by fresh processes" in text


def test_only_what_changed_is_a_table() -> None:
    changes = (Change(what="torch version", base="2.12", new="2.13"), Change(what="seed", base="1", new="x" * 90))
    text = shown(line(Verdict.EQUIVALENT, "a"), changes=changes)
    assert text.splitlines()[-4:] == [
        "not the same on both sides",
        "                 base  new",
        "  torch version  2.12  2.13",
        f"  seed           1     {'x' * 33}…",
    ]
    page = markdown(Page(comparisons=(comparison(line(Verdict.EQUIVALENT, "a"), changes=changes),)))
    assert "| `torch version` | `2.12` | `2.13` |" in page


def test_what_neither_side_measured_is_counted_and_listed_on_request() -> None:
    idle = (Unmeasured(case="gap", case_key="k", target="jax", detail="refused: no"),)
    one = line(Verdict.NEW, "a")
    assert "1 more could be measured on neither side" in " ".join(shown(one, unmeasured=idle).split())
    assert "- jax at gap: refused: no" in shown(one, unmeasured=idle, everything=True)
    assert "no arm was measured on either side; 1 more" in " ".join(shown(unmeasured=idle).split())


def test_nothing_is_wider_than_a_terminal(tmp_path: Path) -> None:
    failed = ("failed", "error: " + "x " * 300)
    session(tmp_path, {CASE: {REFERENCE: ZERO, JAX: spread(0.1, 0.01)}, "b": {REFERENCE: ZERO, JAX: failed}})
    text = terminal(compare_sides(tmp_path, f"latest::{REFERENCE}", f"latest::{JAX}"), everything=True)
    assert max(map(len, text.splitlines())) <= COLUMNS


def test_markup_of_others_is_text_on_the_page() -> None:
    evil = "<script>|**x**\n# y"
    found = comparison(line(Verdict.FAILED, evil, new=evil, detail=evil), notes=(evil,))
    page = markdown(Page(comparisons=(found,), problems=(evil,)), everything=True)
    assert "<script" not in page
    assert "\n# y" not in page
    assert "**" not in page
    assert "\\n" in terminal(Page(comparisons=(found,), problems=(evil,)))


def test_the_document_has_every_line_with_its_numbers_and_its_sentence() -> None:
    again = line(Verdict.REGRESSED, "a", confirmed=line(Verdict.EQUIVALENT, "a").judgement, counts=(5, 6))
    lines = [again, *(line(verdict, f"case-{verdict}") for verdict in Verdict)]
    (found,) = json.loads(json.dumps(document(Page(comparisons=(comparison(*lines),))), allow_nan=False))["comparisons"]
    assert (found["how"], found["margin"], found["self_check_passed"]) == ("session", 0.02, True)
    assert found["counts"]["equivalent"] == 2
    first = found["lines"][0]
    assert (first["verdict"], first["first"]["verdict"], first["counts"]) == ("equivalent", "regressed", [5, 6])
    assert [one["verdict"] for one in found["lines"][1:]] == list(Verdict)
    assert all(one["sentence"] for one in found["lines"])
    assert found["lines"][1]["ratio"] == pytest.approx(1.10)


def test_the_document_tells_what_became_of_each_flagged_difference() -> None:
    lines = [
        line(Verdict.REGRESSED, "hint"),
        line(Verdict.REGRESSED, "stopped", stopped=True),
        line(Verdict.REGRESSED, "upheld", confirmed=line(Verdict.REGRESSED, "").judgement, confirmed_by="20260103"),
        line(Verdict.IMPROVED, "refuted", confirmed=line(Verdict.INCONCLUSIVE, "").judgement),
        line(Verdict.IMPROVED, "crashed", confirmed=line(Verdict.FAILED, "").judgement),
        line(Verdict.EQUIVALENT, "equal"),
    ]
    (found,) = document(Page(comparisons=(comparison(*lines),)))["comparisons"]
    assert {one["case"]: one["confirmation"] for one in found["lines"]} == {
        "hint": "not measured again",
        "stopped": "interrupted",
        "upheld": "confirmed",
        "refuted": "not confirmed",
        "crashed": "failed",
        "equal": None,
    }
    assert [one["confirmed_by"] for one in found["lines"]] == [None, None, "20260103", None, None, None]
    assert found["lines"][0]["sentence"].endswith("; not measured again")


def test_numbers_that_json_cannot_say_are_null_in_every_document() -> None:
    """Times and probabilities of lines too: they come from files, which anybody may have written."""
    odd = line(Verdict.EQUIVALENT, "odd", base_s=math.inf, new_s=math.nan)
    page = Page(comparisons=(comparison(replace(odd, judgement=replace(odd.judgement, p_slower=math.nan))),))
    (found,) = json.loads(json.dumps(document(page), allow_nan=False))["comparisons"][0]["lines"]
    assert (found["base_s"], found["new_s"], found["p_slower"]) == (None, None, None)
    assert found["ratio"] == pytest.approx(1.001)
    values = verdicts.document(page, decide(page), said="so")
    (found,) = json.loads(json.dumps(values, allow_nan=False))["comparisons"][0]["lines"]
    assert (found["base_s"], found["new_s"], found["measured"]["p_slower"]) == (None, None, None)


def test_machines_of_one_kind_are_shown_one_by_one() -> None:
    node = Node(name="n1", log=0.0, log_low=-0.01, log_high=0.01, sessions=5, cases=3, odd=False)
    page = NodesPage(nodes=(node, node, node), kind="CPU", cases=3, problems=("a note",))
    text = nodes_terminal(page)
    assert text.startswith("3 machines of one kind (CPU), over 3 cases that all of them measured\n  n1 is not found")
    assert text.endswith("note: a note\n")
    assert "- `n1` is not found" in nodes_markdown(page)
    assert [one["odd"] for one in nodes_document(page)["nodes"]] == [False] * 3
