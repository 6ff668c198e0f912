"""Print the JSON Schema of suite files (draft-07), for editors and other programs.

An editor that understands the line

    # yaml-language-server: $schema=PATH/suite.schema.json

at the top of a suite completes and checks while you type.
"""

from __future__ import annotations

import argparse
from importlib.resources import files

from harness.errors import ExitCode


def configure(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""
    del parser


def run(args: argparse.Namespace) -> ExitCode:
    """Print the published file; a test holds it equal to what the models generate."""
    del args
    print(files("harness.suite").joinpath("suite.schema.json").read_text(encoding="utf-8"), end="")
    return ExitCode.FINE
