"""What is set on a command line is judged by the models of the file, and a mistake names the option."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import SuiteError
from harness.suite.load import load_suite
from harness.suite.model import Suite

from .conftest import HEAD, Load

TEXT = f"""\
{HEAD}targets: [torch@cpu, jax@cpu]
measure: {{profile: quick, rounds: 7}}
include: [part.yaml]
cases: [{{id: a, workload: matmul, m: 2, n: 3, k: 4}}]
"""
PART = "schema: harness.suite/1\nname: part\ncases: [{id: b, workload: matmul, m: 1, n: 1, k: 1}]\n"


@pytest.fixture
def written(load: Load) -> Load:
    """The suite that is loaded next lies beside one that it includes."""
    Path("part.yaml").write_text(PART, encoding="utf-8")
    Path("suite.yaml").write_text(TEXT, encoding="utf-8")
    return load


def with_set(*overrides: str) -> Suite:
    return load_suite("suite.yaml", overrides=overrides)


@pytest.mark.usefixtures("written")
def test_what_is_set_stands_in_the_files_place_and_the_rest_stays() -> None:
    suite = with_set("measure.profile=rigorous", "measure.target_ci=2%", "measure.max_time=3s", "measure.seed=7")
    measure = suite.measure
    assert (measure.profile, measure.rounds, measure.target_ci) == ("rigorous", 7, 0.02)
    assert (measure.max_time_s, measure.seed) == (3.0, 7)
    assert suite.overrides[0] == "measure.profile=rigorous"
    assert with_set("measure.threads=[1, 2, all]").measure.threads == (1, 2, None)
    assert with_set("measure.threads=all").measure.threads is None
    assert with_set("measure.threads=3").measure.threads == 3


@pytest.mark.usefixtures("written")
def test_targets_reference_and_defaults_can_be_set() -> None:
    suite = with_set("targets=[jax@cpu, torch.compile@cpu]", "reference=torch.compile@cpu", "defaults.dtype=bfloat16")
    assert suite.targets is not None
    assert [str(target) for target in suite.targets] == ["jax.jit@cpu", "torch.compile@cpu"]
    assert str(suite.reference) == "torch.compile@cpu"
    assert [case.workload.dtype for case in suite.cases] == ["bfloat16", "float32"]  # included cases are their file's
    assert with_set("targets=auto", "reference=torch@cpu").targets is None


@pytest.mark.usefixtures("written")
def test_the_hash_is_that_of_a_file_that_says_so() -> None:
    plain, again = with_set(), with_set("measure.profile=quick")
    rigorous = with_set("measure.profile=rigorous")
    Path("suite.yaml").write_text(TEXT.replace("quick", "rigorous"), encoding="utf-8")
    assert plain.hash == again.hash != rigorous.hash == with_set().hash


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("measure.profile=fast", "profile must be 'quick', 'standard' or 'rigorous', not 'fast'"),
        ("measure.profil=quick", "unknown key 'profil'\n  did you mean 'profile'"),
        ("measure.threads=[1, 0]", "threads[1] must be at least 1"),
        ("measure.threads=[]", "threads is empty"),
        ("measure.rounds=2", "rounds must be at least 5"),
        ("measure.max_time=soon", "max_time is wrong"),
        ("measure=quick", "'measure' names nothing\n  write measure.NAME=VALUE"),
        ("measure.a.b=1", "names nothing"),
        ("measure.=1", "names nothing"),
        ("mesure.profile=quick", "'mesure' cannot be set\n  did you mean 'measure'"),
        ("name=x", "'name' cannot be set"),
        ("cases=[]", "'cases' cannot be set"),
        ("=x", "'' cannot be set"),
        ("measure.profile", "not NAME=VALUE"),
        ("measure.profile=", "not NAME=VALUE"),
        ("reference.x=torch@cpu", "reference has no parts"),
        ("reference=torch@gpu", "is not among the targets"),
        ("targets=[tork@cpu]", "did you mean 'torch'"),
        ("targets=torch@cpu", "targets must be 'auto'"),
        ("defaults.dtpye=int8", "no workload of this suite has the parameter 'dtpye'\n  did you mean 'dtype'"),
        ("defaults.dtype=float23", "float23"),
        ("measure.profile=*x", "aliases (*x) are not supported"),
        ("measure.threads=[1", "not YAML"),
    ],
)
def test_a_mistake_names_the_option(text: str, says: str) -> None:
    with pytest.raises(SuiteError) as caught:
        with_set(text)
    (finding,) = caught.value.findings
    assert str(finding).startswith(f"--set {text}")
    assert says in str(finding)


@pytest.mark.usefixtures("written")
def test_a_name_is_set_once() -> None:
    with pytest.raises(SuiteError, match=r"measure\.seed is set twice"):
        with_set("measure.seed=1", "measure.seed=2")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("written")
@given(
    st.sampled_from(["measure.profile", "measure.threads", "defaults.m", "targets", "reference", "x", "measure"]),
    st.text(max_size=20) | st.sampled_from(["[", "{a: b}", "!!python/object:os.system x", "&a [*a]", "---", "1\n2"]),
)
def test_any_value_is_taken_or_refused(name: str, value: str) -> None:
    cases = findings = 0
    try:
        cases = len(with_set(f"{name}={value}").cases)
    except SuiteError as error:
        findings = len(error.findings)
    assert bool(cases) != bool(findings)
