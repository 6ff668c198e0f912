"""Backends by name, and whether they can run here."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from harness.backends.base import BackendInfo, Remedy
from harness.core import plugins
from harness.core.device import Device
from harness.errors import UsageError


def backend_names() -> tuple[str, ...]:
    """Return the names of all backends that installed packages offer."""
    return plugins.names(plugins.BACKENDS)


def find_backend(name: str) -> BackendInfo:
    """Return what is known of the backend called `name`."""
    found = plugins.load(plugins.BACKENDS, name)
    if not isinstance(found, BackendInfo):
        raise UsageError(f"the backend {name!r} is not a BackendInfo: {found!r}", remedy="repair or uninstall it")
    return found


def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution without importing it."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def missing(info: BackendInfo, device: Device) -> Remedy | None:
    """Say which distribution this interpreter lacks for `info`, and how to install it."""
    absent = [name for name in info.requires if installed_version(name) is None]
    if not absent:
        return None
    command = info.install.get(device.kind) or info.install.get("cpu", "")
    return Remedy(reason=f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not installed", command=command)
