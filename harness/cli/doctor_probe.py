"""The process in which `doctor` loads one framework, and that ends with it.

``python -m harness.cli.doctor_probe BACKEND DEVICE`` prints one line of JSON: what the backend's `facts`
tell, or ``{"missing": ...}`` where the framework does not see the device.
"""

from __future__ import annotations

import importlib
import json
import sys

from harness.backends.base import DeviceMissing
from harness.backends.registry import find_backend
from harness.core.affinity import available_cpus
from harness.core.device import Device


def main(name: str, place: str) -> int:
    """Build the backend as a worker would, and print what it tells."""
    info, device = find_backend(name), Device.parse(place)
    threads = len(available_cpus())
    module, _, attribute = info.implementation.partition(":")
    backend = getattr(importlib.import_module(module), attribute)
    try:
        said = dict(backend(device=device, mode=info.default_mode, threads=threads).facts())
    except DeviceMissing as error:
        said = {"missing": str(error)}
    print(json.dumps({"threads": threads, **said} if "missing" not in said else said, default=str))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:3]))
