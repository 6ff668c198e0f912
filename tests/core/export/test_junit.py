"""JUnit XML: what other programs' schemas ask for, each verdict in its place, and any text harmless."""

from __future__ import annotations

import re
import string
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.export.junit import export

CASE = {"case": "square[m=128]", "base": "torch@cpu", "new": "jax@cpu", "verdict": "equivalent", "gate": "passes"}
WRITABLE = re.compile("[\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def line(**changes: Any) -> dict[str, Any]:
    return {**CASE, "said": "jax is as fast as torch", "new_s": 0.00125, **changes}


def document(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    comparison: dict[str, Any] = {
        "base": {"name": "R::torch@cpu", "suite": "gemm", "started_at": "2026-01-02T03:04:05+00:00"},
        "new": {"name": "R::jax@cpu", "suite": "gemm", "started_at": "2026-01-02T04:04:05+01:00"},
        "how": "one session",
        "margin": 0.02,
        "correction": "holm",
        "confirmed_by": "",
        "anchor": "",
        "notes": [],
        "lines": list(lines),
    }
    return {"schema": "harness.verdicts/1", "comparisons": [comparison | changes]}


def parsed(values: dict[str, Any]) -> ET.Element:
    return ET.fromstring(export(values).encode("utf-8"))  # noqa: S314  (what was written a moment ago)


def cases_of(root: ET.Element) -> list[tuple[str, str, list[str]]]:
    return [
        (each.attrib["classname"], each.attrib["name"], [child.tag for child in each]) for each in root.iter("testcase")
    ]


def test_a_comparison_is_a_suite_and_an_arm_a_test() -> None:
    root = parsed(document(line(), line(case="square[m=256]", new="", verdict="missing", gate="closes", new_s=None)))
    (suite,) = root
    assert suite.attrib == {
        "name": "R::jax@cpu beside R::torch@cpu",
        "package": "gemm",
        "id": "0",
        "timestamp": "2026-01-02T03:04:05",
        "hostname": "localhost",
        "tests": "2",
        "failures": "0",
        "errors": "0",
        "skipped": "1",
        "time": "0.001",
    }
    assert (root.tag, root.attrib) == ("testsuites", {})
    assert cases_of(root) == [("jax@cpu", "square[m=128]", []), ("torch@cpu", "square[m=256]", ["skipped"])]
    assert [case.attrib["time"] for case in root.iter("testcase")] == ["0.00125", "0"]


@pytest.mark.parametrize(
    ("verdict", "gate", "kind"),
    [
        ("regressed", "closes", "failure"),
        ("failed", "closes", "error"),
        ("invalid", "closes", "error"),
        ("inconclusive", "closes", "skipped"),
        ("missing", "closes", "skipped"),
        ("not-comparable", "closes", "skipped"),
        ("small-change", "closes", "skipped"),
        ("failed", "allowed", "skipped"),
        ("missing", "allowed", "skipped"),
        ("small-change", "passes", None),
        ("improved", "passes", None),
        ("equivalent", "passes", None),
        ("new", "passes", None),
    ],
)
def test_each_verdict_has_its_place_and_says_why(verdict: str, gate: str, kind: str | None) -> None:
    root = parsed(document(line(verdict=verdict, gate=gate, said="so it is")))
    children = list(root.find("testsuite/testcase") or [])
    assert [child.tag for child in children] == ([kind] if kind else [])
    for child in children:
        kept = {} if kind == "skipped" else {"type": verdict}  # for which Ant's schema has no place
        assert (child.attrib, child.text) == ({"message": "so it is", **kept}, "so it is")
    counted = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    (suite,) = root
    for name, attribute in counted.items():
        assert suite.attrib[attribute] == str(int(name == kind))


def test_the_parts_of_a_suite_stand_in_the_order_of_the_schema() -> None:
    """Ant's schema takes properties, tests, and the two outputs, each there and in this order."""
    (suite,) = parsed(document(line(), line(case="b"), notes=["one thing", "another"]))
    assert [child.tag for child in suite] == ["properties", "testcase", "testcase", "system-out", "system-err"]
    assert (suite.findtext("system-out"), suite.findtext("system-err")) == ("one thing\nanother", "")
    assert {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")} == {
        "how": "one session",
        "margin": "0.02",
        "correction": "holm",
        "confirmed_by": "",
        "anchor": "",
    }


@pytest.mark.parametrize(
    ("value", "text"), [(1.5e-9, "0.0000000015"), (0.0, "0"), (100.0, "100"), (float("inf"), "0"), (None, "0")]
)
def test_times_are_decimal_numbers_without_an_exponent(value: float | None, text: str) -> None:
    case = parsed(document(line(new_s=value))).find("testsuite/testcase")
    assert case is not None
    assert case.attrib["time"] == text


@pytest.mark.parametrize("text", ["", "yesterday", "0001-01-01T00:00:00+23:59"])
def test_a_moment_that_is_not_known_is_the_epoch(text: str) -> None:
    values = document(line(), new={"name": "R", "suite": "gemm", "started_at": text})
    (suite,) = parsed(values)
    assert suite.attrib["timestamp"] == "1970-01-01T00:00:00"


def test_several_comparisons_are_several_suites() -> None:
    values = document(line(verdict="regressed", gate="closes"))
    values["comparisons"] *= 2
    root = parsed(values)
    assert [suite.attrib["id"] for suite in root] == ["0", "1"]
    assert [suite.attrib["failures"] for suite in root] == ["1", "1"]


def test_control_characters_and_what_xml_cannot_say_are_removed() -> None:
    said = "\x1b[31mred\x1b[0m \x00\x85\ud800\ufffe <b>&\"'</b> ]]> größer\U0001f600"
    root = parsed(document(line(verdict="regressed", gate="closes", said=said)))
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.text == failure.attrib["message"] == "[31mred[0m  <b>&\"'</b> ]]> größer\U0001f600"


TEXTS = st.text() | st.text(alphabet=string.printable + "\x00\x1b\x7f\x85\ud800\ufffe\u202e<>&\"'")


@given(TEXTS, TEXTS, TEXTS, st.sampled_from(["closes", "allowed", "passes"]))
def test_whatever_stands_there_comes_back_when_it_is_parsed(case: str, target: str, said: str, gate: str) -> None:
    values = document(
        line(case=case, new=target, said=said, gate=gate, verdict="regressed"),
        new={"name": target, "suite": case, "started_at": said},
        notes=[said],
    )
    root = parsed(values)
    ((classname, name, _),) = cases_of(root)
    for got, given_text in ((name, case), (classname, target or "torch@cpu")):
        assert WRITABLE.fullmatch(got)
        assert got == cleaned(given_text)
    for child in root.findall("testsuite/testcase/*"):
        assert (child.text or "", child.attrib["message"]) == (cleaned(said), cleaned(said))


def cleaned(text: str) -> str:
    """Return what XML can say of a text and a reader can see, worked out character by character."""
    return "".join(char for char in text if is_kept(ord(char)))


def is_kept(code: int) -> bool:
    if code in (0x9, 0xA):
        return True
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
        return False
    return code not in (0xFFFE, 0xFFFF)
