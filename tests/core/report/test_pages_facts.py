"""The environment as people read it: amounts with their units, exact where one asks, and everything else as it is."""

from __future__ import annotations

import pytest

from harness.report.content import Column, Row, Table, plain
from harness.report.pages.facts import fact
from harness.report.render.csv_file import csv_of
from tests.core.report.test_escape import HOSTILE


@pytest.mark.parametrize(
    ("what", "told", "shown"),
    [
        ("machine.memory.total_bytes", "8268677120", "7.70 GiB"),
        ("machine.memory.limit_bytes", "8589934592", "8 GiB"),
        ("machine.cpu.mhz", "2649.996", "2.65 GHz"),
        ("machine.cpu.max_mhz", "3500", "3.50 GHz"),
        ("cpu_speed.float32", "81234567890.5", "81.2 GFLOP/s"),
        ("cpu_speed.memory", "12345678901", "12.3 GB/s"),
        ("measure.max_time_s", "20.0", "20.0 s"),
        ("phases_s.measuring", "0.0123456", "12.3 ms"),
        (
            "machine.cpu.caches",
            "{'level': 1, 'bytes': 32768, 'shared_by': 1}, {'level': 3, 'bytes': 33554432}",
            "{'level': 1, 'bytes': 32 KiB, 'shared_by': 1}, {'level': 3, 'bytes': 32 MiB}",
        ),
    ],
)
def test_an_amount_has_its_unit_and_is_told_exactly_beside_it(what: str, told: str, shown: str) -> None:
    cell = fact(what, told)
    assert plain(cell.text) == shown
    assert cell.value == told
    assert plain(cell.tip) == told
    table = Table(name="t", title="T", columns=(Column(title="value"),), rows=(Row(cells=(cell,)),))
    assert told.partition(",")[0] in csv_of(table)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("seed", "8268677120"),
        ("machine.cpu.model", "Imaginary CPU"),
        ("total_bytes", "9" * 5_000),
        ("total_bytes", "-1"),
        ("total_bytes", "nan"),
        ("total_bytes", "\u0663\u0664"),  # digits of another script
        ("phases_s.measuring", "1e400"),
    ],
)
def test_what_is_no_amount_stays_as_it_is(what: str, told: str) -> None:
    cell = fact(what, told)
    assert plain(cell.text).startswith(told[:100])
    assert cell.value is None


@pytest.mark.parametrize("told", HOSTILE)
def test_a_manifest_may_hold_anything(told: str) -> None:
    cell = fact(told, told)
    assert plain(cell.text).strip()
    assert fact("total_bytes", " ").text == "–"
