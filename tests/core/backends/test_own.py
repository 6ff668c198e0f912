"""A file with one's own operations: what it brings, and everything that can be wrong with it."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.backends import own
from harness.backends.catalog import JAX, NUMPY, TORCH
from harness.backends.decorators import implements, workload
from harness.core import plugins
from harness.core.device import Device
from harness.errors import ExitCode, UsageError
from harness.workloads.registry import find_workload, make_workload

SQUASH = """
import harness

@harness.workload
class Squash(harness.Workload):
    '''x / (1 + |x|).'''

    size: int
    steep: bool = False

    def input_shapes(self):
        return {"x": (self.size,)}

    def output_shapes(self):
        return ((self.size,),)

    def compute(self, inputs):
        x = inputs["x"] * (2 if self.steep else 1)
        return (x / (1 + abs(x)),)

    def tolerance(self, reference, scales):
        return harness.Tolerance(bound=4 * self.element.epsilon, reason="two roundings")
"""
TORCH_SQUASH = """
@harness.implements("squash", "torch")
def squash_torch(workload, setting):
    import torch
    return lambda x: x / (1 + torch.abs(x))
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a file to load; what it registers is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    modules = set(sys.modules)

    def make(text: str, name: str = "my_ops.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return Path(name)

    yield make
    for group in (plugins.WORKLOADS, plugins.IMPLEMENTATIONS):
        for known in list(plugins.registered(group).values()):
            plugins.forget(known.module)
    for name in set(sys.modules) - modules:
        if "my_" in name:
            del sys.modules[name]
    own._LOADED.clear()


def refusal(*paths: Path | str) -> UsageError:
    before = own._registrations()
    with pytest.raises(UsageError) as caught:
        own.load_own(paths)
    assert caught.value.exit_code == ExitCode.USAGE
    assert own._registrations() <= before, "a refused file leaves nothing behind"
    assert not [finder for finder in sys.meta_path if isinstance(finder, own._Guard)]
    return caught.value


def test_a_file_brings_a_workload_and_its_implementations(write: Write) -> None:
    own.load_own([write(SQUASH + TORCH_SQUASH)])
    kind = find_workload("squash")
    assert (kind.name, kind.summary) == ("squash", "x / (1 + |x|)")
    assert [(each.name, each.kind, each.default) for each in list(kind.parameters().values())[:2]] == [
        ("size", "integer", None),
        ("steep", "boolean", False),
    ]
    case = make_workload("squash", {"size": 3})
    assert case.compute({"x": np.array([0.0, 1.0, -3.0])})[0].tolist() == [0.0, 0.5, -0.75]
    assert case == type(case)(size=3)  # type: ignore[call-arg]
    assert TORCH.refuses(case, "eager", Device("cpu")) is None
    assert JAX.refuses(case, "jit", Device("cpu")) == "jax has no squash"
    assert NUMPY.refuses(case, "reference", Device("cpu")) is None


def test_a_worker_is_told_and_finds_the_class_by_the_same_name(write: Write) -> None:
    own.load_own([write(SQUASH)])
    (message,) = own.messages()
    module = find_workload("squash").__module__
    assert message["module"] == module
    plugins.forget(module)
    del sys.modules[module]
    own.take_up([message])
    assert sys.modules[module].Squash is find_workload("squash")


def test_a_file_may_have_neighbours_and_be_loaded_anew(write: Write) -> None:
    write("FACTOR = 3\n", "my_helper.py")
    path = write(f"import my_helper\n{SQUASH}")
    own.load_own([path])
    old = find_workload("squash")
    write(SQUASH.replace("x / (1 + |x|).", "changed"))
    own.load_own([path])
    assert find_workload("squash").summary == "changed"
    assert find_workload("squash") is not old
    assert len(own.loaded()) == 1


def test_a_module_can_be_named_too(write: Write) -> None:
    write("", "my_pack/__init__.py")
    write(SQUASH, "my_pack/ops.py")
    sys.path.insert(0, str(Path.cwd()))
    own.load_own(["my_pack.ops"])
    assert find_workload("squash").__module__ == "my_pack.ops"
    assert own.messages() == [{"module": "my_pack.ops", "file": "", "folder": str(Path.cwd())}]


@pytest.mark.parametrize(
    ("text", "says", "remedy"),
    [
        ("import harness\nx = (\n", "my_ops.py:2: not Python", "look at this line"),
        ("\n\nundefined\n", "my_ops.py:3: NameError: name 'undefined' is not defined", "repair"),
        ("raise SystemExit(3)\n", "my_ops.py:1: SystemExit: 3", "repair"),
        ("import no_such_module_at_all\n", "my_ops.py:1: ModuleNotFoundError", "repair"),
        ("x = 1\n", "my_ops.py offers nothing", "@harness.workload"),
        ("import harness\nimport torch\n", "my_ops.py:2: torch is imported", "import it inside the function"),
        ("if True:\n    from jax.numpy import sin\n", "my_ops.py:2: jax.numpy is imported", "inside the function"),
        ("import importlib\nimportlib.import_module('keras')\n", "my_ops.py:2: keras is imported", "inside"),
        ("try:\n    import tensorflow.math\nexcept ImportError:\n    pass\n", "my_ops.py:2: tensorflow.math", "inside"),
        (SQUASH.replace("Squash", "Matmul"), "the workload 'matmul' is there already: harness", "another name"),
        (SQUASH + SQUASH, "the workload 'squash' is there already: my_ops.py:", "another name"),
        (
            SQUASH.replace("def tolerance", "def tolerances"),
            "my_ops.py:4: the workload 'squash' lacks tolerance",
            "reason",
        ),
        (SQUASH.replace("size: int", "size: complex"), "a field that cannot be a parameter", "tuple[int, ...]"),
        ("import harness\n@harness.workload\nclass A: pass\n", "my_ops.py:2: A is not a workload", "harness.Workload"),
        (SQUASH + TORCH_SQUASH.replace('"torch"', '"torhc"'), "no backend named 'torhc'", "did you mean 'torch'"),
        (SQUASH + TORCH_SQUASH.replace('"squash"', '"sqash"'), "no workload named 'sqash'", "did you mean 'squash'"),
        (SQUASH + TORCH_SQUASH.replace('"torch"', '"numpy"'), "numpy runs every workload", "leave this function out"),
        (SQUASH + TORCH_SQUASH.replace('"squash"', '"matmul"'), "torch has its own matmul", "under another name"),
        (SQUASH + TORCH_SQUASH * 2, "the implementation 'torch.squash' is there already: my_ops.py:", "another name"),
        (
            'import harness\n@harness.implements("torch", "squash")\ndef f(w, s): pass\n',
            "'torch' is a backend",
            "write",
        ),
        (SQUASH.replace("    size: int", '    name = "Bad name"\n    size: int'), "cannot name a workload", "a-z"),
        ("x = '\0'\n", "my_ops.py", ""),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_to_do(write: Write, text: str, says: str, remedy: str) -> None:
    error = refusal(write(text))
    assert says in error.message
    assert remedy in (error.remedy or "")


def test_a_framework_that_a_neighbour_imports_is_found_too(write: Write) -> None:
    write("import torch\n", "my_helper.py")
    error = refusal(write(f"import my_helper\n{SQUASH}"))
    assert error.message == "my_ops.py:1: torch is imported while the file is loaded"


def test_types_may_be_imported_for_checkers_alone(write: Write) -> None:
    own.load_own([write(f"from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n{SQUASH}")])
    assert find_workload("squash")


@pytest.mark.parametrize(
    ("name", "says"),
    [("gone.py", "gone.py is not there"), ("no_such_module", "no Python file or module"), (".", "is a folder")],
)
def test_a_file_that_is_not_there_is_named(write: Write, name: str, says: str) -> None:
    assert says in refusal(name).message


def test_a_module_whose_file_was_meant_is_guessed(write: Write) -> None:
    write(SQUASH)
    sys.path[:] = [each for each in sys.path if each not in ("", str(Path.cwd()))]
    assert refusal("my_ops").remedy == "write my_ops.py"


def test_decorators_are_the_packages_own_names() -> None:
    assert harness.workload is workload
    assert harness.implements is implements
    assert set(harness.__all__) <= set(dir(harness))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = harness.nothing  # type: ignore[attr-defined]
