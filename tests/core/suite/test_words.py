"""A suite described in words is the suite that its file describes, and a mistake is found in the word that holds it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.device import Device
from harness.core.target import Target
from harness.errors import SuiteError, UsageError
from harness.suite.load import load_suite
from harness.suite.model import Suite
from harness.suite.words import Word, read_words, suite_from_words


def suite(text: str, **options: Any) -> Suite:
    workload, *words = text.split()
    return suite_from_words(workload, read_words(words), **options)


def values(made: Suite, name: str) -> list[Any]:
    return [case.workload.params()[name] for case in made.cases]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("matmul m=256..4096:x2 n=m k=m", "k", [256, 512, 1024, 2048, 4096]),
        ("matmul m=3..81:x3 n=1 k=1", "m", [3, 9, 27, 81]),
        ("matmul m=64..256:+64 n=1 k=1", "m", [64, 128, 192, 256]),
        ("matmul m=3..5 n=1 k=1", "m", [3, 4, 5]),
        ("matmul m=7..7:x2 n=1 k=1", "m", [7]),
        ("matmul m=1,8,64..256:x2 n=1 k=1", "m", [1, 8, 64, 128, 256]),
        ("matmul m=2..4,9 n=1 k=1", "m", [2, 3, 4, 9]),
        ("matmul m=5 n=4*m+(m//2) k=n", "k", [22]),
        ("matmul m=4*256 n=1 k=1", "m", [1024]),
        ("matmul m=1 n=1 k=1 transpose_a=true,false", "transpose_a", [True, False]),
        ("matmul m=1 n=1 k=1 dtype=float64,bfloat16", "dtype", ["float64", "bfloat16"]),
        ("reduction op=sum shape=64x128,7", "shape", [[64, 128], [7]]),
        ("reduction op=sum,max shape=3", "op", ["sum", "max"]),
    ],
)
def test_words_give_these_values(text: str, name: str, expected: list[Any]) -> None:
    assert values(suite(text), name) == expected


def test_what_varies_is_crossed_and_names_the_cases() -> None:
    made = suite("matmul m=1,2 n=m k=8,16")
    assert [case.name for case in made.cases] == [
        "matmul[m=1,k=8]",
        "matmul[m=1,k=16]",
        "matmul[m=2,k=8]",
        "matmul[m=2,k=16]",
    ]
    assert (made.name, made.path, made.targets) == ("bench-matmul", None, None)


def test_a_language_has_its_own_values_for_the_same() -> None:
    words = [Word(name=name, value=value, said="") for name, value in {"m": [1, 2], "n": "m", "k": 3}.items()]
    assert suite_from_words("matmul", words).source == suite("matmul m=1,2 n=m k=3").source
    for shape, text in (([4, 5], "4x5"), ([(4, 5), [6]], "4x5,6"), ((7,), "7"), (range(2, 4), "2x3")):
        listed = [Word(name="op", value="sum", said=""), Word(name="shape", value=shape, said="")]
        assert suite_from_words("reduction", listed).source == suite(f"reduction op=sum shape={text}").source


def test_targets_and_measure_stand_in_the_file() -> None:
    older = Target(backend="torch", device=Device("cpu"), label="older", python="/opt/python", env={"A": "1"})
    made = suite(
        "matmul m=1 n=1 k=1",
        targets=["torch@cpu", "jax@cpu,label=mine", older],
        measure={"profile": "quick", "seed": 7},
    )
    assert [target.name for target in made.targets or ()] == ["torch.eager@cpu", "mine", "older"]
    assert (made.measure.profile, made.measure.seed) == ("quick", 7)


@pytest.mark.parametrize(
    ("text", "place", "says", "hint"),
    [
        ("matmul m=1 n=1", "bench matmul", "matmul needs k", ""),
        ("matmul m=1 n=1 k=1 q=3", "q=3", "no parameter 'q'", "known: m, n, k"),
        ("matmul m=1 n=1 k=1 id=3", "id=3", "no parameter 'id'", "known"),
        ("matmul m n=1 k=1", "m", "not NAME=VALUE", "m=256"),
        ("matmul m= n=1 k=1", "m=", "m has no value", "m=256"),
        ("matmul m=1 m=2 n=1 k=1", "m=2", "m is given twice", "first as m=1"),
        ("matmul m=0 n=1 k=1", "m=0", "m must lie between 1 and", ""),
        ("matmul m=1.5 n=1 k=1", "m=1.5", "whole number", ""),
        ("matmul m=010 n=1 k=1", "m=010", "leading zero", "write 10"),
        ("matmul m=true n=1 k=1", "m=true", "whole number", ""),
        ("matmul m=1,x n=1 k=1", "m=1,x", "'x' is not a whole number", "128,256"),
        ("matmul m=1, n=1 k=1", "m=1,", "'' is not a whole number", "128,256"),
        ("matmul m=1,1 n=1 k=1", "m=1,1", "1 is already a value of m", ""),
        ("matmul m=1..10:x3 n=1 k=1", "m=1..10:x3", "does not reach 10", "end at 9"),
        ("matmul m=0..8:x2 n=1 k=1", "m=0..8:x2", "does not reach 8", "begin at 1"),
        ("matmul m=1..10:+4 n=1 k=1", "m=1..10:+4", "do not reach 10", "end at 9"),
        ("matmul m=9..1:x2 n=1 k=1", "m=9..1:x2", "9 is above 1", "smaller end first"),
        ("matmul m=9..1 n=1 k=1", "m=9..1", "9 is above 1", "smaller end first"),
        ("matmul m=1..9:x1 n=1 k=1", "m=1..9:x1", "is no range", "64..256:x2"),
        ("matmul m=1..9:*2 n=1 k=1", "m=1..9:*2", "is no range", "64..256:x2"),
        ("matmul m=1,1..10:+4 n=1 k=1", "m=1,1..10:+4", "not reached", "64..256:+64"),
        ("matmul m=1,2..999999999999 n=1 k=1", "m=1,2..999999999999", "at most 10,000", "fewer"),
        ("matmul m=1..999999999 n=1 k=1", "bench matmul", "at most 10,000", "smaller"),
        ("matmul m=1 n=p k=1", "n=p", "no parameter named 'p'", "known"),
        ("matmul m=1 n=2+ k=1", "n=2+", "a name or a number is missing", "as in"),
        ("matmul m=n n=m k=1", "m=n", "need each other", ""),
        ("matmul m=1 n=1 k=1 transpose_a=yes", "transpose_a=yes", "'yes' is not true or false", ""),
        ("matmul m=1 n=1 k=1 dtype=float3", "dtype=float3", "dtype cannot be 'float3'", "float32"),
        ("matmul m=1\x07 n=1 k=1", "m=1\x07", "invisible or control character", ""),
        ("reduction op=summ shape=3", "op=summ", "op cannot be 'summ'", "sum"),
        ("reduction op=sum shape=3xa", "shape=3xa", "'3xa' is no list of whole numbers", "1024x1024"),
        ("reduction op=sum shape=3..5", "shape=3..5", "no list of whole numbers", ""),
    ],
)
def test_a_mistake_is_found_in_its_word(text: str, place: str, says: str, hint: str) -> None:
    workload, *words = text.split(" ")
    with pytest.raises(SuiteError) as caught:
        suite_from_words(workload, read_words(words))
    finding = next(each for each in caught.value.findings if says in each.message)
    assert (finding.file, finding.line) == (place, 0)
    assert hint in (finding.hint or "")


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SuiteError) as caught:
        suite("matmul m=0 n=1.5 k=1", targets=["torhc@cpu", "torch@cpu,place=here"])
    assert "--on torch@cpu,place=here" in str(caught.value)
    with pytest.raises(SuiteError) as caught:
        suite("matmul m=0 n=1.5 k=1", targets=["torhc@cpu", "torch.fast@cpu"], measure={"profile": "slow"})
    said = str(caught.value)
    assert all(word in said for word in ("--on torhc@cpu", "--on torch.fast@cpu", "--profile slow"))


def test_an_unknown_workload_is_named() -> None:
    with pytest.raises(UsageError, match="did you mean 'matmul'"):
        suite("matmull m=1")


Numbers = st.one_of(
    st.integers(1, 2000).map(str),
    st.lists(st.integers(1, 500), min_size=2, max_size=4, unique=True).map(lambda many: ",".join(map(str, many))),
    st.tuples(st.integers(1, 9), st.integers(0, 4), st.integers(2, 5)).map(
        lambda t: f"{t[0]}..{t[0] * t[2] ** t[1]}:x{t[2]}"
    ),
    st.tuples(st.integers(1, 99), st.integers(0, 4), st.integers(1, 50)).map(
        lambda t: f"{t[0]}..{t[0] + t[1] * t[2]}:+{t[2]}"
    ),
)
Derived = st.sampled_from(["m", "2*m", "m//2+1", "(m+3)*m"])
Types = st.lists(st.sampled_from(["float32", "float64", "bfloat16"]), min_size=1, max_size=3, unique=True).map(",".join)


@given(m=Numbers, n=st.one_of(Numbers, Derived), k=Derived, dtype=Types, turned=st.sampled_from(["true", "false,true"]))
def test_the_printed_file_is_the_same_suite(  # noqa: PLR0917  (drawn by name)
    m: str, n: str, k: str, dtype: str, turned: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is said in words, ``--yaml`` prints a suite that validates and has the same cases, names and hash."""
    made = suite(
        f"matmul m={m} n={n} k={k} dtype={dtype} transpose_b={turned}", targets=["torch@cpu", "jax@cpu,label=j"]
    )
    path = tmp_path_factory.mktemp("words") / "printed.yaml"
    path.write_text(made.source, encoding="utf-8")
    read = load_suite(path)
    assert [(case.name, case.key) for case in read.cases] == [(case.name, case.key) for case in made.cases]
    assert read.hash == made.hash
    path.unlink()


@given(st.text(st.characters(codec="utf-8"), max_size=30), st.sampled_from(["m", "dtype", "transpose_a", "shape", "x"]))
def test_no_text_does_more_than_be_refused(text: str, name: str) -> None:
    for workload in ("matmul", "reduction"):
        with contextlib.suppress(SuiteError):
            suite_from_words(workload, read_words([f"{name}={text}", "n=1", "k=1", "op=sum"]))
