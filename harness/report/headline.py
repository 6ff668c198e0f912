"""The answers, first: who wins, by how much, and whether that may be believed.

Sentences are made once, for the page and for the terminal alike; `name` says how names are shown
there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.core.units import size
from harness.report import noise, words
from harness.report.findings import Board, RunFindings, SelfCheck, Standing, name_of
from harness.report.leads import NO_BLOCKS, Claim, Lead, lead_of, why_no_mean, wins
from harness.report.rows import precision_of
from harness.stats.verdict import LEAST_SETS
from harness.store.manifest import COMPLETE
from harness.store.record import Outcome
from harness.store.runs import UNLISTED

Named = Callable[[str], str]


def headline(run: RunFindings, name: Named) -> list[str]:
    """Return what is to be known before anything else, a sentence or two a line."""
    winners = (winner(run, board, name) for board in run.boards if board.ranked)
    return [*stopped(run), *_indicative(run), *winners, *besides(run, name)]


def besides(run: RunFindings, name: Named) -> list[str]:
    """Return what is to be known beside who wins and whether to trust that."""
    return [
        *_not_ranked(run, name),
        *_scaling(run, name),
        self_check(run),
        *filter(None, [noise.sentence(run.manifest)]),
        outcomes(run),
    ]


def stopped(run: RunFindings) -> Iterator[str]:
    """Say why a run did not reach its end, where it did not."""
    ended = unfinished(run, "it")
    if ended:
        stopped = str(run.manifest.get("stopped") or "")
        reason = f" ({stopped})" if stopped.isalnum() else ""
        yield f"{run.state} run{reason}: {ended}, so what follows may lack arms and process-sets"


def winner(run: RunFindings, board: Board, name: Named) -> str:
    """Say who is fastest in a class, and by how much."""
    return f"{board.mode_class}: {_winner(run, board, name)}"


def self_check(run: RunFindings) -> str:
    """Say what difference could be seen in this run."""
    check = run.self_check
    if not run.blocks_read:
        return f"self-check: {NO_BLOCKS}, so verdicts are withheld"
    if check.combined is None:
        return "self-check: the reference was not measured twice, so verdicts are withheld"
    shown = words.ratio(check.combined.ratio, check.combined.low, check.combined.high)
    said = f"self-check: the reference measured against itself gave {shown} over {_cases(check.cases)}"
    if check.passed is None:
        return f"{said}; one process-set tells nothing of the spread"
    if not check.passed:
        return f"{said}, which misses 1: verdicts are withheld"
    return f"{said}; {_seen(check)}"


def outcomes(run: RunFindings) -> str:
    """Count how all planned arms ended."""
    counts = Counter(arm.outcome for arm in run.arms)
    listed = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    copies = sum(arm.replica != 0 for arm in run.arms)
    return f"arms: {len(run.arms)} planned: {listed}" + (f" ({copies} of them for the self-check)" if copies else "")


def machine(run: RunFindings) -> str:
    """Describe the machine in a line, as far as it was recorded."""
    devices = sorted({arm.device_name for arm in run.arms if arm.device_name})
    threads = sorted({arm.threads for arm in run.arms if arm.threads and arm.outcome != Outcome.UNAVAILABLE})
    said = [f"{', '.join(map(str, threads))} thread{'s' * (threads != [1])}"] if threads else []
    parts = [*_hardware(run.manifest), *devices, *said]
    return ", ".join(dict.fromkeys(parts)) or "not recorded"


def software(run: RunFindings) -> str:
    """Say what was measured in which version, and in which types, as far as it is known."""
    versions = sorted({f"{arm.backend} {arm.framework_version}" for arm in run.arms if arm.framework_version})
    return "; ".join(filter(None, (", ".join(versions), ", ".join(sorted(set(map(precision_of, run.arms)))))))


def ceilings(run: RunFindings) -> str:
    """Say where the ceilings come from that shares are taken of, or nothing where no arm has one."""
    if all(arm.ceiling_share is None for arm in run.arms):
        return ""
    sources = _mapping(run.manifest.get("ceilings"))
    return "; ".join(sorted({str(source) for source in sources.values()})) or "not recorded"


def unfinished(run: RunFindings, who: str = "the run") -> str:
    """Say so where a run did not reach its end, or nothing tells whether it did."""
    if run.state == UNLISTED:
        return f"no manifest tells whether {who} reached its end"
    return "" if run.state == COMPLETE else f"{who} did not reach its end"


def is_indicative(run: RunFindings) -> bool:
    """Whether the run has too few process-sets for any verdict."""
    return run.sets < LEAST_SETS["round"]


def _indicative(run: RunFindings) -> Iterator[str]:
    if is_indicative(run) and any(arm.outcome == Outcome.MEASURED for arm in run.arms):
        profile = (run.manifest.get("measure") or {}) if isinstance(run.manifest.get("measure"), Mapping) else {}
        named = "quick" if profile.get("profile") == "quick" else f"{run.sets} process-set{'s' * (run.sets != 1)}"
        yield f"{named}: indicative, no verdict (a verdict needs {LEAST_SETS['round']} process-sets)"


def _winner(run: RunFindings, board: Board, name: Named) -> str:
    timed = [one for one in board.overall if one.measured]
    if not timed:
        return "nothing was measured"
    if len(timed) == 1:
        return f"only {name(timed[0].target)} was measured ({_cases(timed[0].measured)}), so there is nobody to compare"
    lead = lead_of(run, board)
    if lead is None:
        return f"there is no overall ratio, because {why_no_mean(run, board)}; see the cases one by one"
    more = f"; {name(lead.rival.target)} has more wins, {wins(lead.rival)}" if lead.rival else ""
    return f"{_claimed(lead, name)}{_tally(lead.first.standings)}{more}"


def _claimed(lead: Lead, name: Named) -> str:
    first, second = name(lead.first.target), name(lead.second.target)
    shown = words.ratio(lead.beside.ratio, lead.beside.low, lead.beside.high)
    if lead.claim is Claim.TIE:
        return f"a tie: {first} and {second} cannot be told apart, their ratio is {shown} ({lead.scope})"
    return f"{_DOUBTS[lead.claim]}{first} is {shown} times as fast as the next, {second} ({lead.scope})"


_DOUBTS = {Claim.AHEAD: "", Claim.INDICATIVE: "indicative: ", Claim.WITHHELD: "verdict withheld: "}


def _tally(standings: Mapping[Standing, int]) -> str:
    decided = [(standings.get(Standing.WINS, 0), "wins"), (standings.get(Standing.TIE, 0), "ties")]
    decided.append((standings.get(Standing.BEHIND, 0), "losses"))
    if not any(count for count, _ in decided):
        return ""
    return "; " + ", ".join(f"{count} {noun if count != 1 else _ONE[noun]}" for count, noun in decided)


_ONE = {"wins": "win", "ties": "tie", "losses": "loss"}


def _not_ranked(run: RunFindings, name: Named) -> Iterator[str]:
    for board in run.boards:
        if not board.ranked:
            names = sorted({name_of(entry.arm) for case in board.cases for entry in case.entries})
            yield f"not ranked: {', '.join(map(name, names))} (NumPy, and the math mode default, never are)"


def _scaling(run: RunFindings, name: Named) -> Iterator[str]:
    """Say of each target what more threads brought."""
    by_target: dict[str, list[str]] = {}
    for mean in run.scaling_means:
        more = words.ratio(mean.speed_up.ratio, mean.speed_up.low, mean.speed_up.high)
        said = f"{mean.threads} threads {more} times as fast as {mean.fewest} (over {_cases(mean.cases)})"
        by_target.setdefault(mean.target, []).append(said)
    yield from (f"threads: {name(target)}: {', '.join(said)}" for target, said in by_target.items())


def _seen(check: SelfCheck) -> str:
    if check.detectable is None:
        return "no case has an interval"
    least, median, most = (words.share(value) for value in check.detectable)
    seen = median if check.cases == 1 else f"{median} in the median case ({least} to {most})"
    failed = f"; in {_cases(len(check.failed))} it misses 1, and verdicts there are withheld" if check.failed else ""
    lost = f"; in {_cases(len(check.lost))} its copy has no time, and verdicts there are withheld" if check.lost else ""
    return f"the smallest difference that could be seen today is {seen}{failed}{lost}"


def _hardware(manifest: Mapping[str, Any]) -> Iterator[str]:
    known = _mapping(manifest.get("machine"))
    cpu, memory = _mapping(known.get("cpu")), _mapping(known.get("memory"))
    if cpu.get("model"):
        yield str(cpu["model"])
    if cpu.get("logical"):
        yield f"{cpu['logical']} logical processors"
    if isinstance(memory.get("total_bytes"), int):
        yield f"{size(memory['total_bytes'])} of memory"
    gpus = known.get("gpus")
    yield from (str(_mapping(gpu).get("name", "GPU")) for gpu in (gpus if isinstance(gpus, list) else []))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _cases(count: int) -> str:
    return f"{count} case" if count == 1 else f"{count} cases"
