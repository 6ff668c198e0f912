"""Record how processes differ: runs of so many process-sets that others can be drawn from them.

    python -m benchmarks.calibration.traces --keep DIR

A user's run has five process-sets. To know what an interval over five is worth, one has to know from what
they are drawn; here each arm of seven cases is measured by forty processes, with all three frameworks up, as any
run measures them, the reference twice. It judges nothing by itself: ``simulate.py --traces DIR`` draws
sessions of five to twenty sets from what lies there.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a file, too

from benchmarks.calibration import common, replay
from benchmarks.calibration.figures import percent
from benchmarks.calibration.keep import Entry, Journal
from benchmarks.calibration.measuring import Size, measure, pair_of, pairs_suite
from harness.core.target import Target
from harness.errors import ExitCode
from harness.report.words import counted
from harness.suite.model import Case
from harness.workloads.attention import Attention
from harness.workloads.conv2d import Conv2d
from harness.workloads.elementwise import Elementwise
from harness.workloads.matmul import Matmul
from harness.workloads.normalise import Normalise
from harness.workloads.reduction import Reduction

SESSIONS = 1
SIZE, QUICK = Size(sets=40, rounds=12, block_ms=5.0), Size(sets=2, rounds=5, block_ms=1.0)
BESIDE = ("torch.compile@cpu", "tensorflow.function@cpu", "tensorflow.xla@cpu")


def cases() -> list[Case]:
    """Return one case of each kind of work, none of which takes longer than some milliseconds."""
    return [
        Case(name="product-256", workload=Matmul(m=256, n=256, k=256)),
        Case(name="product-skinny", workload=Matmul(m=1, n=2048, k=2048)),
        Case(
            name="convolution",
            workload=Conv2d(
                batch=4, height=28, width=28, in_channels=64, out_channels=64, kernel=(3, 3), padding="same"
            ),
        ),
        Case(
            name="attention",
            workload=Attention(batch=2, heads=8, query_length=128, key_length=128, head_dim=64),
        ),
        Case(name="layer-norm", workload=Normalise(op="layer_norm", shape=(512, 768))),
        Case(name="add", workload=Elementwise(op="add", shape=(1_000_000,))),
        Case(name="sum", workload=Reduction(op="sum", shape=(1_000_000,))),
    ]


class Sessions:
    """Measures all cases by many processes."""

    def __init__(self, options: common.Options, journal: Journal, *, size: Size) -> None:
        self._options = options
        self._journal = journal
        self._size = size

    @property
    def shape(self) -> dict[str, Any]:
        """What all sessions have in common."""
        return self._size.plain()

    def session(self, number: int) -> Entry:
        """Measure every case once more; the first target is A, the reference, and the second B."""
        targets = [*pair_of("torch@cpu", "jax@cpu"), *map(Target.parse, BESIDE)]
        known = cases()[:2] if self._options.quick else cases()
        seed = common.seed_of(self._options, number)
        suite = pairs_suite("calibration-traces", known, targets, threads=None, seed=seed)
        measured = measure(suite, self._size, self._journal.results, self_check=True)
        return {"run_id": measured.run_id, "pairs": [pair.plain() for pair in measured.pairs]}


def spreads(traces: Sequence[replay.Trace]) -> list[tuple[str, float]]:
    """Return each pair, and how far its process-sets lie apart: the standard deviation of its logarithms."""
    known = [trace for trace in traces if trace.medians.size > 1]
    return [(f"{one.name} {one.case_key}", float(one.medians.std(ddof=1))) for one in known]


def sentences(entries: Sequence[Entry], traces: Sequence[replay.Trace], series: str) -> list[str]:
    """Say how far processes lie apart."""
    apart = sorted(spread for _, spread in spreads(traces))
    lines = [common.surroundings_words(entries, series)]
    if not apart:
        return [*lines, "no pair was measured by two processes"]
    sets = statistics.median(trace.medians.size for trace in traces)
    middle, least, most = map(percent, (statistics.median(apart), apart[0], apart[-1]))
    words = f"process-sets of a pair differ by {middle} in the middle, by {least} to {most} (standard deviations)"
    return [*lines, f"{counted(len(apart), 'pair')}, {sets:g} process-sets each: {words}"]


def keep_blocks(kept: Path, folder: Path) -> None:
    """Write what `replay` reads of the runs below `kept`, without single calls and manifests, to ``folder/samples``."""
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    for file in sorted(kept.rglob("samples/*.parquet")):
        samples = pd.read_parquet(file, columns=replay.COLUMNS)
        samples[samples["quantity"] == "throughput"].to_parquet(folder / "samples" / file.name, index=False)


def main() -> ExitCode:
    """Measure, and say how far processes lie apart."""
    parser = common.parser(__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="enough (default: %(default)s)")
    parser.add_argument(
        "--blocks", type=Path, metavar="DIR", help="also keep the timed blocks alone there, a twentieth"
    )
    parser.add_argument("--sets", type=int, help=f"process-sets of a session (default: {SIZE.sets})")
    arguments = parser.parse_args()
    options = common.Options.of(arguments)
    size = QUICK if options.quick else SIZE
    size = replace(size, sets=arguments.sets or size.sets)
    journal = Journal(options.keep, script="traces")
    sessions = Sessions(options, journal, size=size)
    entries = common.go_on(journal, options, sessions.shape, sessions.session, common.first(arguments.sessions))
    if arguments.blocks:
        keep_blocks(options.keep, arguments.blocks)
    traces = replay.traces_of([options.keep])
    promises = common.quiet_promise(entries, options.series)
    told = sentences(entries, traces, options.series)
    return common.tell(options, {"spreads": spreads(traces)}, told, promises)


if __name__ == "__main__":
    raise SystemExit(common.run_script(main))
