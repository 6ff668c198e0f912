"""A sentinel strains what the arm strains, takes its share of the time and no more, and stays on one thread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.sentinel import DISPATCH_NS, SHARE, Resource, Sentinel, piece, resource_of
from tests.core.measure.fakes import ScriptedMeter

PRODUCT = 2 * 256**3, 3 * 256 * 256 * 4


@pytest.mark.parametrize(
    ("flops", "moved", "call_ns", "on_cpu", "resource"),
    [
        (*PRODUCT, 400_000.0, True, Resource.COMPUTE),
        (*PRODUCT, DISPATCH_NS - 1, True, Resource.DISPATCH),
        (*PRODUCT, DISPATCH_NS, True, Resource.COMPUTE),
        (2 * 4096**2, 4 * (4096**2 + 2 * 4096), 2e6, True, Resource.MEMORY),  # a row times a matrix
        (None, 16 * 2**20, 2e6, True, Resource.MEMORY),  # a sum
        (None, 1024, 900.0, True, Resource.DISPATCH),
        (*PRODUCT, 400_000.0, False, None),  # an accelerator's arithmetic is not ours to see
        (*PRODUCT, 9_000.0, False, Resource.DISPATCH),
        (8000, 1000, 1e6, True, Resource.COMPUTE),
        (7999, 1000, 1e6, True, Resource.MEMORY),
    ],
)
def test_what_holds_an_arm_back(
    flops: int | None, moved: int, call_ns: float, on_cpu: bool, resource: Resource | None
) -> None:
    assert resource_of(flops=flops, moved_bytes=moved, call_ns=call_ns, on_cpu=on_cpu) == resource


def test_a_sentinel_runs_when_blocks_have_paid_for_the_last() -> None:
    meter = ScriptedMeter()
    sentinel = Sentinel(lambda: meter.spend(100), meter, share=0.02)  # 100 ns are paid for by 5,000 ns of blocks
    seen = []
    for _ in range(7):
        seen.append(sentinel.before())
        sentinel.after(2_000)
    assert seen == [100, None, None, 100, None, 100, None]


@given(
    took=st.integers(1, 10**6),
    blocks=st.lists(st.integers(1, 10**8), min_size=1, max_size=60),
)
def test_a_sentinel_never_takes_more_than_its_share_beyond_the_last_turn(took: int, blocks: list[int]) -> None:
    meter = ScriptedMeter()
    sentinel = Sentinel(lambda: meter.spend(took), meter)
    spent = 0
    for block in blocks:
        spent += sentinel.before() or 0
        sentinel.after(block)
    assert spent <= SHARE * sum(blocks) + took * (1 + 1e-9)
    assert spent >= took


@pytest.mark.parametrize("resource", Resource)
def test_every_piece_of_work_can_be_done_again_and_again(resource: Resource) -> None:
    work = piece(resource)
    assert piece(resource) is work
    for _ in range(3):
        work()


PROGRAM = """
import json, os, pathlib, time
from harness.measure.sentinel import Resource, piece

def others():
    tasks = [task for task in pathlib.Path("/proc/self/task").iterdir() if task.name != str(os.getpid())]
    return {task.name: int((task / "schedstat").read_text().split()[0]) for task in tasks}

works = [piece(resource) for resource in Resource]
for work in works:
    work()
before = {}
while (now := others()) != before:  # threads of the library, which go to sleep after they were made
    before = now
    time.sleep(0.2)
for _ in range(200):
    for work in works:
        work()
print(json.dumps([before, others()]))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc here")
def test_sentinels_stay_on_the_thread_that_runs_them() -> None:
    """Threads of NumPy's BLAS would take processors from the framework's and keep them for a while."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "8", "OMP_NUM_THREADS": "8", "MKL_NUM_THREADS": "8"},
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = json.loads(done.stdout)
    assert after == before  # no other thread was started, and none ran for a nanosecond
