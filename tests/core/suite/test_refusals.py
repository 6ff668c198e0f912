"""Each mistake is shown where it stands, with what to do about it; one does not hide another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import SuiteError
from harness.suite.load import load_suite
from harness.suite.nodes import MOST_FINDINGS

from .conftest import HEAD, Refuse

OK = "cases: [{id: a, workload: matmul, m: 1, n: 1, k: 1}]\n"


def _case(rest: str) -> str:
    return f"cases: [{{id: a, workload: matmul, {rest}}}]"


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        # what no suite may contain at all
        (f"{OK}x: &a 1\n", (4, 4), "anchors (&a) are not supported", "write the value out"),
        (f"{OK}description: !!python/name:os.system x\n", (4, 14), "tags (tag:yaml.org,2002", "remove the tag"),
        (f"description: *a\n{OK}", (3, 14), "aliases (*a) are not supported", "write the value out"),
        (f"<<: {{a: 1}}\n{OK}", (3, 1), "merge keys (<<) are not supported", "defaults"),
        (f"{OK}description: x\ndescription: y\n", (5, 1), "duplicate key 'description'", "already on line 4"),
        (f"3: x\n{OK}", (3, 1), "a key must be text, not 3", "quotes"),
        (f"{OK}---\n{OK}", (4, 1), "a second document begins here", "one suite is one file"),
        (f'description: "\\u202e"\n{OK}', (3, 14), "invisible or control character U+202E", "remove it"),
        (f"description: a\u200bb\n{OK}", (3, 15), "invisible or control character U+200B", "remove it"),
        (f"description: a\x07b\n{OK}", (3, 15), "invisible or control character U+0007", "remove it"),
        ("description: [" + "[" * 40 + "]" * 41, (3, 45), "nested deeper than 32", "six levels"),
        ("cases: [", (4, 1), "not YAML", "bracket"),
        ("cases:\n\t- id: a", (4, 1), "not YAML", "spaces, not with tabs"),
        # keys and types
        (f"descripton: x\n{OK}", (3, 1), "unknown key 'descripton'", "did you mean 'description'?"),
        (f"description: 3\n{OK}", (3, 14), "description must be text, not 3", "put it in quotes"),
        ("cases: {}", (3, 8), "cases must be a list", None),
        ("cases: []", (3, 8), "cases is empty", "put at least one in"),
        ("description: x", (1, 1), "cases is missing", "write cases:"),
        ("cases: [{workload: matmul, m: 1, n: 1, k: 1}]", (3, 9), "id is missing", "a short name"),
        ("cases: [{id: ../../etc/passwd, workload: matmul, m: 1, n: 1, k: 1}]", (3, 14), "id must be 1 to 64", None),
        ("cases: [{id: a}]", (3, 9), "workload is missing", "list workloads"),
        (f"measure: {{target_ci: 1}}\n{OK}", (3, 22), "target_ci must be text, not 1", "write 1%"),
        (f"measure: {{target_ci: 90%}}\n{OK}", (3, 22), "target_ci must lie between 0.05% and 50%", "write 1%"),
        (f"measure: {{max_time: 20}}\n{OK}", (3, 21), "max_time must be text, not 20", "write 20s"),
        (f"measure: {{max_time: 20 parsecs}}\n{OK}", (3, 21), "max_time is wrong: '20 parsecs'", "write 20s"),
        (f"measure: {{max_time: 9999h}}\n{OK}", (3, 21), "max_time must lie between", "write 20s"),
        (f"measure: {{threads: true}}\n{OK}", (3, 20), "threads must be all, or a number", None),
        (f"measure: {{rounds: 3}}\n{OK}", (3, 19), "rounds must be at least 5", None),
        (f"measure: {{rounds: 3.5}}\n{OK}", (3, 19), "rounds must be a whole number, not 3.5", None),
        (f"measure: {{seed: null}}\n{OK}", (3, 17), "seed must be a whole number, not nothing", None),
        (f"measure: {{profile: standrad}}\n{OK}", (3, 20), "profile must be", "did you mean 'standard'?"),
        # numbers
        (_case("m: 9999999999, n: 1, k: 1"), (3, 38), "m must lie between 1 and 2147483647", None),
        (_case("m: 99999999999999999999, n: 1, k: 1"), (3, 38), "99999999999999999999 is too large", None),
        (_case("m: .inf, n: 1, k: 1"), (3, 38), ".inf is not a finite number", None),
        (_case("m: 010, n: 1, k: 1"), (3, 38), "010 has a leading zero", "write 10"),
        (_case("m: 1e3, n: 1, k: 1"), (3, 38), "m must be a whole number", None),
        (_case("m: true, n: 1, k: 1"), (3, 38), "m must be a whole number", None),
        (_case("m: 0, n: 1, k: 1"), (3, 38), "m must lie between 1", None),
        # names
        ("cases: [{id: a, workload: matmull, m: 1}]", (3, 27), "no workload named 'matmull'", "did you mean 'matmul'?"),
        (_case("m: 1, n: 1, k: 1, dtype: float23"), (3, 60), "dtype cannot be 'float23'", "did you mean 'float32'?"),
        (_case("m: 1, n: 1, k: 1, tranpose_a: true"), (3, 53), "matmul has no parameter 'tranpose_a'", "'transpose_a'"),
        (_case("m: 1, n: 1, k: 1, when: {device: gpuu}"), (3, 68), "no such device: 'gpuu'", "did you mean 'gpu'?"),
        (_case("m: 1, n: 1, k: 1, when: {device: 'gpu:1'}"), (3, 68), "when: names kinds of device", "write gpu"),
        (_case("m: 1, n: 1, k: 1, when: {devices: gpu}"), (3, 60), "unknown key 'devices'", "did you mean 'device'?"),
        (_case("m: 1, n: 1, k: 1, excluding: {m: 1}"), (3, 53), "unknown key 'excluding'", "did you mean 'exclude'?"),
        (_case("m: 1, n: 1, k: 1, math: tf32, dtype: float64"), (3, 59), "tf32 is a way", None),
        (_case("m: 1, n: 1"), (3, 27), "matmul needs k", None),
        (f"defaults: {{dtpye: float64}}\n{OK}", (3, 12), "no workload of this suite has the", "did you mean 'dtype'?"),
        # shapes
        (_case("m: 2000000, n: 2000000, k: 1"), (3, 38), "a matrix of 4000000000000 elements is more than", None),
        (
            "cases: [{id: a, workload: reduction, op: sum, shape: []}]",
            (3, 54),
            "shape needs between 1 and 8 axes",
            None,
        ),
        ("cases: [{id: a, workload: reduction, op: sum, shape: 8}]", (3, 54), "shape must be a list of whole", None),
        # axes
        (_case("matrix: {}, m: 1, n: 1, k: 1"), (3, 43), "matrix is empty", "put at least one in"),
        (_case("matrix: {m: []}, n: 1, k: 1"), (3, 47), "m is empty", "put at least one in"),
        (_case("matrix: {m: 3}, n: 1, k: 1"), (3, 47), "m must be a list of values", None),
        (_case("matrix: {m: [1, 1]}, n: 1, k: 1"), (3, 51), "1 is already a value of m", "remove one"),
        (_case("matrix: {m: {pow2: [9, 7]}}, n: 1, k: 1"), (3, 47), "m: 9 is above 7", "smaller end first"),
        (_case("matrix: {m: {pow2: [7]}}, n: 1, k: 1"), (3, 54), "pow2 must have at least 2", "powers of two"),
        (_case("matrix: {m: {pow: [7, 9]}}, n: 1, k: 1"), (3, 47), "pow2 is missing", None),
        (_case("matrix: {m: {range: [1, 8], step: 3}}, n: 1, k: 1"), (3, 47), "m: steps of 3 from 1", "end at 7"),
        (_case("matrix: {m: [1]}, m: 2, n: 1, k: 1"), (3, 44), "m is given twice", "first at suite.yaml:3:53"),
        (_case("zip: {m: [1, 2], n: [1]}, k: 1"), (3, 40), "zip needs equally many values", "equally long"),
        (_case("m: 1, n: 1, derive: {k: 2 * q}"), (3, 59), "k: no parameter named 'q'", None),
        (_case("m: 1, n: 1, derive: {k: 2 ^ m}"), (3, 61), "k: '^' cannot stand here", None),
        (_case("m: 1, n: 1, derive: {k: k}"), (3, 59), "k needs itself", None),
        (_case("m: 1, n: 1, derive: {k: m // 0}"), (3, 59), "k: division by zero", None),
        (_case("m: 1, n: 1, derive: {k: dtype}"), (3, 59), "k: dtype is 'float32', not a whole", None),
        (_case("m: 1, n: 1, k: 1, exclude: [{m: 2}]"), (3, 63), "this excludes nothing", "remove it"),
        (_case("m: 1, n: 1, k: 1, exclude: [{m: 1}]"), (3, 62), "everything is excluded", "at least one"),
        (_case("m: 1, n: 1, k: 1, exclude: [{mm: 1}]"), (3, 64), "matmul has no parameter 'mm'", None),
        # the same thing twice
        (f"{OK[:-2]}, {{id: a, workload: matmul, m: 2, n: 1, k: 1}}]", (3, 59), "the id 'a' is already used at", None),
        (
            f"{OK[:-2]}, {{id: b, workload: matmul, m: 1, n: 1, k: 1, batch: 1}}]",
            (3, 59),
            "b is the same case as a at suite.yaml:3:14",
            "remove one",
        ),
        # other files
        (f"include: [/etc/hosts]\n{OK}", (3, 11), "'/etc/hosts' leads out of the suite's folder", "relative path"),
        (f"include: [../x.yaml]\n{OK}", (3, 11), "'../x.yaml' leads out of the suite's folder", "relative path"),
        (f"include: [suite.yaml]\n{OK}", (3, 11), "'suite.yaml' includes itself", "remove this line"),
        (f"include: [none.yaml]\n{OK}", (3, 11), "none.yaml: no such file or directory", "this file"),
        (_case("shapes_from: ../x.csv"), (3, 48), "'../x.csv' leads out of the suite's folder", "relative path"),
        (_case("shapes_from: none.csv, m: 1, n: 1, k: 1"), (3, 48), "none.csv: no such file or directory", "this file"),
        (_case("shapes_from: ., m: 1, n: 1, k: 1"), (3, 48), ".: this is a folder", "this file"),
    ],
)
def test_a_mistake_is_shown_where_it_stands(
    refuse: Refuse, text: str, place: tuple[int, int], message: str, hint: str | None
) -> None:
    findings = refuse(text)
    said = [(finding.line, finding.column, finding.message[: len(message)]) for finding in findings]
    assert (*place, message) in said
    finding = findings[said.index((*place, message))]
    assert (hint or "") in (finding.hint or "")
    assert "Input should" not in str(findings), "a library's words reached the user"


def test_all_mistakes_of_a_file_come_together_in_order(refuse: Refuse) -> None:
    findings = refuse(
        "schema: harness.suite/2\nname: X\ntargets: [torhc@cpu]\nmeasure: {profile: fast}\n"
        "cases:\n"
        "  - {id: a, workload: matmull}\n"
        "  - {id: b, workload: matmul, m: 0, n: '1', kk: 3, matirx: {k: [1]}}\n"
        "  - {id: c, workload: matmul, m: 1, n: 1, k: 1, when: {device: gpuu}}\n"
        "  - {id: d, workload: reduction, op: summ, shape: [0]}\n"
    )
    assert [finding.line for finding in findings] == [1, 2, 3, 4, 6, 7, 7, 7, 7, 8, 9, 9]


def test_mistakes_in_a_table_have_their_own_places(refuse: Refuse, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("m,n,kk\n1,2,3\n", encoding="utf-8")
    (finding,) = refuse(_case("shapes_from: s.csv"))
    assert str(finding).startswith("s.csv:1:5: no parameter named 'kk'\n  did you mean 'k'?")
    (tmp_path / "s.csv").write_text("m,n,k\n1,2,3\n4, x,6\n7,8\n", encoding="utf-8")
    (finding,) = refuse(_case("shapes_from: s.csv"))
    assert str(finding).startswith("s.csv:4:1: 2 values under 3 names")
    (tmp_path / "s.csv").write_text("m,n,k\n1,2,3\n4, x,6\n", encoding="utf-8")
    (finding,) = refuse(_case("shapes_from: s.csv"))
    assert str(finding) == "s.csv:3:4: n must be a whole number"


@pytest.mark.parametrize(
    "text", ["", "m,n,k\n", '"m",n,k\n1,2,3\n', "m;n;k\n1;2;3\n", "m,m,k\n1,2,3\n", "m,n,k\n1,,3\n"]
)
def test_a_table_of_another_dialect_is_refused(refuse: Refuse, tmp_path: Path, text: str) -> None:
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    assert {finding.file for finding in refuse(_case("shapes_from: s.csv"))} == {"s.csv"}


def test_links_do_not_lead_out_of_the_folder(refuse: Refuse, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.csv"
    outside.write_text("m,n,k\n1,2,3\n", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(outside)
    (finding,) = refuse(_case("shapes_from: link.csv"))
    assert "leads out of the suite's folder" in finding.message
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    assert refuse(_case("shapes_from: loop.csv"))


def test_includes_are_bounded_and_named_by_the_line_that_asks(refuse: Refuse, tmp_path: Path) -> None:
    for level in range(10):
        (tmp_path / f"{level}.yaml").write_text(
            f"schema: harness.suite/1\nname: x\ninclude: [{level + 1}.yaml]\n", encoding="utf-8"
        )
    (finding,) = refuse("include: [0.yaml]\n")
    assert str(finding).startswith("6.yaml:3:11: includes are nested deeper than 8")
    (tmp_path / "1.yaml").write_text("schema: harness.suite/1\nname: x\ninclude: [0.yaml]\n", encoding="utf-8")
    assert "1.yaml:3:11: '0.yaml' includes itself" in str(refuse("include: [0.yaml]\n")[0])
    (tmp_path / "1.yaml").write_text(f"{HEAD}{OK}", encoding="utf-8")
    (finding,) = refuse("include: [0.yaml, 1.yaml]\n")
    assert str(finding).startswith("suite.yaml:3:19: '1.yaml' is already included at 0.yaml:3:11")


def test_a_file_that_cannot_be_read_is_named_without_a_line(tmp_path: Path) -> None:
    def message(path: Path) -> str:
        with pytest.raises(SuiteError) as caught:
            load_suite(path)
        (finding,) = caught.value.findings
        assert (finding.file, finding.line) == (str(path), 0)
        return str(finding).splitlines()[0].removeprefix(f"{path}: ")

    assert message(tmp_path / "none.yaml") == "no such file or directory"
    assert message(tmp_path) == "this is a folder"
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (128 * 1024 + 1))
    assert message(large) == "larger than 128 KiB"
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)  # with nobody at the other end
    assert message(pipe) == "this is not an ordinary file"
    assert message(Path("a\0b.yaml")) == "not a usable path"
    assert message(Path("a" * 5000)) == "file name too long"


def test_a_binary_file_is_refused_at_its_first_wrong_byte(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"schema: x\nna\xffme: y\n")
    with pytest.raises(SuiteError, match=r":2:3: this is not UTF-8 text"):
        load_suite(path)


def test_a_bomb_of_aliases_is_refused_by_its_first_alias(refuse: Refuse) -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 3000)]
    findings = refuse("\n".join(lines))
    assert len(findings) == MOST_FINDINGS + 1
    assert findings[-1].message.startswith("and ")


def test_a_suite_may_begin_with_a_byte_order_mark_and_end_lines_as_windows_does(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEAD}{OK}".replace("\n", "\r\n").encode())
    assert len(load_suite(path).cases) == 1


def test_the_number_of_files_is_bounded(refuse: Refuse, tmp_path: Path) -> None:
    for name in ("a", "b"):
        for number in range(60):
            (tmp_path / f"{name}{number}.yaml").write_text(
                f"{HEAD}cases: [{{id: {name}{number}, workload: reduction, op: sum, shape: [{number + 1}]}}]\n",
                encoding="utf-8",
            )
        listed = ", ".join(f"{name}{number}.yaml" for number in range(60))
        (tmp_path / f"{name}.yaml").write_text(f"{HEAD}include: [{listed}]\n", encoding="utf-8")
    findings = refuse("include: [a.yaml, b.yaml]\n")
    assert any("more than 100 files are included" in finding.message for finding in findings)
