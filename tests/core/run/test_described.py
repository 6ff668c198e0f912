"""What a manifest tells of the devices: each source apart, with the threads that it speaks of."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from harness.core.ceiling import MEASURED, Ceiling, of_accelerator, of_cpu
from harness.run.described import roofs_of
from harness.run.session import Session
from tests.core.run.fakes import Script, ScriptedFleet, plan, session

CPU: dict[str, Any] = {"signature": "AuthenticAMD-25-17", "vectors": ("fma", "avx2"), "sockets": 1, "caches": []}
SHEET = 32 * 4.4e9  # of one core in float32


def measured(*, threads: int, found: dict[str, float], **known: Any) -> Ceiling:
    return of_cpu({**CPU, **known}, dtype="float32", threads=threads, measured=found)


def ended(**ceilings: Ceiling) -> Session:
    """Return a session that is over, of targets with these ceilings."""
    fleet = ScriptedFleet({f"{name}.plain@cpu": Script() for name in "ab"})
    fleet.ceilings = {f"{name}.plain@cpu": ceiling for name, ceiling in ceilings.items()}
    made, _ = session(plan(8, 16), fleet)
    made.run()
    return made


def test_what_was_measured_and_what_a_data_sheet_says_are_roofs_of_their_own() -> None:
    told = roofs_of(ended(a=measured(threads=1, found={"float32": 1e9, "memory": 2e9})))
    same = {"target": "a.plain@cpu", "dtype": "float32", "math": "ieee"}
    sheet = {"source": "data sheet of EPYC 9004, Zen 4", "flops_per_s": SHEET, "bytes_per_s": 12 * 8 * 4800e6}
    assert told == [
        {**same, "source": MEASURED, "flops_per_s": 1e9, "bytes_per_s": 2e9, "measured": True},
        {**same, **sheet, "measured": False},
    ]
    assert json.loads(json.dumps(told)) == told


def test_what_no_source_tells_is_no_roof() -> None:
    assert roofs_of(ended()) == []
    assert roofs_of(ended(a=measured(threads=1, found={}, signature=None, vectors=()))) == []
    (alone,) = roofs_of(ended(a=measured(threads=1, found={"float32": 1e9}, signature=None, vectors=())))
    assert (alone["flops_per_s"], alone["bytes_per_s"], alone["measured"]) == (1e9, None, True)


def test_what_all_threads_did_says_nothing_of_fewer() -> None:
    made = ended(a=measured(threads=1, found={"float32": 1e12}))
    for state in made.states:
        state.arm = replace(state.arm, threads=1)
    assert [one["measured"] for one in roofs_of(made)] == [True, False]
    made.run_facts = replace(made.run_facts, threads=2)
    assert [one["measured"] for one in roofs_of(made)] == [False]


def test_an_accelerator_has_the_roof_of_its_data_sheet() -> None:
    known = of_accelerator("NVIDIA GeForce RTX 4090", dtype="float32", math_mode="ieee")
    assert known is not None
    (roof,) = known.roofs
    assert roof.source.startswith("data sheet of NVIDIA GeForce RTX 4090: ")
    assert (roof.flops_per_s, roof.bytes_per_s, roof.measured) == (known.flops_per_s, known.bytes_per_s, False)
