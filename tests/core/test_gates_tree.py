"""The tree is fit to be published: nothing of one machine or one person in it, and the wheel is complete."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Written in pieces, or this file would be its own first finding.
FORBIDDEN = {
    "a home folder": re.compile(r"/(?:root|home/\w+|Users/\w+)" + r"/"),
    "a machine's own folder": re.compile(r"(?<![\w.])/(?:work|opt/wheels|opt/pypi)" + r"\b"),
    "a package mirror": re.compile(r"(?:py" + r"pi\.org|files\.python" + r"hosted|--extra-" + r"index-url file:)"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE " + r"KEY-----"),
    "an unfinished merge": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
}


def tracked() -> Iterator[Path]:
    """Return all files that git keeps or would keep; without git, all that lie in the tree's folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [path for folder in ("harness", "tests", "docs", "benchmarks") for path in (ROOT / folder).rglob("*")]
    yield from (path for path in paths if path.is_file() and "__pycache__" not in path.parts)


# A manifest says how PyTorch was built: in folders of whoever built it.
OTHERS = re.compile(r'^ *"build": "PyTorch built with:.*"(?=,?$)', re.MULTILINE)


def findings(text: str) -> list[str]:
    """Return what stands in `text` that should not, with the place."""
    return [
        f"line {text.count(chr(10), 0, match.start()) + 1}: {what}: {match[0]!r}"
        for what, pattern in FORBIDDEN.items()
        for match in pattern.finditer(text)
    ]


def test_no_file_speaks_of_one_machine_or_one_person() -> None:
    bad = [
        f"{path.relative_to(ROOT)}, {finding}"
        for path in tracked()
        if path.suffix not in (".parquet", ".png", ".npy")
        for finding in findings(OTHERS.sub("", path.read_text(encoding="utf-8")))
    ]
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize(
    "text", ["see /ro" + "ot/notes", "cd /wo" + "rk/main", "https://py" + "pi.org/simple", "/ho" + "me/eve/x"]
)
def test_the_check_above_can_fail(text: str) -> None:
    assert findings(f"fine\n{text}\n")[0].startswith("line 2: ")


def test_no_file_is_larger_than_a_reader_would_open() -> None:
    large = [str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > 2 * 2**20]
    assert not large


def test_source_files_stay_short() -> None:
    """A module that outgrows a few screens is two modules."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / "harness").rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert not long


def test_the_wheel_holds_code_schema_and_templates_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("harness-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"harness/__main__.py", "harness/py.typed", "harness/suite/suite.schema.json"} <= names
    there = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "harness").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if name.startswith("harness/")} == there
    assert all(name.startswith(("harness/", "harness-")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("group", ["harness.backends", "harness.workloads", "harness.exporters"])
def test_what_the_project_offers_by_name_can_be_loaded(group: str) -> None:
    points = [point for point in entry_points(group=group) if point.value.startswith("harness.")]
    assert points
    for point in points:
        point.load()
