"""One's own operations, `bench`, and the library, as a user has them; the guides' examples are what runs here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import Command


def example(root: Path, page: str) -> str:
    """Return the first block of Python in a guide."""
    found = re.search(r"^```python\n(.*?)^```$", (root / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def my_ops(root: Path, tmp_path: Path) -> Path:
    path = tmp_path / "my_ops.py"
    path.write_text(example(root, "docs/own-operations.md"), encoding="utf-8")
    return path


def test_the_guides_operation_is_measured_where_it_is_implemented(
    harness: Command, my_ops: Path, tmp_path: Path
) -> None:
    done = harness(
        "bench", "squash", "size=64,128", "--on", "torch@cpu,numpy@cpu,tensorflow@cpu", "--load", my_ops.name
    )
    assert done.returncode == 0, done.stderr
    assert "profile quick: one process-set, indicative" in done.stderr
    rows = pd.read_parquet(tmp_path / "results" / "measurements")
    by_backend = rows[rows.replica == 0].groupby("backend").outcome.agg(set).to_dict()
    assert by_backend == {"torch": {"measured"}, "numpy": {"measured"}, "tensorflow": {"refused"}}
    assert set(rows[rows.outcome == "refused"].detail) == {"tensorflow has no squash"}
    (manifest,) = (json.loads(path.read_text()) for path in tmp_path.glob("results/runs/*.json"))
    assert [each["file"] for each in manifest["loaded"]] == ["my_ops.py"]


def test_the_guides_operation_keeps_the_contract_and_is_listed(harness: Command, my_ops: Path, tmp_path: Path) -> None:
    done = harness("check", "--load", str(my_ops), "-t", "jax@cpu", "-t", "numpy@cpu", "-t", "tensorflow@cpu", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = json.loads(done.stdout)["targets"]
    tried = {each["target"]: (each["cases"], each["refused"]) for each in verdicts}
    assert tried == {"jax.jit@cpu": (2, 0), "numpy.reference@cpu": (2, 0), "tensorflow.function@cpu": (0, 2)}
    (reference,) = (each for each in verdicts if each["target"] == "numpy.reference@cpu")
    assert reference["framework_version"] == version("numpy")
    assert reference["everything"]
    assert sum(reference["kept"].values()) == 2
    assert "squash: x / (1 + |x|), an activation" in harness("list", "workloads", "--load", "my_ops.py").stdout
    (tmp_path / "mine.yaml").write_text(
        "schema: harness.suite/1\nname: mine\ncases: [{id: one, workload: squash, size: 9}]\n", encoding="utf-8"
    )
    assert harness("validate", "mine.yaml", "--load", "my_ops.py").returncode == 0
    assert "size=9" in harness("show", "mine.yaml", "--load", "my_ops.py").stdout
    assert harness("run", "mine.yaml", "--load", "my_ops.py", "--dry-run", "-t", "numpy@cpu").returncode == 0
    without = harness("validate", "mine.yaml")
    assert (without.returncode, "no workload named 'squash'" in without.stderr) == (2, True)


def test_a_wrong_implementation_is_never_timed(harness: Command, my_ops: Path, tmp_path: Path) -> None:
    my_ops.write_text(my_ops.read_text().replace("1 + torch.abs(x)", "1 - torch.abs(x)"), encoding="utf-8")
    done = harness("bench", "squash", "size=64", "--on", "torch@cpu", "--load", "my_ops.py")
    assert done.returncode == 1
    rows = pd.read_parquet(tmp_path / "results" / "measurements")
    assert set(rows.outcome) == {"failed"}
    assert rows.detail.str.startswith("wrong").all()
    assert rows.time_s.isna().all()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bench", "squash", "size=1", "--load", "gone.py"], "gone.py is not there"),
        (["run", "x.yaml", "--load", "broken.py"], "broken.py:2: not Python"),
        (
            ["check", "--load", "torchy.py"],
            "torchy.py:1: torch is imported while the file is loaded\n  import it inside",
        ),
        (["bench", "matmul", "m=1..9:x2", "n=m", "k=m"], "m=1..9:x2: m: times 2 from 1 does not reach 9\n  end at 8"),
        (["bench", "matmul", "m=1", "n=m", "k=m", "--on", "torhc@cpu"], "--on torhc@cpu: no backend named 'torhc'"),
        (["bench", "matmul", "m=1", "n=m", "k=m", "--dtype", "float8"], "--dtype float8: dtype cannot be 'float8'"),
    ],
)
def test_mistakes_end_with_2_and_name_the_place(
    harness: Command, tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "broken.py").write_text("x = 1\ny = (\n")
    (tmp_path / "torchy.py").write_text("import torch\n")
    done = harness(*arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_bench_plans_prints_and_measures_the_same(harness: Command, tmp_path: Path) -> None:
    words = ("bench", "matmul", "m=8..32:x2", "n=m", "k=m", "--on", "numpy@cpu")
    planned = json.loads(harness(*words, "--dry-run", "--json").stdout)
    printed = harness(*words, "--yaml")
    assert (printed.returncode, printed.stderr) == (0, "")
    (tmp_path / "printed.yaml").write_text(printed.stdout, encoding="utf-8")
    assert harness("validate", "printed.yaml").returncode == 0
    same = json.loads(harness("run", "printed.yaml", "--dry-run", "--json").stdout)
    assert same == planned
    done = json.loads(harness(*words, "--json", "--quiet").stdout)
    assert {row["case_key"] for row in done["measurements"]} == {arm["case_key"] for arm in planned["arms"]}
    assert harness("bench", "matmul", "m=1", "n=m", "k=m", "--on", "jax@tpu").returncode == 6


def python(tmp_path: Path, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_the_guides_python_runs_and_says_nothing_more_than_it_prints(root: Path, tmp_path: Path, page: str) -> None:
    done = python(tmp_path, example(root, page))
    assert (done.returncode, done.stderr) == (0, "")
    assert "numpy.reference@cpu" in done.stdout


LIBRARY = """
import sys, threading, harness
harness.load("my_ops.py")
found = []
def measure():
    found.append(harness.run("squash", size=32, on="numpy@cpu", max_time="2s", seed=3))
thread = threading.Thread(target=measure)
thread.start(); thread.join()
(run,) = found
assert run.outcomes == {"measured": 2}, run.outcomes
assert run.path.is_file() and set(run.to_pandas().seed) == {3} and len(run.samples()) > 10
assert [each.id for each in harness.runs()] == [run.id] == [harness.read(run="latest::numpy.reference@cpu").id]
assert "squash" in run.table()
for wrong in (
    lambda: harness.run("squash", size=0, on="numpy@cpu"),
    lambda: harness.run("squish", size=1),
    lambda: harness.run("gone.yaml"),
    lambda: harness.run("squash", size=1, on="numpy@gpu"),
    lambda: harness.read(run="no-such-run"),
    lambda: harness.load("gone.py"),
):
    try:
        wrong()
    except harness.HarnessError as error:
        assert str(error)
    else:
        raise AssertionError("it was taken")

@harness.workload
class Typed(harness.Workload):
    def input_shapes(self): return {"x": (3,)}
    def output_shapes(self): return ((3,),)
    def compute(self, inputs): return (inputs["x"],)
    def tolerance(self, reference, scales): return harness.Tolerance(bound=0.0, reason="a copy")
try:
    harness.run("typed", on="numpy@cpu")
except harness.HarnessError as error:
    assert "no module that a worker could import" in str(error)
assert not {"torch", "jax", "tensorflow"} & set(sys.modules)
"""


def test_the_library_works_off_the_main_thread_and_raises_errors_of_its_own(my_ops: Path, tmp_path: Path) -> None:
    assert my_ops.exists()
    done = python(tmp_path, LIBRARY)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_the_package_loads_nothing_but_itself() -> None:
    done = python(Path.cwd(), "import sys; import harness; print([n for n in sys.modules if n.startswith('harness')])")
    assert done.stdout.strip() == "['harness']"
