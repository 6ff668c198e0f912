"""Ten minutes on a GPU machine: prove, measure, compare with a peer, and bring everything home.

::

    python benchmarks/gpu_session.py --out gpu-session

It installs nothing and needs no installed harness: the checkout is enough. Each step is a command with
its own time-out inside one budget; a step that fails is reported and the rest goes on, for time on such
a machine is dear and half the evidence is better than none. `--device cpu` walks the same plan anywhere.

What comes home: ``doctor.json``, ``results/`` (Parquet), ``report/``, ``peer.json``, a log a step, and
``session.json`` with ``session.md``, which say how each step ended.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUITES = tuple(f"suites/{name}.yaml" for name in ("gemm", "reduction", "attention", "conv", "memory", "backward"))
REPORT_RESERVE_S = 45.0  # kept back, so that whatever was measured can still be rendered
LEAST_STEP_S = 5.0  # a step with less than this is not begun

OK, FAILED, TIMEOUT, SKIPPED = "ok", "failed", "timeout", "skipped"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command of the session. `limit_s` holds even where the budget would give more."""

    name: str
    command: tuple[str, ...]
    limit_s: float
    output: str = ""  # where its standard output goes, below the session's folder; else into its log
    last: bool = False  # may use the reserve


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a step ended."""

    name: str
    state: str
    took_s: float
    detail: str = ""


# Runs a command with a time-out, output and errors going to files; returns its status, or None at the time-out.
Call = Callable[[Sequence[str], float, Path, Path], int | None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk the plan; 0 only where every step ended well."""
    options = _parser().parse_args(arguments)
    folder = options.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    lacking = missing_packages()
    if lacking:
        print(f"gpu_session: the harness needs {', '.join(lacking)}, and nothing is installed here", file=sys.stderr)
        return 2
    backends, absent = installed(options.backend or ["torch", "jax", "tensorflow"], options.device)
    steps = plan(
        device=options.device,
        backends=backends,
        suites=options.suite or list(SUITES),
        profile=options.profile,
        folder=folder,
    )
    ended = absent + walk(
        steps, folder=folder, budget_s=options.budget_s, call=caller(environment(folder)), now=time.monotonic
    )
    (folder / "session.json").write_text(json.dumps([asdict(end) for end in ended], indent=2) + "\n", encoding="utf-8")
    page = table(ended)
    (folder / "session.md").write_text(page, encoding="utf-8")
    print(page, end="")
    return 0 if all(end.state in (OK, SKIPPED) for end in ended) else 1


def missing_packages() -> list[str]:
    """Return what the harness itself needs and this interpreter lacks."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        needs = tomllib.load(file)["project"]["dependencies"]
    names = [re.split(r"[<>=!~\[ ]", need)[0] for need in needs]
    return [name for name in names if find_spec({"pyyaml": "yaml"}.get(name, name)) is None]


def installed(names: Sequence[str], device: str) -> tuple[dict[str, list[str]], list[Ended]]:
    """Return the targets of each framework that is here, in every mode, and a word on each that is not."""
    sys.path.insert(0, str(ROOT))
    from harness.backends.catalog import JAX, TENSORFLOW, TORCH
    from harness.backends.registry import missing
    from harness.core.device import Device

    known = {info.name: info for info in (TORCH, JAX, TENSORFLOW)}
    targets: dict[str, list[str]] = {}
    absent = []
    for name in names:
        lack = missing(known[name], Device.parse(device))
        if lack is None:
            targets[name] = [f"{name}.{mode.name}@{device}" for mode in known[name].modes]
        else:
            absent.append(Ended(name=f"check {name}", state=SKIPPED, took_s=0.0, detail=str(lack)))
    return targets, absent


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--out", type=Path, default=Path("gpu-session"), help="folder for all that comes home")
    parser.add_argument("--device", default="gpu", help="gpu, gpu:1, or cpu to try the plan without one")
    parser.add_argument("--backend", action="append", help="a backend to measure; may be repeated (default: three)")
    parser.add_argument("--suite", action="append", help="a suite to run; may be repeated")
    parser.add_argument("--profile", default="quick", choices=["quick", "standard"], help="how hard to measure")
    parser.add_argument("--budget-s", type=float, default=570.0, help="seconds for everything together")
    return parser


def plan(
    *, device: str, backends: Mapping[str, Sequence[str]], suites: Sequence[str], profile: str, folder: Path
) -> list[Step]:
    """Return the steps in the order of what would be missed most, the report at the end.

    More suites are named than ten minutes may hold; those that are not reached are told as skipped.
    """
    harness = (sys.executable, "-m", "harness")
    results = str(folder / "results")
    targets = [word for name in backends for target in backends[name] for word in ("--target", target)]
    run_s = {"quick": 180.0, "standard": 360.0}[profile]
    peer = (sys.executable, str(ROOT / "benchmarks/peer_do_bench.py"), "--device", device)
    runs = [
        Step(
            name=f"run {Path(suite).stem}",
            command=(*harness, "run", suite, "--profile", profile, "--results", results, *targets),
            limit_s=run_s,
        )
        for suite in suites
    ]
    return [
        Step(name="doctor", command=(*harness, "doctor", "--json"), limit_s=120.0, output="doctor.json"),
        *[
            Step(
                name=f"check {name}",
                command=(
                    *harness,
                    "check",
                    name,
                    *(word for target in backends[name] for word in ("--target", target)),
                ),
                limit_s=120.0,
            )
            for name in backends
        ],
        *runs[:1],
        Step(name="peer", command=peer, limit_s=120.0, output="peer.json"),
        *runs[1:],
        Step(
            name="report",
            command=(*harness, "report", "--results", results, "--out", str(folder / "report")),
            limit_s=REPORT_RESERVE_S,
            last=True,
        ),
    ]


def walk(steps: Sequence[Step], *, folder: Path, budget_s: float, call: Call, now: Callable[[], float]) -> list[Ended]:
    """Run the steps one after the other within the budget, whatever becomes of each."""
    deadline = now() + budget_s
    return [_step(step, folder, deadline - (0.0 if step.last else REPORT_RESERVE_S), call, now) for step in steps]


def _step(step: Step, folder: Path, deadline: float, call: Call, now: Callable[[], float]) -> Ended:
    start = now()
    limit_s = min(step.limit_s, deadline - start)
    if limit_s < LEAST_STEP_S:
        return Ended(name=step.name, state=SKIPPED, took_s=0.0, detail="the budget was spent")
    log = folder / f"{step.name.replace(' ', '-')}.log"
    output = folder / step.output if step.output else log.with_suffix(".out")
    print(f"gpu_session: {step.name} (at most {limit_s:.0f} s)", file=sys.stderr, flush=True)
    status = call(step.command, limit_s, output, log)
    took_s = now() - start
    if status is None:
        return Ended(name=step.name, state=TIMEOUT, took_s=took_s, detail=f"stopped after {limit_s:.0f} s")
    if status != 0:
        return Ended(
            name=step.name, state=FAILED, took_s=took_s, detail=f"status {status} ({log.name}): {_last_line(log)}"
        )
    return Ended(name=step.name, state=OK, took_s=took_s)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.is_file() else []
    return lines[-1][:300] if lines else "it said nothing"


def table(ended: Sequence[Ended]) -> str:
    """Return how the steps ended, as a Markdown table."""
    rows = [f"| {end.name} | {end.state} | {end.took_s:.0f} | {end.detail.replace('|', '/')} |" for end in ended]
    return "\n".join(["| step | state | seconds | detail |", "| --- | --- | ---: | --- |", *rows, ""])


def caller(env: dict[str, str]) -> Call:
    """Return what runs a command with `env`; at its time-out, the command's whole group is ended."""

    def call(command: Sequence[str], limit_s: float, output: Path, log: Path) -> int | None:
        with output.open("wb") as out, log.open("wb") as err:
            process = subprocess.Popen(  # noqa: S603  (this plan's own commands)
                command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )
            try:
                return process.wait(timeout=limit_s)
            except subprocess.TimeoutExpired:
                _end(process)
                return None

    return call


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask first, so that a run saves what it has; then insist."""
    import signal

    for number, patience_s in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
        os.killpg(process.pid, number)
        try:
            process.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            continue
        return


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of all steps, in which an uninstalled checkout still offers its entry points."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        distribution("harness")
    except PackageNotFoundError:
        paths.insert(0, str(announce(folder / "site")))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "NO_COLOR": "1"}


def announce(site: Path) -> Path:
    """Write the metadata that an installation would have left, so that backends are found by name."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    info = site / "harness-0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: harness\nVersion: 0\n", encoding="utf-8")
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return site


if __name__ == "__main__":
    raise SystemExit(main())
