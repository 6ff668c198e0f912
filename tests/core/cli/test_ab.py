"""The two sides of `ab`, as they are written on a command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.ab import read_side, sides_of
from harness.errors import UsageError


def test_sides_are_called_a_and_b_where_nobody_says_otherwise() -> None:
    a, b = sides_of("torch@cpu", "torch@cpu,label=new")
    assert (a.name, b.name) == ("a", "new")
    assert str(a) == str(b) == "torch@cpu"


def test_a_side_has_an_interpreter_variables_and_a_label() -> None:
    side = read_side("jax@cpu,python=old/bin/python,env.A=1,env.B=x=y,label=old", "--a")
    assert (str(side), side.python, dict(side.env), side.label) == (
        "jax@cpu",
        "old/bin/python",
        {"A": "1", "B": "x=y"},
        "old",
    )


def test_a_comma_in_the_value_of_a_variable_stays_in_it() -> None:
    side = read_side("jax@cpu,env.XLA_FLAGS=--a=1,--b=2,label=x,python=p", "--a")
    assert dict(side.env) == {"XLA_FLAGS": "--a=1,--b=2"}
    assert (side.label, side.python) == ("x", "p")


@given(
    env=st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True),
        st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12).filter(
            lambda text: not any(part.startswith(("python=", "label=", "env.")) for part in text.split(",")[1:])
        ),
        max_size=4,
    )
)
def test_every_value_is_read_as_it_is_written(env: dict[str, str]) -> None:
    text = ",".join(["torch@cpu", *(f"env.{name}={value}" for name, value in env.items()), "label=x"])
    assert dict(read_side(text, "--b").env) == env


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("torch", "--a: not a target"),
        ("torch@cpu,env.=1", "--a: not a variable: 'env.=1'"),
        ("torch@cpu,env.A", "--a: not a variable: 'env.A'"),
        ("torch@cpu,env.A B=1", "--a: not a variable"),
        ("torch@cpu,env.A=1,env.A=2", "--a: not a variable: 'env.A=2'"),
        ("torch@cpu,pyhton=x", "--a: not a target option: 'pyhton=x'"),
        ("torch@cpu,label=2-threads", "is what `measure: threads:` gives"),
    ],
)
def test_mistakes_name_the_option(text: str, says: str) -> None:
    with pytest.raises(UsageError) as found:
        read_side(text, "--a")
    assert says in str(found.value)


def test_two_sides_of_one_name_cannot_be_told_apart() -> None:
    with pytest.raises(UsageError, match="both sides are called 'b'"):
        sides_of("torch@cpu,label=b", "jax@cpu")
