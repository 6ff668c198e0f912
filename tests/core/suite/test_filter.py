"""The language of filters says what it means, points at mistakes, and never does anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import ExitCode
from harness.suite.filter import MOST_CHARACTERS, MOST_DEPTH, FilterError, Spellings, parse

SQUARE: dict[str, Any] = {
    "name": "square[m=1024,dtype=float32]::torch.eager@gpu:0",
    "case": "square[m=1024,dtype=float32]",
    "id": "square",
    "target": Spellings({"torch.eager@gpu:0", "torch@gpu:0"}),
    "backend": "torch",
    "device": Spellings({"gpu", "gpu:0"}),
    "workload": "matmul",
    "m": 1024,
    "dtype": "float32",
    "transpose_a": False,
    "direction": "forward_backward",
}
TOTAL: dict[str, Any] = {
    "name": "total::jax.jit@cpu",
    "case": "total",
    "id": "total",
    "target": Spellings({"jax.jit@cpu", "jax@cpu"}),
    "backend": "jax",
    "device": Spellings({"cpu"}),
    "workload": "reduction",
    "shape": (64, 32),
    "scale": 0.5,
    "dtype": "float32",
}


@pytest.mark.parametrize(
    ("text", "square", "total"),
    [
        ("m >= 512 and dtype == float32 and not backend == jax", True, False),
        ("id ~ square*", True, False),
        ("id !~ square*", False, True),
        ("workload in (matmul, conv2d)", True, False),
        ("workload not in (matmul, conv2d)", False, True),
        ("not workload in (matmul, conv2d)", False, True),
        ("direction == forward_backward", True, False),
        ("square", True, False),
        ("square*", True, False),
        ("square[m=1024,dtype=float32]*", True, False),
        ("*::torch*", True, False),
        ("torch@gpu:0", True, False),
        ("'square[m=1024*'", True, False),
        ("device == gpu", True, False),
        ("device == gpu:0", True, False),
        ("device != gpu", False, True),
        ("shape == 64x32", False, True),
        ("scale == .5 and scale <= 5e-1", False, True),
        ("m == 1024.0", True, False),
        ("m == '1024'", False, False),
        ("transpose_a == false", True, False),
        ("not m == 512", True, True),
        ("m != 512", True, False),  # false where there is no m
        ("m < 10 or backend == jax", False, True),
        ("m > 10 or backend == jax and dtype == float64", True, False),
        ("(m > 10 or backend == jax) and dtype == float64", False, False),
        ("not not m > 10", True, False),
        ("not (m > 10 or shape == 64x32)", False, False),
        ("backend=='jax'", False, True),
    ],
)
def test_it_means_what_it_says(text: str, square: bool, total: bool) -> None:
    found = parse(text)
    found.check([SQUARE, TOTAL])
    assert (found.holds(SQUARE), found.holds(TOTAL)) == (square, total)


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", 0, "a test is missing"),
        ("m >= ", 5, "a value is missing"),
        ("m = 5", 2, "write =="),
        ("m == 5 &", 7, "m == 5 &"),
        ("m == 5 n == 3", 7, "join tests by and, or"),
        ("(m == 5", 7, "')' is missing"),
        ("m == 5)", 6, "')' cannot stand here"),
        ("m in 5", 5, "'(' is missing"),
        ("m in (5", 7, "')' is missing"),
        ("m in ()", 6, "a value is missing"),
        ("'m' == 5", 0, "is not a name"),
        ("M == 5", 0, "is not a name"),
        ("m < abc", 4, "needs a number"),
        ("m == 'x", 5, "close the quotes"),
        ("square[m", 6, "close it"),
        ("and m == 5", 0, "a test is missing"),
        ("m == 5 and", 10, "a test is missing"),
        ("dtpye == float32", 0, "did you mean 'dtype'?"),
        ("dtype >= 3", 0, "dtype is no number"),
        ("m == 5 and transpose_a", 11, "write transpose_a == ..."),
    ],
)
def test_a_mistake_is_shown_where_it_stands(text: str, at: int, says: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text).check([SQUARE, TOTAL])
    told = str(caught.value)
    assert says in told
    assert caught.value.at == at
    assert caught.value.exit_code is ExitCode.USAGE
    _, shown, caret, *_ = told.splitlines()
    assert shown.rstrip() == f"  {text}".rstrip()
    assert caret.index("^") == at + 2


def test_a_long_expression_is_cut_around_the_mistake() -> None:
    text = " and ".join(f"m != {at}" for at in range(60)) + " and oops == 1 and " + "m > 3 and m > 3 and m > 3"
    with pytest.raises(FilterError) as caught:
        parse(text).check([SQUARE])
    _, shown, caret, *_ = str(caught.value).splitlines()
    assert shown[caret.index("^") :].startswith("oops")
    assert len(shown) < 100


def test_length_and_depth_have_limits() -> None:
    with pytest.raises(FilterError, match="longer than"):
        parse("m" * (MOST_CHARACTERS + 1))
    deep = "(" * MOST_DEPTH + "m > 1" + ")" * MOST_DEPTH
    assert parse(deep).holds({"m": 2})
    with pytest.raises(FilterError, match="too many parentheses"):
        parse(f"({deep})")
    assert parse("not " * 200 + "m > 1").holds({"m": 2})


def test_values_are_told_where_nothing_is_left() -> None:
    facts: list[dict[str, Any]] = [{"m": at, "id": "a"} for at in range(12)]
    assert parse("m > 99 and id == b").values(facts) == "m is 0, 1, 2, 3, 4, 5, 6, 7 and 4 more; id is a"


_PIECES = """m n dtype id name square* and or not in ( ) , == != < <= > >= ~ !~ = ! 'x' "y" 512 1e3 1e999 -3 float32
true __import__('os').system('true') lambda: 0 {} ; \\ [ ] [m=3] \x00 é \u202e"""
PIECES = [*_PIECES.split(), "\n"]


def _outcome(text: str, everything: Sequence[dict[str, Any]]) -> object:
    """Read and ask; anything but an answer or a `FilterError` goes on to the test."""
    try:
        found = parse(text)
        found.check(everything)
        return [found.holds(facts) for facts in everything]
    except FilterError as error:
        return str(error) if error.at <= max(len(text), MOST_CHARACTERS) else None


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))
@example("((((")
@example("m in (((")
def test_any_pieces_are_read_or_refused(text: str) -> None:
    assert _outcome(text, [SQUARE, TOTAL]) is not None


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert _outcome(text, [SQUARE, TOTAL]) is not None


def _tests() -> st.SearchStrategy[tuple[str, bool]]:
    """Expressions with what they are for ``m = 5``, computed without the parser."""
    leaf = st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.integers(3, 7)).map(_leaf)
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}) and ({two[1][0]})", two[0][1] and two[1][1])),
            st.tuples(inner, inner).map(lambda two: (f"({two[0][0]}) or ({two[1][0]})", two[0][1] or two[1][1])),
            inner.map(lambda one: (f"not ({one[0]})", not one[1])),
        ),
        max_leaves=8,
    )


def _leaf(pair: tuple[str, int]) -> tuple[str, bool]:
    operator, number = pair
    held = {"<": number > 5, "<=": number >= 5, ">": number < 5, ">=": number <= 5}
    return f"m {operator} {number}", {**held, "==": number == 5, "!=": number != 5}[operator]


@given(_tests())
def test_and_or_and_not_are_those_of_logic(expected: tuple[str, bool]) -> None:
    text, held = expected
    if text.count("(") <= MOST_DEPTH:
        assert parse(text).holds({"m": 5}) is held
