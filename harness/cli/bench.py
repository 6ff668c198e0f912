"""Measure one operation without writing a suite: `bench matmul m=256..4096:x2 n=m k=m --on torch@cpu,jax@cpu`.

  m=1024               one value; true, sum and 64x128 (a list) likewise
  m=128,256            several, and every combination with the others that vary
  m=256..4096:x2       from one end to the other, each twice the last
  m=64..256:+64        in equal steps; 64..256 alone counts by one
  n=m   k='4*m'        computed from others: names, whole numbers, + - * // and ( )

It measures as `run` does and keeps the results beside those of suites. The profile is `quick`, which is
indicative and gives no verdicts, unless --profile says otherwise. --yaml prints the suite file that means
the same. `python -m harness list workloads` shows names and parameters.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli import run as running
from harness.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

_OF_A_TARGET = ("python=", "label=")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("workload", help="what to measure, such as matmul")
    parser.add_argument("words", nargs="*", metavar="NAME=VALUE", help="its parameters")
    parser.add_argument(
        "--on",
        action="append",
        default=[],
        metavar="T,...",
        help="targets, parted by commas: torch@cpu,jax@cpu; default: all that is installed; may be repeated",
    )
    parser.add_argument("--dtype", metavar="D,...", help="the same as dtype=D,...")
    parser.add_argument("--yaml", action="store_true", help="print the suite file that means the same, and end")
    running.add_common(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Make the suite, and measure it or say what would be measured."""
    from harness.suite.words import Word, read_words, suite_from_words

    options.load_own(arguments.load)
    words = read_words(arguments.words)
    if arguments.dtype is not None:
        words.append(Word(name="dtype", value=arguments.dtype, said=f"--dtype {arguments.dtype}"))
    suite = suite_from_words(
        arguments.workload,
        words,
        targets=split_targets(arguments.on),
        measure=_measure(arguments),
        max_cases=arguments.max_cases,
    )
    if arguments.yaml:
        print(suite.source, end="")
        return ExitCode.FINE
    if arguments.profile is None and not arguments.quiet:
        print("profile quick: one process-set, indicative; --profile standard gives verdicts", file=sys.stderr)
    return running.carry_out(suite, arguments, targets=suite.targets or (), required=())


def split_targets(texts: Iterable[str]) -> list[str]:
    """Part targets at commas; what stands behind one and belongs to a target stays with it."""
    found: list[str] = []
    for text in texts:
        for number, part in enumerate(text.split(",")):
            if number and part.startswith(_OF_A_TARGET):
                found[-1] += f",{part}"
            else:
                found.append(part.strip())
    return found


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    said = {
        "profile": arguments.profile or "quick",
        "max_time": arguments.max_time,
        "threads": arguments.threads,
        "seed": arguments.seed,
    }
    return {name: value for name, value in said.items() if value is not None}
