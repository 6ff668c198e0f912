"""Files with one's own workloads and implementations: what ``--load my_ops.py`` means.

The parent executes such a file to know the workloads; every worker, and the helper that makes
inputs, executes the same file again, told by the launcher. So a file must not import a framework
while it is loaded: the parent never holds one, and a worker holds its own alone. It is refused with
the line that does it, even where that line stands in a module which the file imports.

Only a command line or a program can name code. A suite cannot.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from harness.backends import catalog
from harness.backends.decorators import shown
from harness.core import plugins
from harness.errors import HarnessError, UsageError

FRAMEWORKS = ("torch", "torch_xla", "torchvision", "jax", "jaxlib", "flax", "optax", "tensorflow", "keras")
EXAMPLE = "python -m harness run mine.yaml --load my_ops.py"

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, kw_only=True)
class OwnFile:
    """A file, or an importable module, that was loaded."""

    module: str  # the name under which every process imports it
    file: str  # absolute; empty where Python finds the module by its name
    folder: str  # where its neighbours lie
    sha256: str

    def message(self) -> dict[str, str]:
        """Return what a worker needs to load it too."""
        return {"module": self.module, "file": self.file, "folder": self.folder}


_LOADED: dict[str, OwnFile] = {}  # by module, in the order in which they were loaded


def load_own(names: Iterable[str | os.PathLike[str]]) -> None:
    """Load files or modules, and check that they fit together; one that was loaded before is loaded anew."""
    for name in names:
        _load(os.fspath(name))
    for name, found in plugins.registered(plugins.IMPLEMENTATIONS).items():
        try:
            _check_implementation(name, found.place)
        except UsageError:
            plugins.forget(found.module)
            raise


def loaded() -> tuple[OwnFile, ...]:
    """Return what was loaded so far."""
    return tuple(_LOADED.values())


def messages() -> list[dict[str, str]]:
    """Return what every worker is to load."""
    return [own.message() for own in loaded()]


def take_up(files: Sequence[Mapping[str, str]]) -> None:
    """Load in a worker what the parent has loaded and checked."""
    for own in files:
        if own["folder"] not in sys.path:
            sys.path.append(own["folder"])  # last: a neighbour must not hide anything that is installed
        if own["file"]:
            path = Path(own["file"])
            _execute(own["module"], path, compile(path.read_bytes(), str(path), "exec"))
        else:
            importlib.import_module(own["module"])


# -- loading in the parent ------------------------------------------------------------------------


def _load(name: str) -> None:
    own = _find(name)
    before = _registrations()
    known = _LOADED.pop(own.module, None)
    _forget(own.module)
    if own.folder not in sys.path:
        sys.path.append(own.folder)
    guard = _Guard(Path(own.file or name))
    try:
        with _no_framework(guard):
            if own.file:
                path = Path(own.file)
                _execute(own.module, path, _compiled(path))
            else:
                _import(own.module)
        _check_loaded(name, guard, offers=known is not None or _registrations() != before)
    except BaseException as error:
        _forget(own.module)
        if isinstance(error, HarnessError) or not isinstance(error, Exception | SystemExit):
            raise
        raise _broken(own, name, error, guard) from error
    _LOADED[own.module] = own


def _check_loaded(name: str, guard: _Guard, *, offers: bool) -> None:
    """Raise where a framework was asked for, even if the file got over it, or where nothing came of the file."""
    if guard.met:
        raise _framework(*guard.met[0])
    if not offers:
        raise UsageError(
            f"{shown(name)} offers nothing",
            remedy="write @harness.workload above a class, or @harness.implements above a function",
        )


def _find(name: str) -> OwnFile:
    path = Path(name)
    if not name.endswith(".py") and (_MODULE.fullmatch(name) and not path.exists()):
        return _find_module(name)
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "is not there"
        raise UsageError(f"{shown(name)} {what}", remedy=f"name a Python file or a module: {EXAMPLE}")
    path = path.resolve()
    text = _read(path)
    called = re.sub(r"\W", "_", path.stem)
    return OwnFile(
        module=f"harness_own_{called}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}",
        file=str(path),
        folder=str(path.parent),
        sha256=hashlib.sha256(text).hexdigest(),
    )


def _find_module(name: str) -> OwnFile:
    """Return the module called `name`; for packages around it Python has to import those."""
    try:
        spec = importlib.util.find_spec(name)
    except Exception as error:  # the boundary to other people's packages
        raise UsageError(f"the module {name!r} cannot be found: {type(error).__name__}: {error}") from error
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        near = f"{name.replace('.', '/')}.py"
        hint = f"write {near}" if Path(near).is_file() else f"name a Python file or a module: {EXAMPLE}"
        raise UsageError(f"there is no Python file or module {name!r}", remedy=hint)
    origin = Path(spec.origin).resolve()
    depth = name.count(".") + (origin.name == "__init__.py")
    text = _read(origin)
    return OwnFile(module=name, file="", folder=str(origin.parents[depth]), sha256=hashlib.sha256(text).hexdigest())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{shown(path)} cannot be read: {(error.strerror or str(error)).lower()}") from error


def _compiled(path: Path) -> CodeType:
    """Return the code of a file that can be one, and imports no framework by itself."""
    text = _read(path)
    try:
        tree = ast.parse(text, str(path))
        line = next(_frameworks_at_top(tree), None)
        if line is not None:
            raise _framework(line[1], shown(path, line[0]))
        return compile(tree, str(path), "exec")
    except SyntaxError as error:
        raise UsageError(
            f"{shown(path, error.lineno)}: not Python: {error.msg}", remedy="look at this line and the one before it"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"{shown(path)}: not Python: {error}", remedy="name a Python file") from None


def _frameworks_at_top(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of each framework that is imported when the file is executed."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        yield from ((getattr(node, "lineno", 0), name) for name in names if name.partition(".")[0] in FRAMEWORKS)
        yield from _frameworks_at_top(node)


def _import(module: str) -> None:
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        del sys.modules[name]
    importlib.import_module(module)


def _execute(name: str, path: Path, code: CodeType) -> None:
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses and the worker look their module up by its name
    exec(code, module.__dict__)  # noqa: S102  (the user's own file, named on the command line)


def _forget(module: str) -> None:
    for known in {found.module for group in _GROUPS for found in plugins.registered(group).values()}:
        if known == module or known.startswith(f"{module}."):
            plugins.forget(known)


_GROUPS = (plugins.WORKLOADS, plugins.IMPLEMENTATIONS)


def _registrations() -> set[tuple[str, str]]:
    return {(group, name) for group in _GROUPS for name in plugins.registered(group)}


# -- what can be wrong ----------------------------------------------------------------------------


class _Guard:
    """Answers imports of frameworks with an error, and remembers who asked."""

    def __init__(self, file: Path) -> None:
        self._file = str(file.resolve())
        self.met: list[tuple[str, str]] = []

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Look no framework up; leave all else to the others."""
        del path, target
        if name in FRAMEWORKS:
            self.met.append((name, self._who()))
            raise ImportError(f"{name} must not be imported here")

    def _who(self) -> str:
        """Return the place in the file that was loaded, or else the nearest one outside of Python's own machinery."""
        frame, nearest = inspect.currentframe(), ""
        while frame is not None:
            file = frame.f_code.co_filename
            if file == self._file:
                return shown(file, frame.f_lineno)
            if not nearest and file != __file__ and not file.startswith("<"):
                nearest = shown(file, frame.f_lineno)
            frame = frame.f_back
        return nearest


@contextmanager
def _no_framework(guard: _Guard) -> Iterator[None]:
    finders: list[Any] = sys.meta_path
    finders.insert(0, guard)
    try:
        yield
    finally:
        finders.remove(guard)


def _framework(name: str, place: str) -> UsageError:
    return UsageError(
        f"{place}: {name} is imported while the file is loaded",
        remedy="import it inside the function: only the worker of a framework may import it",
    )


def _broken(own: OwnFile, name: str, error: BaseException, guard: _Guard) -> UsageError:
    """Say what the file raised and on which line, without a traceback."""
    if guard.met:
        return _framework(*guard.met[0])
    if isinstance(error, SyntaxError) and error.filename:  # in a module that it imports
        return UsageError(f"{shown(error.filename, error.lineno)}: not Python: {error.msg}")
    words = str(error).strip().splitlines()
    said = f"{type(error).__name__}: {words[0]}" if words else type(error).__name__
    return UsageError(
        f"{_place(own, name, error.__traceback__)}: {said}", remedy=f"repair it; python {shown(name)} shows all of it"
    )


def _place(own: OwnFile, name: str, trace: TracebackType | None) -> str:
    """Return the last line of the file itself that led to the error."""
    place = shown(name)
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file == own.file or (not own.file and file.startswith(own.folder)):
            place = shown(file, trace.tb_lineno)
        trace = trace.tb_next
    return place


def _check_implementation(name: str, place: str) -> None:
    backend, _, workload = name.partition(".")
    for noun, given, known in (
        ("backend", backend, plugins.names(plugins.BACKENDS)),
        ("workload", workload, plugins.names(plugins.WORKLOADS)),
    ):
        if given not in known:
            raise UsageError(f"{place}: no {noun} named {given!r}", remedy=plugins.suggestion(given, known))
    if backend == catalog.NUMPY.name:
        raise UsageError(f"{place}: numpy runs every workload by its compute", remedy="leave this function out")
    built_in = (catalog.TORCH.name, catalog.JAX.name, catalog.TENSORFLOW.name)
    if backend in built_in and workload in {kind.name for kind in catalog.WORKLOADS}:
        raise UsageError(
            f"{place}: {backend} has its own {workload}",
            remedy="make it a workload of your own: a subclass under another name",
        )
