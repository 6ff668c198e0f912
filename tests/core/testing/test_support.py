"""The page on backends says what they declare and what they kept, and its examples are complete."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.backends.base import BackendInfo
from harness.backends.catalog import NUMPY, TENSORFLOW, TORCH
from harness.core.device import Device
from harness.testing.kept import Kept, examples, merge, offered, out_of_date, read_results, targets, write_results
from harness.testing.support import BEGIN, END, insert, main, support_tables
from harness.workloads.base import Workload

EAGER = "torch.eager@cpu"
COMPILED = "torch.compile@cpu"


def complete(info: BackendInfo, *names: str) -> dict[str, Kept]:
    """Return results in which these targets kept all that they do not refuse."""
    return {
        name: Kept(target=name, framework_version="7.1", python="3.11", kept=offered(*known))
        for name, known in targets([info]).items()
        if name in names
    }


def row(table: str, start: str) -> list[str]:
    """Return the cells of the one row that starts so."""
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_the_page_is_made_of_the_declarations_and_of_what_was_kept(root: Path) -> None:
    """Mended by ``python -m harness.testing.support docs/backends.md``."""
    page = (root / "docs/backends.md").read_text(encoding="utf-8")
    text = (root / "docs/contract.json").read_text(encoding="utf-8")
    results = read_results(text)
    assert page == insert(page, support_tables(results))
    assert text == write_results(merge(results, [])), "mend it with: python -m harness.testing.support docs/backends.md"


def test_what_was_kept_is_what_the_contract_tries_now(root: Path) -> None:
    """Counts are compared; whoever adds a workload or an example, or refuses more, tries the contract anew."""
    results = read_results((root / "docs/contract.json").read_text(encoding="utf-8"))
    assert not (behind := out_of_date(results)), "\n".join(behind)


def test_a_cell_says_yes_only_where_all_was_kept() -> None:
    nowhere = support_tables({}, [TORCH])
    assert "| yes" not in nowhere
    assert "Tried: nowhere yet." in nowhere
    table = support_tables(complete(TORCH, EAGER), [TORCH])
    assert "| case | eager @ cpu | compile @ cpu | eager, compile @ gpu |" in table
    assert row(table, "`attention` float64")[:3] == ["yes", "declared", "declared"]
    assert f"Tried: `{EAGER}` with torch 7.1 on Python 3.11." in table
    both = support_tables(complete(TORCH, EAGER, COMPILED), [TORCH])
    assert row(both, "`attention` float64")[0] == "yes"
    assert "| case | eager, compile @ cpu |" in both


@pytest.mark.parametrize("change", [-1, 1])
def test_a_cell_of_which_not_all_was_kept_is_declared_and_stands_in_a_row_of_its_own(change: int) -> None:
    sort = "attention bfloat16 forward"
    kept = complete(NUMPY, "numpy.reference@cpu")["numpy.reference@cpu"]
    fewer = {sort: kept.kept[sort] + change}
    table = support_tables({kept.target: replace(kept, kept={**kept.kept, **fewer})}, [NUMPY])
    assert row(table, "`attention` bfloat16, forward") == ["declared"]
    assert row(table, "`attention` bfloat16, backward") == ["yes"]
    assert row(table, "`attention` float64, float32, float16, both directions") == ["yes"]


def test_reasons_stand_below_the_table_and_cells_point_at_them() -> None:
    names = ("tensorflow.function@cpu", "tensorflow.xla@cpu")
    table = support_tables(complete(TENSORFLOW, *names), [TENSORFLOW])
    assert row(table, "`matmul`, `attention`, `dense`, `conv2d` float32, `math: tf32`")[0] == "no (1)"
    assert "\n1. tf32 is an arithmetic of GPUs, not of a cpu\n" in table
    grouped, dilated = re.findall(r"^(\d+)\. TensorFlow has no gradient of", table, re.MULTILINE)
    assert row(table, "`conv2d` float32, bfloat16, float16, backward")[:2] == [
        f"yes, but ({grouped}, {dilated})",
        "yes",
    ]
    assert row(table, "`conv2d` float64, backward")[0] == f"yes, but ({grouped}, {dilated})"  # in other types' examples


def test_a_reason_that_no_case_of_the_contract_shows_is_told_too() -> None:
    assert "int8 on a GPU needs the left matrix stored m x k" in support_tables({}, [TORCH])


def test_every_workload_and_type_has_a_row() -> None:
    def refuses(workload: Workload, mode: str, device: Device) -> str | None:
        return f"{workload.name} {workload.dtype} {workload.direction} {workload.math}"  # no two kinds are alike

    table = support_tables({}, [replace(NUMPY, refuses=refuses)])
    kinds = {
        f"{type(case).name} {case.dtype} {case.direction} {case.math}"
        for cases in examples().values()
        for case in cases
    }
    assert {line.partition(". ")[2] for line in table.splitlines() if re.match(r"\d+\. ", line)} == kinds
    assert table.count("| no (") == len(kinds)


def test_the_command_merges_results_and_writes_both_files(tmp_path: Path) -> None:
    page, new = tmp_path / "page.md", tmp_path / "new.json"
    page.write_text(f"before {BEGIN} {END} after", encoding="utf-8")
    (tmp_path / "contract.json").write_text(write_results(complete(TORCH, EAGER)), encoding="utf-8")
    new.write_text(write_results(complete(NUMPY, "numpy.reference@cpu")), encoding="utf-8")
    behind = main([str(page), "--contract", str(new)])
    results = read_results((tmp_path / "contract.json").read_text(encoding="utf-8"))
    assert set(results) == {EAGER, "numpy.reference@cpu"}
    assert page.read_text(encoding="utf-8") == insert(f"{BEGIN}{END}", support_tables(results)).join(
        ("before ", " after")
    )
    assert behind is not None
    assert COMPILED in behind
    assert EAGER not in behind


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        insert(f"{BEGIN} and nothing more", "tables")
    assert insert(f"a {BEGIN} old {END} b", "new") == f"a {BEGIN}\n\nnew\n\n{END} b"


def test_the_declaration_in_the_guide_is_one(root: Path) -> None:
    page = (root / "docs/backends.md").read_text(encoding="utf-8")
    declaration = next(
        block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "BackendInfo(" in block
    )
    names: dict[str, object] = {}
    exec(re.sub(r"^   ", "", declaration, flags=re.MULTILINE), names)  # noqa: S102  (our own page)
    assert isinstance(names["MINE"], BackendInfo)
