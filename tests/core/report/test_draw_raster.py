"""Pictures as files: the same bytes each time, whoever draws them and whatever they are called."""

from __future__ import annotations

import pytest

from harness.report.draw.raster import KINDS, drawable, render
from tests.core.report import pictured
from tests.core.report.test_escape import HOSTILE

BEGINS = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<svg", "pdf": b"%PDF"}


@pytest.mark.parametrize("file", KINDS)
@pytest.mark.parametrize("kind", pictured.EVERY)
def test_the_same_picture_gives_the_same_bytes(kind: str, file: str) -> None:
    """No date, no name of a program, no state kept from one picture to the next."""
    first = render(pictured.EVERY[kind](3), file)
    render(pictured.lines(2), file)
    assert render(pictured.EVERY[kind](3), file) == first
    assert first.startswith(BEGINS[file])
    assert not any(said in first for said in (b"Software", b"tIME", b"CreationDate", b"Producer", b"Creator"))


@pytest.mark.parametrize("targets", [pictured.TARGETS[:1], pictured.NINE])
@pytest.mark.parametrize("kind", pictured.EVERY)
def test_small_and_large_pictures_are_drawn(kind: str, targets: tuple[str, ...]) -> None:
    assert render(pictured.EVERY[kind](30, targets)).startswith(BEGINS["png"])


@pytest.mark.parametrize("at", range(len(pictured.emptied())))
def test_pictures_of_nothing_are_drawn(at: int) -> None:
    assert render(pictured.emptied()[at]).startswith(BEGINS["png"])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_as_text(name: str) -> None:
    """Dollar signs, letters that no font has, four thousand characters: in every cut of the font."""
    targets = tuple(f"{name}{at}" for at in range(3))
    for kind in ("lanes", "map", "stacks"):
        assert render(pictured.EVERY[kind](2, targets, name)).startswith(BEGINS["png"])
    assert render(pictured.lanes(2, targets, name), "pdf").startswith(BEGINS["pdf"])


def test_what_the_font_lacks_is_written_out() -> None:
    assert drawable("square[m=128] µs × – …") == "square[m=128] µs × – …"
    assert drawable("\u65e5") == "\\u65e5"
    assert drawable("\U0001f9ea") == "\\u1f9ea"
    assert drawable("\u202e") == "\\u202e"


def test_settings_of_the_user_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration file that wants TeX would otherwise need TeX."""
    import matplotlib as mpl

    plain = render(pictured.lanes(2))
    monkeypatch.setitem(mpl.rcParams, "text.usetex", True)
    monkeypatch.setitem(mpl.rcParams, "axes.facecolor", "black")
    monkeypatch.setitem(mpl.rcParams, "savefig.dpi", 300)
    assert render(pictured.lanes(2)) == plain


def test_a_full_picture_is_no_heavy_file() -> None:
    """A report holds dozens."""
    targets = pictured.NINE[:4]
    assert len(render(pictured.lanes(25, targets, "square[m=512,n=512,k=512,dtype=float32]"))) < 150_000
