"""What the guides say is true: commands exist, examples are valid, links lead somewhere, figures have a source."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from harness.cli import COMMANDS
from harness.errors import ExitCode
from harness.store.record import METHOD_VERSION, Outcome

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md"), *ROOT.glob("suites/*.md")]
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
METHOD = (ROOT / "docs/method.md").read_text(encoding="utf-8")
DEVELOPERS_COMMAND = (
    "python3 -m venv .venv-dev && .venv-dev/bin/python -m pip install -q -c constraints.txt tox && .venv-dev/bin/tox"
)


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def harness_commands(page: str) -> list[str]:
    """Return each ``python -m harness ...`` of a page, in blocks and in the running text."""
    lines = [line.split("  #")[0].strip() for block in blocks(page, "sh") for line in block.splitlines()]
    inline = re.findall(r"`(python -m harness [^`]+)`", page)
    return [line for line in dict.fromkeys((*lines, *inline)) if line.startswith("python -m harness")]


ALL_COMMANDS = [
    pytest.param(command, id=f"{page.relative_to(ROOT)}: {command}")
    for page in PAGES
    for command in harness_commands(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("command", ALL_COMMANDS)
def test_a_command_in_a_guide_is_one_that_the_command_line_takes(command: str) -> None:
    _python, _m, _harness, name, *arguments = shlex.split(command)
    assert name in COMMANDS
    module = importlib.import_module(f"harness.cli.{name}")
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    module.configure(parser)
    parser.parse_args(arguments)


def test_the_readme_shows_commands_at_all() -> None:
    """Or the test above would pass on an empty page."""
    names = {command.split()[3] for command in harness_commands(README)}
    assert names >= {"quickstart", "doctor", "run", "report", "validate", "show"}


def test_the_suite_in_the_readme_is_valid(tmp_path: Path) -> None:
    from harness.suite.load import load_suite

    (example,) = blocks(README, "yaml")
    path = tmp_path / "my-suite.yaml"
    path.write_text(example, encoding="utf-8")
    suite = load_suite(path)
    assert [case.name for case in suite.cases if case.name.startswith("skinny")] == [
        "skinny[m=1,n=1024]",
        "skinny[m=8,n=2048]",
    ]
    assert len(suite.cases) == 2 + 3 * 2


def test_the_developers_command_is_what_continuous_integration_runs() -> None:
    assert DEVELOPERS_COMMAND in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    for page in (README, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        assert DEVELOPERS_COMMAND in [line for block in blocks(page, "sh") for line in block.splitlines()]


def test_every_outcome_and_exit_code_is_explained() -> None:
    for outcome in Outcome:
        assert f"`{outcome}`" in README
    for code in ExitCode:
        assert re.search(rf"\b{code.value}\b", README), code


def test_the_method_page_is_of_the_method_in_use() -> None:
    assert f"It is {METHOD_VERSION} today" in METHOD
    told = re.findall(r"^\| (V\d+) \|", METHOD, re.MULTILINE)
    assert told == [f"V{number}" for number in range(1, 11)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+://", target):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_every_page_is_listed() -> None:
    listed = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"({page.name})" in listed or page.name == "README.md", page.name


def test_every_decision_is_listed_and_short() -> None:
    listed = set(re.findall(r"\]\((\d{3}-[^)]+)\)", (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")))
    there = {path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")}
    assert listed == there
    for name in there:
        lines = (ROOT / "docs/decisions" / name).read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 20, name
        assert lines[0].startswith(f"# {name[:3]}: "), name


def test_measured_figures_in_the_readme_name_their_file() -> None:
    """A rate, a time or a factor is a measurement; it may stand only beside a committed results file."""
    before, _, rest = README.partition("<!-- reference-results:")
    inside, mark, after = rest.partition("<!-- /reference-results -->")
    assert mark, "the place for figures is marked"
    figure = re.compile(r"\d[\d.]*\s?(?:[GTP]FLOP/s|[GT]B/s|GiB/s|ms\b|µs\b|us\b|x faster|times faster|× )")
    assert not figure.search(before + after)
    if figure.search(inside):
        named = re.findall(r"results/reference/[\w./-]+", inside)
        assert named
        assert all((ROOT / name).exists() for name in named)


def test_constraints_pin_what_the_project_names() -> None:
    """Everything that is asked for by name is pinned, and each pin lies within what is asked for."""
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = {
        name.lower().replace("_", "-"): version
        for name, version in re.findall(
            r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
        )
    }
    asked = [
        *project["project"]["dependencies"],
        *(line for extra in project["project"]["optional-dependencies"].values() for line in extra),
        *(line for group in project["dependency-groups"].values() for line in group if isinstance(line, str)),
        *project["build-system"]["requires"],
    ]
    for requirement in map(Requirement, asked):
        name = requirement.name.lower().replace("_", "-")
        if name != "harness":
            assert name in pins, f"{name} is not pinned"
            assert requirement.specifier.contains(pins[name]), (
                f"{name}=={pins[name]} is outside {requirement.specifier}"
            )
