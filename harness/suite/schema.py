"""The structure of a suite file, declared once: pydantic checks it, editors read the JSON Schema made from it.

Only structure is said here. Names of workloads, backends and parameters come from installed packages
and are checked by `harness.suite.expand` and `harness.suite.targets`, which can point at the place.
Unions choose their branch by the shape of the value, so that a mistake is reported for the branch
that was meant and not for each of them. The schema keeps to draft-07, which editors speak.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from harness.core.units import read_seconds, read_share
from harness.errors import UsageError

SCHEMA = "harness.suite/1"
NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
PARAMETER = r"^[a-z][a-z0-9_]{0,63}$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"
MOST_LISTED = 10_000
_LEFT_OUT: Any = None  # a key may be left out, and may not be null: "matrix:" alone is an unfinished thought

Name = Annotated[str, StringConstraints(pattern=NAME)]
ParameterName = Annotated[str, StringConstraints(pattern=PARAMETER)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


def _by_shape(**branches: type | tuple[type, ...]) -> Callable[[object], str | None]:
    """Return a discriminator that names the branch by the type of the value; a boolean is no number."""

    def choose(value: object) -> str | None:
        if isinstance(value, bool):
            return "<boolean>" if "boolean" in branches else None
        return next((f"<{name}>" for name, kinds in branches.items() if isinstance(value, kinds)), None)

    return choose


def _union(wanted: str, choose: Callable[[object], str | None]) -> Discriminator:
    return Discriminator(choose, custom_error_type="wanted", custom_error_message=wanted)


_any_value = _by_shape(boolean=bool, number=(int, float), text=str, list=list)
ParameterValue = TypeAliasType(
    "ParameterValue",
    Annotated[
        Annotated[Text, Tag("<text>")]
        | Annotated[bool, Tag("<boolean>")]
        | Annotated[int | float, Tag("<number>")]
        | Annotated[list[int], Tag("<list>")],
        _union("a number, text, true or false, or a list of whole numbers", _any_value),
    ],
)
Filter = TypeAliasType(
    "Filter",
    Annotated[
        Annotated[Text, Tag("<text>")]
        | Annotated[bool, Tag("<boolean>")]
        | Annotated[int | float, Tag("<number>")]
        | Annotated[list[ParameterValue], Field(min_length=1), Tag("<list>")],
        _union("a value, or a list of values of which any may hold", _any_value),
    ],
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


Exponent = Annotated[int, Field(ge=0, le=40)]
Bound = Annotated[int, Field(ge=0, le=2**40)]


class Pow2(_Strict):
    """Powers of two, both ends included: `{pow2: [7, 10]}` is 128, 256, 512, 1024."""

    pow2: Annotated[list[Exponent], Field(min_length=2, max_length=2, description="The first and the last exponent.")]


class Range(_Strict):
    """Numbers at an equal step, both ends included: `{range: [64, 256], step: 64}`."""

    range: Annotated[list[Bound], Field(min_length=2, max_length=2, description="The first and the last number.")]
    step: Annotated[int, Field(ge=1, le=2**40, description="From one number to the next.")] = 1


def _axis_branch(value: object) -> str | None:
    if isinstance(value, dict):
        return "<range>" if "range" in value or "step" in value else "<pow2>"
    return "<list>" if isinstance(value, list) else None


Axis = TypeAliasType(
    "Axis",
    Annotated[
        Annotated[list[ParameterValue], Field(min_length=1, max_length=MOST_LISTED), Tag("<list>")]
        | Annotated[Pow2, Tag("<pow2>")]
        | Annotated[Range, Tag("<range>")],
        _union("a list of values, {pow2: [first, last]} or {range: [first, last], step: n}", _axis_branch),
    ],
)
Axes = Annotated[dict[ParameterName, Axis], Field(min_length=1)]


def _quantity(read: Callable[[str], float], low: float, high: float, span: str) -> AfterValidator:
    def check(text: str) -> str:
        try:
            value = read(text)
        except UsageError as error:
            raise PydanticCustomError("quantity", "{problem}", {"problem": error.message}) from None
        if not low <= value <= high:
            raise PydanticCustomError("quantity", "{problem}", {"problem": f"must lie between {span}"})
        return text

    return AfterValidator(check)


Share = Annotated[
    str,
    _quantity(read_share, 0.0005, 0.5, "0.05% and 50%"),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*%$"}),
]
Duration = Annotated[
    str,
    _quantity(read_seconds, 0.1, 86400.0, "100ms and 24h"),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*(ms|s|m|min|h)$"}),
]


class When(_Strict):
    """Where the cases are meant to run."""

    device: Annotated[
        Annotated[Text, Tag("<text>")] | Annotated[list[Text], Field(min_length=1), Tag("<list>")],
        _union("a kind of device, or a list of them", _by_shape(text=str, list=list)),
        Field(description="Kinds of device: cpu, gpu, tpu, xpu, mps.", examples=["cpu", ["gpu", "tpu"]]),
    ]


class CaseEntry(_Strict):
    """One workload over a grid of parameters; other keys than these are the workload's own parameters."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, hide_input_in_errors=True)
    __pydantic_extra__: dict[str, ParameterValue] = Field(init=False)

    id: Annotated[Name, Field(description="Names the cases: square[m=128,dtype=float32].")]
    workload: Annotated[Text, Field(description="`python -m harness list workloads` shows names and parameters.")]
    matrix: Annotated[Axes, Field(description="Cross product of the values of several parameters.")] = _LEFT_OUT
    zip: Annotated[Axes, Field(description="Parameters that change in step; equal lengths.")] = _LEFT_OUT
    derive: Annotated[
        dict[ParameterName, Text],
        Field(min_length=1, description="Parameters computed from others: names, whole numbers, + - * // ( )."),
    ] = _LEFT_OUT
    exclude: Annotated[
        list[Annotated[dict[ParameterName, Filter], Field(min_length=1)]],
        Field(min_length=1, max_length=100, description="Combinations to leave out; all keys of one must match."),
    ] = _LEFT_OUT
    when: Annotated[When, Field(description="Restricts the cases to kinds of device.")] = _LEFT_OUT
    shapes_from: Annotated[
        Text, Field(description="A CSV file beside the suite; its column names are parameter names.")
    ] = _LEFT_OUT
    margin: Annotated[
        Share, Field(description="By how much times of these cases have to differ before it matters.")
    ] = _LEFT_OUT


class TargetEntry(_Strict):
    """A target in another interpreter or environment, or under a name of its own."""

    target: Annotated[Text, Field(description="backend[.mode]@device[:index]", examples=["torch.compile@gpu:0"])]
    python: Annotated[Text, Field(description="The interpreter that has the framework.")] = ""
    env: Annotated[
        dict[Annotated[str, StringConstraints(pattern=VARIABLE)], str],
        Field(description="Environment variables, set before the framework is imported; values in quotes."),
    ] = Field(default_factory=dict)
    label: Annotated[Text, Field(description="What tables call it; needed where a target is named twice.")] = ""


TargetItem = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[TargetEntry, Tag("<mapping>")],
    _union("a target such as torch@cpu, or a mapping with target:", _by_shape(text=str, mapping=dict)),
]
Targets = Annotated[
    Annotated[Literal["auto"], Tag("<text>")]
    | Annotated[list[TargetItem], Field(min_length=1, max_length=100), Tag("<list>")],
    _union("auto, or a list of targets", _by_shape(text=str, list=list)),
]


_OneNumber = Annotated[
    Annotated[Literal["all"], Tag("<text>")] | Annotated[int, Field(ge=1, le=4096), Tag("<number>")],
    _union("all, or a number of threads", _by_shape(text=str, number=int)),
]
Threads = Annotated[
    Annotated[Literal["all"], Tag("<text>")]
    | Annotated[int, Field(ge=1, le=4096), Tag("<number>")]
    | Annotated[list[_OneNumber], Field(min_length=1, max_length=32), Tag("<list>")],
    _union("all, or a number of threads, or a list of them", _by_shape(text=str, number=int, list=list)),
]


class MeasureEntry(_Strict):
    """How hard to measure; the command line may say otherwise."""

    profile: Annotated[
        Literal["quick", "standard", "rigorous"], Field(description="1, exactly 5, or up to 20 process-sets.")
    ] = "standard"
    target_ci: Annotated[Share, Field(description="Half-width of a ratio's interval that is good enough.")] = "1%"
    margin: Annotated[
        Share, Field(description="By how much times have to differ before it matters; verdicts are made against it.")
    ] = "2%"
    max_time: Annotated[Duration, Field(description="For one arm in one session, such as 20s.")] = "20s"
    threads: Annotated[
        Threads, Field(description="CPU threads of each worker, at most; a list compares them: [1, 2, 4, all].")
    ] = "all"
    rounds: Annotated[int, Field(ge=5, le=1000, description="Rounds in a process-set.")] = 30
    seed: Annotated[
        int, Field(ge=0, le=2**63 - 1, description="Fixes inputs and order; drawn anew where left out.")
    ] = _LEFT_OUT


class SuiteFile(_Strict):
    """Which workloads to compare, over which parameters, on which targets, measured how hard."""

    schema_: Annotated[Literal["harness.suite/1"], Field(alias="schema", description="The version of this format.")]
    name: Annotated[Name, Field(description="What reports and histories call this suite.")]
    description: Annotated[str, StringConstraints(max_length=2000), Field(description="What it is for.")] = ""
    include: Annotated[
        list[Text],
        Field(min_length=1, max_length=100, description="Suites whose cases join; paths inside this suite's folder."),
    ] = Field(default_factory=list)
    targets: Annotated[Targets, Field(description="What to compare; auto is all that is installed here.")] = "auto"
    reference: Annotated[
        Text, Field(description="The target or label that ratios are taken against; default: the first.")
    ] = ""
    measure: Annotated[MeasureEntry, Field(description="How hard to measure.")] = MeasureEntry()
    defaults: Annotated[
        dict[ParameterName, ParameterValue], Field(description="Parameters for all cases that have them.")
    ] = Field(default_factory=dict)
    cases: Annotated[list[CaseEntry], Field(min_length=1, max_length=MOST_LISTED, description="What to measure.")] = (
        Field(default_factory=list)
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of suite files."""
    made = SuiteFile.model_json_schema(ref_template="#/definitions/{model}")
    definitions = made.pop("$defs")
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        **made,
        "title": "Suite",
        # A suite has cases of its own, or those of the files that it includes.
        "anyOf": [{"required": ["cases"]}, {"required": ["include"]}],
        "definitions": definitions,
    }
    tidied: dict[str, Any] = _tidy(schema)
    return tidied


def schema_text() -> str:
    """Return the schema as the published file holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(value: Any) -> Any:
    """Drop generated titles and empty defaults, refuse keys that match no pattern, and say a number once."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {
        name: _tidy(item)
        for name, item in value.items()
        if not (name == "title" and isinstance(item, str) and item != "Suite")
        and not (name == "default" and (not item or isinstance(item, dict)))
    }
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return {"type": "number"} if kept == {"anyOf": [{"type": "integer"}, {"type": "number"}]} else kept
