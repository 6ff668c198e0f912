"""The command for another try is the same command with other arms, and can be pasted into a shell."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli import options, selecting
from harness.cli.run import configure
from harness.errors import UsageError
from harness.run.durations import Duration
from tests.core.report.synthetic import arm, unmeasured

FAILED = unmeasured(arm(), "failed", "error: boom")
INVALID = unmeasured(arm("other", "jax.jit@cpu"), "invalid", "off")
NAME = "square[m=128]::torch.eager@cpu"


def test_only_what_failed_is_tried_again_and_all_else_stays() -> None:
    words = ["run", "gemm.yaml", "--filter", "m > 3", "--only=x", "--last-failed", "--only", "a b", "-x", "--seed", "7"]
    again = selecting.again(words, [arm(), FAILED, INVALID, unmeasured(arm("third"), "refused", "no")])
    assert shlex.split(again) == [
        *("python", "-m", "harness", "run", "gemm.yaml", "-x", "--seed", "7"),
        *("--only", NAME, "--only", "other::jax.jit@cpu"),
    ]


def test_where_nothing_failed_there_is_no_other_try() -> None:
    assert selecting.again(["run", "gemm.yaml"], [arm(), unmeasured(arm("b"), "unavailable", "no gpu")]) == ""


def test_an_arm_and_its_copy_are_named_once_and_many_not_at_all() -> None:
    assert selecting.again(["run", "s"], [FAILED, replace(FAILED, replica=1)]).count("--only") == 1
    many = [unmeasured(arm(f"c{at}"), "failed", "x") for at in range(selecting.MOST_NAMED + 1)]
    assert selecting.again(["run", "s"], many) == "python -m harness run s --last-failed"


@given(st.text(min_size=1, max_size=40))
def test_any_name_survives_the_shell(name: str) -> None:
    again = selecting.again(["run", "s"], [replace(FAILED, case=name)])
    assert shlex.split(again)[-1] == f"{name}::torch.eager@cpu"


def test_the_longest_arms_are_shown_and_the_others_counted() -> None:
    made = [
        Duration(name=name, start_s=1.0, prepare_s=0.5, first_call_s=0.25, measuring_s=at)
        for at, name in ((3.0, "a::x@cpu"), (2.0, "b::x@cpu"), (1.0, "c::x@cpu"))
    ]
    lines = selecting.longest(made, 2).splitlines()
    assert [line.split()[0] for line in lines] == ["arm", "a::x@cpu", "b::x@cpu", "and"]
    assert lines[1].endswith("4.75 s")
    assert lines[-1] == "and 1 arms that took less"
    assert len(selecting.longest(made, 9).splitlines()) == 4


def _parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    configure(parser)
    return parser.parse_args(["s.yaml", *words])


@pytest.mark.parametrize(
    ("option", "setting"),
    [
        ("--profile=quick", "measure.profile=rigorous"),
        ("--threads=2", "measure.threads=2"),
        ("--max-time=2s", "measure.max_time=3s"),
        ("--seed=0", " measure.seed =1"),
        ("--target=torch@cpu", "targets=auto"),
    ],
)
def test_what_is_said_twice_is_refused(option: str, setting: str) -> None:
    with pytest.raises(UsageError, match=f"{option.partition('=')[0]} say the same thing"):
        options.refuse_contradictions(_parsed(option, "--set", setting))


def test_what_does_not_meet_is_no_contradiction() -> None:
    options.refuse_contradictions(_parsed("--profile=quick", "--set", "measure.seed=1", "--set", "reference=jax@cpu"))
