"""What is not the same on both sides: only that, whatever a manifest holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.report import changes
from harness.report.compare_judge import terms_of
from harness.report.compare_load import Arm, Run
from harness.report.comparison import Change
from harness.report.summarise import summarise
from harness.stats.multiplicity import Correction
from harness.store.runs import RunInfo
from tests.core.report import synthetic

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)
KEYS = ("machine", "environments", "target_specs", "measure", "seed", "threads", "harness_version", "overrides")


def arm(target: str = "torch.eager@cpu", version: str = "2.12", label: str = "", backend: str = "torch") -> Arm:
    return Arm(
        place=0, case="c", case_key="k", target=target, label=label, replica=0, reference="", backend=backend,
        mode="eager", math="ieee", device="cpu", device_name="CPU", framework_version=version, outcome="measured",
        detail="", validity=(), pairing="round", sets=5, time_s=1.0, input_hash="h", threads=2, env_id="e",
        method_version=1, seed=1,
    )  # fmt: skip


def run(manifest: dict[str, Any], *arms: Arm) -> Run:
    info = RunInfo(
        run_id="20260102T030405678Z-0123456789ab",
        state="complete",
        suite="gemm",
        started_at=datetime(2026, 1, 2, tzinfo=UTC),
        paths={"measurements": Path("m")},
        manifest=manifest,
    )
    return Run(info, arms)


def machine(**values: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "python": {"version": "3.11.7"},
        "cpu": {"model": "EPYC", "mhz": 2596.1, "max_mhz": 3000.0, "vectors": ["avx", "avx2"], "governor": None},
        "memory": {"total_bytes": 8, "available_bytes": 7},
        "load": {"one_minute": 0.1},
        "gpus": [{"name": "H100", "driver": "550", "temperature_c": 30.0}],
        "packages": {"torch": "2.12"},
        "environment": {},
    }
    return {"machine": known | values}


def told(base: dict[str, Any], new: dict[str, Any], *arms: Arm) -> list[Change]:
    return list(changes.of_runs(run(base, *arms), run(new, *arms)))


def test_what_is_the_same_and_what_passes_is_left_out() -> None:
    later = machine(
        cpu={"model": "EPYC", "mhz": 3100.0, "max_mhz": 3000.0, "vectors": ["avx", "avx2"], "governor": None},
        memory={"total_bytes": 8, "available_bytes": 1},
        load={"one_minute": 9.0},
        gpus=[{"name": "H100", "driver": "550", "temperature_c": 80.0}],
    )
    assert told(machine(), later) == []


def test_every_kind_of_difference_is_told() -> None:
    later = machine(
        cpu={"model": "EPYC", "max_mhz": 3000.0, "vectors": ["avx"], "governor": "powersave"},
        gpus=[{"name": "H100", "driver": "560"}],
        packages={"torch": "2.13", "jax": "0.10"},
        environment={"OMP_NUM_THREADS": "2"},
    )
    base = machine() | {"seed": 1, "harness_version": "0.1.0", "measure": {"profile": "standard"}}
    new = later | {"seed": 2, "harness_version": "0.2.0", "measure": {"profile": "rigorous"}}
    assert [(change.what, change.base, change.new) for change in told(base, new)] == [
        ("harness_version", "0.1.0", "0.2.0"),
        ("seed", "1", "2"),
        ("measure.profile", "standard", "rigorous"),
        ("machine.cpu.vectors", "avx, avx2", "avx"),
        ("machine.gpus.0.driver", "550", "560"),
        ("machine.packages.torch", "2.12", "2.13"),
        ("machine.cpu.governor", "–", "powersave"),
        ("machine.packages.jax", "–", "0.10"),
        ("machine.environment.OMP_NUM_THREADS", "–", "2"),
    ]


def test_versions_are_those_that_the_arms_ran_with() -> None:
    old, new = run({}, arm(version="2.12")), run({}, arm(version="2.13"))
    assert changes.of_runs(old, new) == (Change(what="torch version", base="2.12", new="2.13"),)


def test_of_a_long_text_only_what_differs_is_shown() -> None:
    flags = ", ".join(f"FLAG_{at}=ON" for at in range(40))
    base = {"environments": {"t": {"build": f"{flags}, MKL=2024"}}}
    new = {"environments": {"t": {"build": f"{flags}, MKL=2025"}}}
    assert told(base, new) == [Change(what="t: build", base="MKL=2024", new="MKL=2025")]


def test_two_targets_of_a_run_are_compared_by_their_workers() -> None:
    """An upgrade: the same framework, two interpreters."""
    manifest = {
        "environments": {"old": {"python": "3.11.7", "framework_version": "2.12"}, "new": {"python": "3.11.7",
                         "framework_version": "2.13", "cuda": "13"}},
        "target_specs": [{"name": "old", "python": "old/bin/python", "env": {}}, {"name": "new", "python": "", "env":
                         {"A": "1"}}, "no object"],
    }  # fmt: skip
    found = changes.of_targets(run(manifest), arm(label="old"), arm(label="new"))
    assert [(change.what, change.base, change.new) for change in found] == [
        ("framework_version", "2.12", "2.13"),
        ("interpreter", "old/bin/python", "–"),
        ("cuda", "–", "13"),
        ("env", "–", "A=1"),
    ]


def test_of_two_frameworks_only_what_both_know_of_themselves_is_compared() -> None:
    manifest = {
        "environments": {
            "torch.eager@cpu": {"python": "3.11.7", "framework_version": "2.12", "build": "x"},
            "jax.jit@cpu": {"python": "3.12.1", "framework_version": "0.10", "x64": True},
        }
    }
    found = changes.of_targets(run(manifest), arm(), arm("jax.jit@cpu", backend="jax"))
    assert found == (Change(what="python", base="3.11.7", new="3.12.1"),)


def several(*manifests: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    runs = [summarise([synthetic.arm()], manifest=manifest) for manifest in manifests]
    return {": ".join((*one.who, one.what)): one.values for one in changes.among(runs)}


def test_among_several_runs_only_what_is_not_the_same_in_all_is_told() -> None:
    """Each run has its value; what passes, the seed and the suite are no differences of runs of any suite."""
    base = machine() | {"seed": 1, "suite_hash": "a", "threads": 2}
    later = machine(load={"one_minute": 9.0}, packages={"torch": "2.13"}) | {"seed": 2, "suite_hash": "b", "threads": 2}
    assert several(base, later, base) == {"machine.packages.torch": ("2.12", "2.13", "2.12")}
    assert several(base, machine(packages={}), {}) == {"machine.packages.torch": ("2.12", "–", "")}
    assert several(base) == several() == {}


def test_a_worker_is_compared_among_the_runs_that_started_it() -> None:
    """Those that say the same are told once; of long texts only what is not everywhere."""
    flags = ", ".join(f"FLAG_{at}=ON" for at in range(40))
    old, new = ({"build": f"{flags}, MKL={year}", "framework_version": year} for year in ("2024", "2025"))
    told = several(
        {"environments": {"a": old, "b": old}}, {"environments": {"a": new, "b": new}}, {"environments": {"c": old}}
    )
    assert told == {"a: b: build": ("MKL=2024", "MKL=2025", "")}


@given(manifests=st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)), max_size=4))
def test_among_any_manifests_there_is_a_table(manifests: list[dict[str, Any]]) -> None:
    """They are strangers' files."""
    for values in several(*manifests).values():
        assert len(values) == len(manifests)


@given(base=st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)),
       new=st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON)))  # fmt: skip
def test_no_manifest_is_a_bug(base: dict[str, Any], new: dict[str, Any]) -> None:
    """It is a stranger's file: whatever stands in it, there is a table, and terms that can be used."""
    left, right = run(base, arm()), run(new, arm())
    for change in changes.of_runs(left, right):
        assert change.base != change.new
    changes.of_targets(left, arm(), arm(label="b"))
    terms = terms_of(left, right, None, None, Correction.HOLM)
    assert 0 <= terms.margin < 1
    assert 0 < terms.confidence < 1
