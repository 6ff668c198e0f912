"""Hold backends to the contract: right answers, the same work each call, declared refusals only.

Each backend runs in a worker of its own, as when it is measured. By default every mode of every
installed backend is tried on the devices of this machine; a mode that compiles for seconds gets a
few cases, and all of them with --all. With --load, the workloads of those files are tried alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli.documents import show_document
from harness.errors import DeviceUnavailable, ExitCode, NothingSelected, first_of

if TYPE_CHECKING:
    from harness.backends.base import BackendInfo
    from harness.core.target import Target
    from harness.run.fleet import Workers
    from harness.run.plan import Arm
    from harness.workloads.base import Workload

SCHEMA = "harness.check/1"
DEADLINE_S = 300.0
SHOWN = 20  # failures of one target


@dataclass(kw_only=True)
class Verdict:
    """How one target kept the contract."""

    target: str
    cases: int = 0
    refused: int = 0
    checks: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    unavailable: str = ""
    everything: bool = False  # no example that is not refused was left out
    kept: dict[str, int] = field(default_factory=dict)  # how many cases, by their `sort_of`
    failed: dict[str, int] = field(default_factory=dict)
    framework_version: str = ""
    python: str = ""

    def count(self, workload: Workload, failures: list[dict[str, Any]]) -> None:
        """Enter how one case ended."""
        from harness.testing.cases import sort_of

        counts, sort = self.failed if failures else self.kept, sort_of(workload)
        counts[sort] = counts.get(sort, 0) + 1
        self.failures += [{"case": _name(workload), **failure} for failure in failures]

    def sentence(self) -> str:
        """Say it in a line."""
        if self.unavailable:
            return f"{self.target:26} unavailable: {self.unavailable}"
        end = f"{len(self.failures)} FAILED" if self.failures else "all kept"
        return f"{self.target:26} {self.cases} cases, {self.checks} checks, {self.refused} refused: {end}"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("backend", nargs="*", help="default: every installed backend")
    parser.add_argument("--target", "-t", action="append", default=[], metavar="TARGET", help="this target alone")
    options.add_load(parser)
    parser.add_argument("--all", action="store_true", help="every case in compiled modes too; takes minutes")
    parser.add_argument("--device", metavar="KIND", help="only on this kind of device (cpu, gpu, tpu)")
    parser.add_argument("--threads", type=options.positive, metavar="N", help="processors to use; default: all")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")


def run(arguments: argparse.Namespace) -> ExitCode:
    """Try every target and say how each kept the contract."""
    from harness.run.fleet import Workers, threads_of

    workloads = _workloads(arguments)
    pairs = _targets(arguments)
    verdicts = []
    scratch = Path(tempfile.mkdtemp(prefix="harness-"))
    with Workers(scratch=scratch, seed=0, threads=threads_of(arguments.threads)) as workers:
        for target, info in pairs:
            verdict = _check(target, info, workers, workloads, everything=arguments.all)
            verdicts.append(verdict)
            if not arguments.json:
                _say(verdict)
    if arguments.json:
        targets = [asdict(verdict) for verdict in verdicts]
        show_document({"schema": SCHEMA, "targets": targets}, sort_keys=True)
    return _exit_code(verdicts, named=bool(arguments.target or arguments.backend or arguments.device))


def _exit_code(verdicts: list[Verdict], *, named: bool) -> ExitCode:
    """Return 1 where a promise was broken, 6 where what was asked for is not here."""
    codes = [ExitCode.CASES_FAILED for verdict in verdicts if verdict.failures]
    tried = [verdict for verdict in verdicts if not verdict.unavailable]
    if named and len(tried) < len(verdicts):
        codes.append(ExitCode.UNAVAILABLE)
    return first_of(codes)


def _say(verdict: Verdict) -> None:
    print(verdict.sentence(), flush=True)
    for failure in verdict.failures[:SHOWN]:
        code = f" ({failure['code']})" if failure["code"] else ""
        print(f"    {failure['case']}: {failure['name']}{code}: {failure['detail']}", flush=True)
    if len(verdict.failures) > SHOWN:
        print(f"    and {len(verdict.failures) - SHOWN} more; --json tells all", flush=True)


def _targets(arguments: argparse.Namespace) -> list[tuple[Target, BackendInfo]]:
    from harness.backends.registry import backend_names, find_backend
    from harness.core.device import Device
    from harness.core.hardware import device_kinds
    from harness.core.target import Target
    from harness.errors import UsageError

    given = options.targets_of(arguments.target)
    if given and (arguments.backend or arguments.device):
        raise UsageError("a target names its backend and its device already", remedy="leave one of the two out")
    if given:
        found = [(target, find_backend(target.backend)) for target in given]
        unknown = [target for target, info in found if target.mode and info.mode(target.mode) is None]
        if unknown:
            raise UsageError(f"{unknown[0].backend} has no mode {unknown[0].mode!r}")
        return [(target.resolved(info.default_mode), info) for target, info in found]
    wanted = None if arguments.device is None else Device.parse(arguments.device)
    kinds = device_kinds()
    if wanted is not None and wanted.kind not in kinds:
        raise DeviceUnavailable(f"there is no {wanted.kind} in this machine")
    pairs = [
        (Target(backend=name, mode=mode.name, device=Device(kind)), find_backend(name))
        for name in arguments.backend or backend_names()
        for mode in find_backend(name).modes
        for kind in find_backend(name).devices
        if kind in kinds and (wanted is None or kind == wanted.kind)
    ]
    if not pairs:
        raise NothingSelected("no backend can be checked here", remedy="python -m harness doctor tells what is missing")
    return pairs


def _workloads(arguments: argparse.Namespace) -> Sequence[type[Workload]]:
    """Return the workloads to try: those that were loaded, or else all that the harness brings."""
    from harness.backends.catalog import WORKLOADS
    from harness.core import plugins
    from harness.errors import UsageError
    from harness.workloads.registry import find_workload

    if not arguments.load:
        return WORKLOADS
    options.load_own(arguments.load)
    found = plugins.registered(plugins.WORKLOADS)
    for name, known in found.items():
        if next(iter(find_workload(name).examples()), None) is None:
            raise UsageError(
                f"{known.place}: {name} has no examples, so there is nothing to try",
                remedy="write a classmethod examples() that yields small cases; the second shows all that is unusual",
            )
    if not found:
        raise UsageError("these files bring no workload", remedy="--load those that have @harness.workload")
    return [find_workload(name) for name in found]


def _check(
    target: Target,
    info: BackendInfo,
    workers: Workers,
    workloads: Sequence[type[Workload]],
    *,
    everything: bool,
) -> Verdict:
    from harness.core.hardware import device_kinds
    from harness.run.launch import WorkerLost
    from harness.run.plan import absence
    from harness.testing.cases import all_cases, contract_cases

    verdict = Verdict(target=target.name)
    lack = absence(target, info, frozenset(device_kinds()))
    if lack is not None:
        verdict.unavailable = lack
        return verdict
    examples = list(all_cases(workloads))
    verdict.refused = sum(info.refuses(case, target.mode, target.device) is not None for case in examples)
    cases = list(contract_cases(info, target.mode, target.device, everything=everything, workloads=workloads))
    verdict.everything = len(cases) + verdict.refused == len(examples)
    arms = list(_arms(target, info, cases))
    while arms:
        try:
            _work_through(arms, verdict, workers)
        except WorkerLost as lost:  # that case is told; a new worker takes up the rest
            lost_arm = arms.pop(0)
            failure = {"name": "survives", "code": "", "passed": False, "detail": str(lost)}
            verdict.count(lost_arm.case.workload, [failure])
    return verdict


def _arms(target: Target, info: BackendInfo, cases: list[Any]) -> Iterator[Arm]:
    from harness.run.plan import Arm
    from harness.suite.model import Case

    for workload in cases:
        yield Arm(case=Case(name=_name(workload), workload=workload), target=target, info=info)


def _work_through(arms: list[Arm], verdict: Verdict, workers: Workers) -> None:
    """Check arms on one worker, taking each off the list when it is done."""
    from harness.run.terms import describe_case

    line = workers.launch(arms[0], 0)
    try:
        reply = workers.started(line, arms[0], deadline_s=DEADLINE_S)
        if "facts" not in reply:
            verdict.unavailable = reply.get("unavailable") or f"{reply['failed']}: {reply['detail']}"
            verdict.everything = False
            arms.clear()
        else:
            verdict.python = reply["python"]
            verdict.framework_version = str(reply["facts"].get("framework_version", ""))
        while arms:
            case = arms[0].case
            folder = workers.bundle(case, deadline_s=DEADLINE_S)
            message = {"op": "check", "bundle": str(folder), **describe_case(case)}
            reply = line.request(message, deadline_s=DEADLINE_S)
            results = reply.get("results") or [
                {
                    "name": "works",
                    "code": "",
                    "passed": False,
                    "detail": f"{reply.get('failed')}: {reply.get('detail')}",
                }
            ]
            verdict.cases += 1
            verdict.checks += len(results)
            verdict.count(case.workload, [result for result in results if not result["passed"]])
            arms.pop(0)
    finally:
        line.close()


def _name(workload: Any) -> str:
    differing = {
        name: workload.params()[name]
        for name, known in workload.parameters().items()
        if known.required or workload.params()[name] != known.default
    }
    return f"{workload.name}[{','.join(f'{name}={value}' for name, value in differing.items())}]"
