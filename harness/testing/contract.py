"""The contract: what a backend promises for every case that it does not refuse.

One table of checks, used by this project's tests, by ``harness check`` inside a worker, and by
plugins. Checks that correspond to a rule of the measuring protocol carry its code: what is proved
here once is proved again around every measurement.

>>> from harness.backends.catalog import NUMPY
>>> from harness.backends.numpy import NumPy
>>> from harness.core.device import Device
>>> from harness.workloads.bundle import make_bundle
>>> from harness.workloads.matmul import Matmul
>>> case = Matmul(m=3, n=4, k=5)
>>> backend = NumPy(device=Device("cpu"), mode="reference", threads=1)
>>> all(result.passed for result in run_contract(NUMPY, backend, case, make_bundle(case, 0)))
True
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.backends import proof
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.workloads.bundle import bundle_of

if TYPE_CHECKING:
    from harness.backends.base import Backend, BackendInfo, Prepared
    from harness.measure.validity import Doubt
    from harness.workloads.base import Workload
    from harness.workloads.bundle import Bundle

CPU = Device("cpu")


@dataclass(frozen=True, kw_only=True)
class ContractResult:
    """How one check ended; `detail` says what was seen where it failed. `code` is of the protocol, or empty."""

    name: str
    code: str
    passed: bool
    detail: str = ""

    def plain(self) -> dict[str, Any]:
        """Return this as plain values, to be sent."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A backend and a case, and what the checks need of them; made ready on first use."""

    backend: Backend[Any]
    workload: Workload
    bundle: Bundle
    device: Device

    @cached_property
    def prepared(self) -> Prepared[Any]:
        """The case made ready under its math mode."""
        self.backend.set_math(MathMode(self.workload.math))
        return self.backend.prepare(self.workload, self.bundle.inputs)

    @cached_property
    def first(self) -> Any:
        """The first answer."""
        return self.call()

    def call(self) -> Any:
        """Call once more and wait for the answer."""
        output = proof.call(self.prepared)
        self.backend.wait(output)
        return output


@dataclass(frozen=True, kw_only=True)
class Check:
    """One promise. `seek` returns what is wrong, or nothing."""

    name: str
    code: str
    promise: str
    seek: Callable[[Trial], str | None]


def run_contract(
    info: BackendInfo | None,
    backend: Backend[Any],
    workload: Workload,
    bundle: Bundle,
    *,
    mode: str = "",
    device: Device = CPU,
) -> list[ContractResult]:
    """Try every promise on one case; what a check raises is how it failed."""
    if info is not None and (reason := info.refuses(workload, mode or info.default_mode, device)):
        return [ContractResult(name="refused", code="", passed=True, detail=reason)]
    trial = Trial(backend=backend, workload=workload, bundle=bundle, device=device)
    results = []
    for check in CHECKS:
        results.append(_run(check, trial))
        if check is CHECKS[0] and not results[0].passed:
            break  # what cannot be called has nothing else to show
    return results


def _run(check: Check, trial: Trial) -> ContractResult:
    try:
        wrong = check.seek(trial)
    except Exception as error:  # noqa: BLE001  (the boundary: a framework may raise anything)
        wrong = f"{type(error).__name__}: {error}"
    return ContractResult(name=check.name, code=check.code, passed=wrong is None, detail=wrong or "")


# -- the checks ----------------------------------------------------------------------------------


def _works(trial: Trial) -> str | None:
    trial.first  # noqa: B018  (computing it is the check)
    return None


def _right_answer(trial: Trial) -> str | None:
    return _words(proof.check_answer(trial.backend, trial.workload, trial.bundle, trial.prepared, trial.first)[1])


def _inputs_matter(trial: Trial) -> str | None:
    return _words(proof.check_inputs_matter(trial.backend, trial.workload, trial.bundle, trial.prepared))


def _right_elsewhere(trial: Trial) -> str | None:
    """Other inputs must give the answer that belongs to them, and the old inputs theirs again."""
    workload, backend = trial.workload, trial.backend
    others = bundle_of(workload, workload.varied(trial.bundle.inputs), trial.bundle.probe)
    wrong = _words(proof.check_answer_to(backend, workload, others, trial.prepared))
    if wrong:
        return f"for other inputs: {wrong}"
    return _words(proof.check_answer(backend, workload, trial.bundle, trial.prepared, trial.call())[1])


def _placed(trial: Trial) -> str | None:
    return _words(proof.check_placed(trial.backend, trial.workload, trial.prepared, trial.first, trial.device))


def _same_again(trial: Trial) -> str | None:
    given = (trial.backend, trial.workload, trial.bundle, trial.prepared)
    return _words(proof.check_same_again(*given, proof.observed(*given, trial.first)))


def _inputs_untouched(trial: Trial) -> str | None:
    return _words(proof.check_inputs_untouched(trial.backend, trial.bundle, trial.workload, trial.prepared))


def _own_memory(trial: Trial) -> str | None:
    return _words(proof.check_own_memory(trial.backend, trial.workload, trial.prepared, trial.first))


def _no_recompiling(trial: Trial) -> str | None:
    trial.call()
    before = trial.prepared.compilations()
    trial.call()
    trial.backend.wait(trial.prepared.function(*trial.backend.place(trial.workload, trial.bundle.inputs)))
    return _words(proof.check_no_recompiling(trial.prepared.compilations() - before))


def _told_compiling(trial: Trial) -> str | None:
    """Nothing where the backend does not tell."""
    if (compiling_s := trial.prepared.compiling_s) is None:
        return None
    before = compiling_s()
    trial.call()
    after = compiling_s()
    if not 0 <= before < math.inf:
        return f"compiling is said to have taken {before} s"
    return None if after == before else f"a call that compiled nothing was said to compile for {after - before} s"


def _fetch_copies(trial: Trial) -> str | None:
    """What is fetched is NumPy's own: writing into it must not reach the framework's array."""
    import numpy as np

    (fetched, *_) = trial.backend.fetch(trial.first)
    if not isinstance(fetched, np.ndarray):
        return f"fetch gave a {type(fetched).__name__}, not a NumPy array"
    if not fetched.flags.writeable:
        return "fetch gave a read-only view of memory that is not its own"
    kept = fetched.copy()
    fetched[...] = 0
    (again, *_) = trial.backend.fetch(trial.first)
    return None if np.array_equal(kept, again) else "writing into a fetched array changed the output"


def _peek(trial: Trial) -> str | None:
    import numpy as np

    seen = trial.backend.peek(trial.first)
    if not math.isfinite(seen):
        return f"peek gave {seen}"
    (fetched, *_) = trial.backend.fetch(trial.first)
    return None if np.any(fetched == seen) else f"peek gave {seen}, which is no element of the output"


def _wait(trial: Trial) -> str | None:
    for _ in range(2):  # a second fence on an idle device returns too
        trial.backend.wait(trial.first)
    return None


def _facts(trial: Trial) -> str | None:
    facts = trial.backend.facts()
    lacking = [name for name in ("framework_version", "device_name") if not isinstance(facts.get(name), str)]
    if lacking:
        return f"facts() lacks {' and '.join(lacking)}"
    json.dumps(dict(facts), allow_nan=False)
    return None


def _memory(trial: Trial) -> str | None:
    held = trial.backend.peak_memory()
    return None if held is None or held > 0 else f"peak_memory() is {held}"


def _words(doubt: Doubt | None) -> str | None:
    return None if doubt is None else doubt.detail


CHECKS = (
    Check(name="works", code="", promise="what is not refused can be prepared, called and waited for", seek=_works),
    Check(name="right-answer", code="V1", promise="the answer lies within its tolerance", seek=_right_answer),
    Check(name="inputs-matter", code="V2", promise="other inputs give another answer", seek=_inputs_matter),
    Check(name="right-elsewhere", code="V1", promise="and the answer that is right for them", seek=_right_elsewhere),
    Check(name="placed", code="V7", promise="arrays are on the device and of the type asked for", seek=_placed),
    Check(name="own-memory", code="V3", promise="what is moved is written elsewhere", seek=_own_memory),
    Check(name="no-recompiling", code="V9", promise="equal shapes are compiled once", seek=_no_recompiling),
    Check(name="told", code="", promise="what compiling took does not grow where none is done", seek=_told_compiling),
    Check(name="same-again", code="V10", promise="a second call does the same work", seek=_same_again),
    Check(name="inputs-untouched", code="V10", promise="inputs keep their values", seek=_inputs_untouched),
    Check(name="fetch-copies", code="", promise="a fetched array is a copy on the host", seek=_fetch_copies),
    Check(name="peek", code="V5", promise="peek reads one element of the output", seek=_peek),
    Check(name="wait", code="", promise="waiting for finished work returns", seek=_wait),
    Check(name="facts", code="", promise="facts are plain values and name version and device", seek=_facts),
    Check(name="memory", code="", promise="peak memory is a count, or is not known", seek=_memory),
)
