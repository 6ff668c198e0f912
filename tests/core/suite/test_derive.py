"""The expressions of ``derive:`` compute what they say, and nothing else can be said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.suite.derive import LARGEST, ExpressionError, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m", 7),
        ("4 * m", 28),
        ("2 + 3 * m", 23),
        ("(2 + 3) * m", 35),
        ("m - 2 - 1", 4),
        ("20 // m // 2", 1),
        ("0 - m // 2", -3),
        ("2 * (m + (k - 1)) // 3", 6),
    ],
)
def test_expressions_follow_the_ordinary_rules(text: str, value: int) -> None:
    assert parse(text).value({"m": 7, "k": 3}) == value


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("", "a name or a number is missing", 0),
        ("m +", "a name or a number is missing", 3),
        ("(m", "a ')' is missing", 2),
        ("m k", "an operator is missing", 2),
        ("m ** 2", "a name or a number is missing", 3),
        ("m / 2", "'/' cannot stand here; there are names, whole numbers, + - * // ( )", 2),
        ("m.real", "'.' cannot stand here; there are names, whole numbers, + - * // ( )", 1),
        ("__import__", "'_' cannot stand here; there are names, whole numbers, + - * // ( )", 0),
        ("m + 9999999999999999999999", "this number is too large", 4),
        ("(" * 50, "too many parentheses inside each other", 21),
        ("m" * 101, "longer than 100 characters", 0),
    ],
)
def test_anything_else_is_refused_where_it_stands(text: str, message: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert (caught.value.message, caught.value.offset) == (message, offset)


@pytest.mark.parametrize("text", ["m // 0", "m // (k - 3)"])
def test_division_by_zero_is_a_mistake_not_a_crash(text: str) -> None:
    with pytest.raises(ExpressionError, match="division by zero"):
        parse(text).value({"m": 7, "k": 3})


def test_no_product_of_products_grows_beyond_bounds() -> None:
    squares = parse(" * ".join(["m"] * 20))
    with pytest.raises(ExpressionError, match="larger than"):
        squares.value({"m": 2**31})


@given(st.text(alphabet="mk 0123456789+-*/()._[]", max_size=60), st.integers(0, LARGEST), st.integers(0, LARGEST))
def test_any_text_gives_a_bounded_number_or_a_refusal(text: str, m: int, k: int) -> None:
    try:
        expression = parse(text)
        value = expression.value({"m": m, "k": k})
    except (ExpressionError, KeyError):  # names other than m and k
        return
    assert abs(value) <= LARGEST
    assert expression.names <= {"m", "k"}


def _python(tree: object) -> str:
    return str(tree) if not isinstance(tree, tuple) else f"({_python(tree[0])} {tree[1]} {_python(tree[2])})"


@given(
    st.recursive(
        st.sampled_from(["m", "k", "1", "3", "10"]),
        lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "//"]), inner),
        max_leaves=8,
    )
)
def test_what_is_computed_agrees_with_python(tree: object) -> None:
    text = _python(tree)
    try:
        expected = eval(text, {"__builtins__": {}}, {"m": 7, "k": 3})  # noqa: S307  (made by this test from a fixed alphabet)
    except ZeroDivisionError:
        with pytest.raises(ExpressionError, match="division by zero"):
            parse(text).value({"m": 7, "k": 3})
        return
    assert parse(text).value({"m": 7, "k": 3}) == expected
