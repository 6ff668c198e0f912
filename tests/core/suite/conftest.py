"""Suites written by tests, and backends that exist only there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.backends.base import AS_WRITTEN, BOTH, COMPILED, UNRANKED, BackendInfo, Mode
from harness.core.plugins import suggestion
from harness.errors import Finding, SuiteError, UsageError
from harness.suite.load import load_suite
from harness.suite.model import Suite

HEAD = "schema: harness.suite/1\nname: tried\n"

Load = Callable[[str], Suite]
Refuse = Callable[[str], tuple[Finding, ...]]


def _backend(name: str, *modes: tuple[str, str], devices: tuple[str, ...]) -> BackendInfo:
    return BackendInfo(
        name=name,
        modes=tuple(Mode(name=mode, mode_class=kind) for mode, kind in modes),
        implementation="nowhere:Nothing",
        requires=(),
        devices=devices,
    )


BACKENDS = {
    "torch": _backend("torch", ("eager", AS_WRITTEN), ("compile", COMPILED), devices=("cpu", "gpu")),
    "jax": _backend("jax", ("jit", BOTH), devices=("cpu", "gpu", "tpu", "tpu-v5e")),
    "numpy": _backend("numpy", ("reference", UNRANKED), devices=("cpu",)),
}


@pytest.fixture(autouse=True)
def backends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three backends that nobody has to install."""

    def find(name: str) -> BackendInfo:
        if name not in BACKENDS:
            raise UsageError(f"no backend named {name!r}", remedy=suggestion(name, tuple(BACKENDS)))
        return BACKENDS[name]

    monkeypatch.setattr("harness.suite.targets.find_backend", find)


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a suite from its text; what stands before the cases may be left out."""
    monkeypatch.chdir(tmp_path)

    def run(text: str) -> Suite:
        whole = text if text.startswith("schema:") else HEAD + text
        Path("suite.yaml").write_text(whole, encoding="utf-8")
        return load_suite("suite.yaml")

    return run


@pytest.fixture
def refuse(load: Load) -> Refuse:
    """Return the findings of a suite that must not load."""

    def run(text: str) -> tuple[Finding, ...]:
        with pytest.raises(SuiteError) as caught:
            load(text)
        return caught.value.findings

    return run
