"""Which backends are held to the contract: those asked for, or all that are installed.

``--backends torch,jax`` or the variable ``HARNESS_TEST_BACKEND`` names them; a named one that is
absent fails its tests instead of leaving them out.
"""

from __future__ import annotations

import os
import tempfile

import pytest

from harness.backends.base import BackendInfo
from harness.backends.registry import backend_names, find_backend, missing
from harness.core.device import Device

CPU = Device("cpu")
BUILT_IN = ("numpy", "torch", "jax", "tensorflow")
VARIABLE = "HARNESS_TEST_BACKEND"


def pytest_configure(config: pytest.Config) -> None:
    """Give compilers a fresh cache, for an old one could hide that something no longer compiles."""
    folder = tempfile.TemporaryDirectory(prefix="harness-contract-")
    config.add_cleanup(folder.cleanup)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder.name
    # PyTorch 2.13 meets its own deprecation while it imports its compiler.
    config.addinivalue_line("filterwarnings", "ignore:`torch.jit.script_method`:DeprecationWarning")


def chosen(config: pytest.Config) -> list[BackendInfo]:
    """Return the backends to test."""
    text = config.getoption("--backends", default=None) or os.environ.get(VARIABLE, "")
    if text:
        return [find_backend(name.strip()) for name in text.split(",")]
    return [info for name in BUILT_IN if name in backend_names() and missing(info := find_backend(name), CPU) is None]


def pytest_report_header(config: pytest.Config) -> str:
    """Say which, so that a gap is seen."""
    return f"contract of: {', '.join(info.name for info in chosen(config))}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise what asks for `info`."""
    if "info" in metafunc.fixturenames and metafunc.cls is None:  # classes of `harness.testing.plugin` bring their own
        backends = chosen(metafunc.config)
        metafunc.parametrize("info", backends, ids=[info.name for info in backends])
