"""Entry points: listed without importing, loaded one by one, and named when they are wrong."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from harness.core import plugins
from harness.errors import UsageError

GROUP = "harness.animals"


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """Let a test say what packages offer."""
    offered: list[EntryPoint] = []
    monkeypatch.setattr(plugins, "entry_points", lambda *, group: [point for point in offered if point.group == group])
    plugins._by_name.cache_clear()
    yield offered
    plugins._by_name.cache_clear()


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


def test_names_are_listed_sorted_and_nothing_is_imported(offer: list[EntryPoint]) -> None:
    offer += [point("zebra", "no_such_package:Z"), point("ant", "no_such_package:A")]
    assert plugins.names(GROUP) == ("ant", "zebra")


def test_one_object_is_loaded(offer: list[EntryPoint]) -> None:
    offer.append(point("half", "fractions:Fraction"))
    from fractions import Fraction

    assert plugins.load(GROUP, "half") is Fraction


def test_the_same_package_on_the_path_twice_is_no_quarrel(offer: list[EntryPoint]) -> None:
    offer += [point("half", "fractions:Fraction"), point("half", "fractions:Fraction")]
    assert plugins.load(GROUP, "half") is not None


def test_two_packages_with_one_name_are_both_named(offer: list[EntryPoint]) -> None:
    offer += [point("half", "fractions:Fraction"), point("half", "decimal:Decimal")]
    with pytest.raises(UsageError, match=r"several packages offer the animal 'half'.*fractions.*decimal"):
        plugins.load(GROUP, "half")


def test_a_misspelt_name_is_answered_with_the_nearest(offer: list[EntryPoint]) -> None:
    offer += [point("zebra", "a:Z"), point("ant", "a:A")]
    with pytest.raises(UsageError, match="no animal named 'zebar'") as caught:
        plugins.load(GROUP, "zebar")
    assert caught.value.remedy == "did you mean 'zebra'? known: ant, zebra"


def test_without_any_the_answer_says_so(offer: list[EntryPoint]) -> None:
    assert offer == []
    with pytest.raises(UsageError) as caught:
        plugins.load(GROUP, "ant")
    assert caught.value.remedy == "known: none"


@pytest.mark.parametrize("value", ["no_such_package:A", "fractions:Nothing", "this is not a reference"])
def test_a_broken_package_is_named_whatever_it_raises(offer: list[EntryPoint], value: str) -> None:
    offer.append(point("ant", value))
    with pytest.raises(UsageError, match=r"the animal 'ant' .* cannot be loaded"):
        plugins.load(GROUP, "ant")
