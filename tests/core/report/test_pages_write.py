"""A report on the disk: the formats asked for and no others, the same bytes each time, nobody else's files touched."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import __version__
from harness.errors import StoreError, UsageError
from harness.report.kinds import KNOWN, USUAL, read_formats
from harness.report.load import Reported, load
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.report.write import compose, folder_name, write
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, RUN, run, squares

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8}
OWN = {"html": "index.html", "md": "README.md"}


@pytest.fixture(scope="module")
def reported() -> Reported:
    """A run with blocks enough for a verdict."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001)
    return Reported(runs=(summarise(rows, sample_frame(samples)),), problems=())


def put(reported: Reported, folder: Path, formats: Sequence[str] = USUAL, *, only: str = "") -> Path:
    """Write a report of some formats into a folder."""
    return write(compose(reported, formats, only=only), folder)


def files(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder by their places in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def kinds(folder: Path) -> set[str]:
    """Return what is there: pages by their names, files of tables and pictures by their endings."""
    return {name if "/" not in name else f"{name.partition('/')[0]}/*{Path(name).suffix}" for name in files(folder)}


@pytest.mark.parametrize(
    ("formats", "there", "page"),
    [
        (("html", "md", "csv"), {"index.html", "README.md", "tables/*.csv"}, "index.html"),
        (("md",), {"README.md"}, "README.md"),
        (("csv",), {"tables/*.csv"}, ""),
        (("html",), {"index.html"}, "index.html"),
        (("md", "svg", "pdf"), {"README.md", "figures/*.svg", "figures/*.pdf"}, "README.md"),
    ],
)
def test_only_what_is_asked_for_is_written(
    reported: Reported, tmp_path: Path, formats: tuple[str, ...], there: set[str], page: str
) -> None:
    assert put(reported, tmp_path / "r", formats) == tmp_path / "r" / page
    assert kinds(tmp_path / "r") == there | {"manifest.json"}


def test_a_folder_is_written_again_to_the_same_bytes(reported: Reported, tmp_path: Path) -> None:
    """What an earlier report left is gone, and other files are not touched."""
    put(reported, tmp_path, USUAL)
    before = files(tmp_path)
    ours = ("figures/old.png", "figures/old.svg", "figures/old.pdf", "tables/old.csv")
    theirs = ("mine.txt", "figures/mine.txt", "tables/mine.csv.bak")
    for name in (*ours, *theirs):
        (tmp_path / name).write_text(name)
    put(reported, tmp_path, USUAL)
    assert files(tmp_path) == before | {name: name.encode() for name in theirs}
    linked = set(re.findall(r"\]\((figures/[^)]+)\)", (tmp_path / "README.md").read_text(encoding="utf-8")))
    assert linked == {name for name in before if name.endswith(".png")}


def test_formats_that_are_not_asked_for_again_are_taken_away(reported: Reported, tmp_path: Path) -> None:
    """Or a page would show numbers of another run."""
    put(reported, tmp_path, ("html", "md", "csv"))
    put(reported, tmp_path, ("md",))
    assert set(files(tmp_path)) == {"README.md", "manifest.json"}
    assert not (tmp_path / "tables").exists()


def test_pages_link_only_to_files_that_are_there(reported: Reported, tmp_path: Path) -> None:
    put(reported, tmp_path / "all", ("html", "md", "csv", "svg"))
    assert "figures/as-written-01.svg" in (tmp_path / "all/README.md").read_text(encoding="utf-8")
    assert 'href="tables/cases-as-written.csv"' in (tmp_path / "all/index.html").read_text(encoding="utf-8")
    put(reported, tmp_path / "few", ("html", "md"))
    assert "figures/" not in (tmp_path / "few/README.md").read_text(encoding="utf-8")
    assert 'href="tables/' not in (tmp_path / "few/index.html").read_text(encoding="utf-8")


def test_the_manifest_says_what_it_was_made_of_and_how_it_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, samples = run(squares(2), SPEEDS)
    store(tmp_path / "kept", rows, samples, command="python -m harness run x.yaml --results 'its old name'")
    monkeypatch.chdir(tmp_path)
    put(load(Path("kept"), ["latest::jax.jit@cpu"]), tmp_path / "r", ("csv",))
    told = json.loads((tmp_path / "r/manifest.json").read_bytes())
    assert (told["schema"], told["harness_version"], told["formats"]) == ("harness.report/1", __version__, ["csv"])
    assert told["command"] == f"python -m harness report {RUN}::jax.jit@cpu --format csv --results kept"
    assert told["filters"] == {"runs": [f"{RUN}::jax.jit@cpu"], "only": None}
    (one,) = told["runs"]
    listed = json.loads((tmp_path / "kept/runs" / f"{RUN}.json").read_bytes())["files"]
    assert [(each["path"], each["sha256"], each["rows"]) for each in one["inputs"]] == [
        (f"{name}/{RUN}.parquet", listed[name]["sha256"], listed[name]["rows"]) for name in ("measurements", "samples")
    ]


@pytest.mark.parametrize(
    ("names", "out", "said"),
    [
        ((), "reports", " --format md"),
        ((), "my reports", " --format md --out 'my reports'"),
        (("latest",), "reports", f" {RUN} --format md"),
        ((RUN[:10],), "./reports", f" {RUN} --format md"),
    ],
)
def test_the_command_of_the_manifest_names_what_was_named_and_writes_where_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: Sequence[str], out: str, said: str
) -> None:
    """Without a name it is the newest of each suite, in a folder that is called so."""
    store(tmp_path / "results", *run(squares(1), SPEEDS))
    monkeypatch.chdir(tmp_path)
    told = json.loads(compose(load(Path("results"), names), ("md",), out=Path(out)).files["manifest.json"])
    assert told["command"] == f"python -m harness report{said}"
    assert told["filters"]["runs"] == [RUN]


def test_one_case_alone_is_a_report_of_its_own(reported: Reported, tmp_path: Path) -> None:
    case = reported.runs[0].arms[0].case
    assert folder_name(["latest"], reported, case).startswith(f"{RUN}-square-m-32")
    put(reported, tmp_path, ("md", "csv"), only=case)
    assert case in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "only" in json.loads((tmp_path / "manifest.json").read_bytes())["filters"]
    two = Reported(runs=reported.runs * 2, problems=())
    with pytest.raises(UsageError, match="one case is of one run"):
        put(two, tmp_path, ("md",), only=case)


def test_the_collector_of_whoever_writes_a_report_is_left_alone(reported: Reported, tmp_path: Path) -> None:
    """A program goes on after it: what was frozen would never be looked through again."""
    before = (gc.isenabled(), gc.get_freeze_count())
    put(reported, tmp_path, ("html", "md", "csv", "svg"))
    assert (gc.isenabled(), gc.get_freeze_count()) == before


def test_a_folder_that_cannot_be_is_named(reported: Reported, tmp_path: Path) -> None:
    (tmp_path / "r").write_text("a file")
    with pytest.raises(StoreError, match="cannot write the report in"):
        put(reported, tmp_path / "r", ("md",))


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("md", ("md",)),
        (" csv, HTML ,csv", ("html", "csv")),
        ("all", KNOWN),
        ("png,all", KNOWN),
        ("pdf,", ("pdf",)),
    ],
)
def test_formats_are_read_in_any_order(text: str, formats: tuple[str, ...]) -> None:
    assert read_formats(text) == formats


@pytest.mark.parametrize("text", ["", ",", "docx", "html,xls", "x" * 4000])
def test_formats_that_there_are_not_are_named_with_those_there_are(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_formats(text)
    assert all(kind in str(caught.value) for kind in KNOWN)
    assert len(str(caught.value)) < 200
