"""Names in a narrow column: no wider than it, as they are where they fit, and never two alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.report.fitted import fitted
from tests.core.report.test_escape import HOSTILE

WIDTH = 23


def test_what_fits_stays_and_what_does_not_is_cut_in_the_middle() -> None:
    names = ["torch.eager@cpu", "tensorflow.function@gpu:0", "tensorflow.function@gpu:1"]
    assert list(fitted(names, WIDTH).values()) == [names[0], "tensorflow.…ction@gpu:0", "tensorflow.…ction@gpu:1"]


def test_the_cut_moves_to_where_names_differ() -> None:
    """As long as there is such a place at all; else they are numbered."""
    first, second = f"{'a' * 14}X{'b' * 30}", f"{'a' * 14}Y{'b' * 30}"
    assert {shown[14] for shown in fitted([first, second], WIDTH).values()} == {"X", "Y"}
    first, second = f"{'a' * 50}X{'b' * 50}", f"{'a' * 50}Y{'b' * 50}"
    assert list(fitted([first, second], WIDTH).values()) == [f"{'a' * 11}…{'b' * 11}", f"{'a' * 21}…2"]


@given(
    names=st.lists(st.sampled_from(HOSTILE) | st.text(max_size=60) | st.text("ab\n\\", max_size=40), max_size=12),
    width=st.integers(8, 60),
)
def test_no_two_become_equal(names: list[str], width: int) -> None:
    """Also where what is not seen was written out."""
    found = fitted(names, width)
    assert list(found) == list(dict.fromkeys(names))
    assert len(set(found.values())) == len(found)
    assert max(map(len, found.values()), default=0) <= width
