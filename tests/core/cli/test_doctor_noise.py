"""`doctor --noise`: the answer in words and as JSON, in the time that was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.cli import doctor, doctor_noise
from harness.core import machine
from harness.errors import ExitCode, UsageError
from harness.run.probe import Probe, Probed
from harness.stats.noise import Spread

FOREIGN = {"code": "foreign", "value": 0.12, "worst": 0.31, "detail": ""}


def probed(name: str = "products", between: float = 0.002, within: float = 0.02) -> Probed:
    spread = Spread(between=between, within=within)
    return Probed(name=name, spread=spread, call_s=0.0004, turn_s=0.008, blocks=1200)


def found(*kinds: Probed, reasons: Any = ()) -> Probe:
    noise = {"sets": [{"foreign": 0.12}], "grade": {"word": "fair", "reasons": list(reasons)}}
    return Probe(seconds=30.0, sets=6, start_s=0.8, kinds=kinds, noise=noise)


@pytest.mark.parametrize(("text", "seconds"), [("30", 30.0), ("30s", 30.0), ("2m", 120.0), ("12.5", 12.5)])
def test_how_long_to_measure(text: str, seconds: float) -> None:
    assert doctor_noise.read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["9", "0", "2h", "soon", "", "-30", "nan", "1e9"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        doctor_noise.read_seconds(text)


def test_what_can_be_seen_in_how_much_time() -> None:
    text = "\n".join(doctor_noise.lines(machine.facts(gpus=list), found(probed(), probed("sums", between=0.05))))
    assert "noise over 30 s in 6 process-sets: noisy" in text
    assert "two copies of NumPy  rounds differ  processes differ  5 sets see  1 %" in text
    (row,) = [line.split("  ") for line in text.splitlines() if line.startswith("  products")]
    cells = [cell.strip() for cell in row if cell.strip()]
    # 2 % allows a set an error of 0.0198 / 1.9272, of which processes take 0.002: 7 rounds, 2 x 5 x 7 x 8 ms
    assert cells == ["products", "2.0 %", "0.2 %", "0.6 %", "2.2 s, 5 sets", "0.6 s, 5 sets", "0.4 s, 5 sets"]
    (row,) = [line.split() for line in text.splitlines() if line.startswith("  sums")]
    assert row.count("never") == 2
    wild = "\n".join(doctor_noise.lines(machine.facts(gpus=list), found(probed(between=2.0, within=1.5))))
    assert wild.count("over 100 %") == 3
    assert "nothing that the system shows" in text


def test_what_the_machine_did_meanwhile_and_what_to_do_about_it() -> None:
    text = "\n".join(doctor_noise.lines(machine.facts(gpus=list), found(probed(within=0.2), reasons=[FOREIGN])))
    assert "12 % of the processors' time went to somebody else (31 % in the worst process-set)" in text
    assert "end what else runs here" in text


def test_a_quiet_machine_needs_nothing() -> None:
    text = "\n".join(doctor_noise.lines(machine.facts(gpus=list), found(probed(between=0.0, within=0.001))))
    assert text.endswith("what to do\n  nothing: measure")


def test_a_machine_too_slow_says_so() -> None:
    text = "\n".join(doctor_noise.lines(machine.facts(gpus=list), found()))
    assert "too slow a machine for two process-sets" in text
    assert doctor_noise.document(machine.facts(gpus=list), found())["grade"] is None


def test_the_document() -> None:
    answer = doctor_noise.document(machine.facts(gpus=list), found(probed(), probed(between=0.05), reasons=[FOREIGN]))
    again = json.loads(json.dumps(answer, allow_nan=False))
    assert again["schema"] == "harness.doctor.noise/1"
    assert (again["seconds"], again["sets"], again["grade"]) == (30.0, 6, "noisy")
    steady, wild = again["kinds"]
    assert steady["to_find"]["0.02"] == {"sets": 5, "rounds": 7, "measuring_s": pytest.approx(0.56)}
    assert wild["to_find"]["0.01"] is None
    assert again["readings"] == [{"foreign": 0.12}]
    assert again["reasons"] == ["12 % of the processors' time went to somebody else (31 % in the worst process-set)"]
    assert again["advice"]


@pytest.mark.parametrize("options", [["--json"], []])
def test_the_command_measures_instead_of_looking_for_frameworks(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import argparse

    asked: list[float] = []

    def measured(seconds: float) -> Probe:
        asked.append(seconds)
        return found(probed())

    monkeypatch.setattr(doctor_noise, "measure", measured)
    monkeypatch.setattr(doctor, "examine", None)
    parser = argparse.ArgumentParser()
    doctor.configure(parser)
    assert doctor.run(parser.parse_args(["--noise", "30", *options])) is ExitCode.FINE
    assert asked == [30.0]
    text = capsys.readouterr().out
    assert json.loads(text)["sets"] == 6 if options else "noise over 30 s" in text
