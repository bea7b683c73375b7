"""What the custom resource definitions promise without a cluster to ask."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from probetuner.change.counters import Source
from probetuner.change.record import KEPT_ENTRIES
from probetuner.model.mode import Mode, ModeSource
from probetuner.model.policy import MOST_CHANGES_PER_DAY, Allowance, ContainerMode, OnConflict, Policy, ReaperStrategy
from probetuner.model.problem import InvalidObjectError
from probetuner.model.spec import parse_policy
from probetuner.model.windows import MOST_MINUTES, Weekday
from probetuner.model.workload import WorkloadKind
from unit.packaging.files import CRD_FILES, ROOT, Place, Schema, crd_version, every_schema

COLUMNS = ["TARGET", "MODE", "PHASE", "FINDING", "RECOMMENDATION", "CONFIDENCE", "FALSE-RESTARTS", "FLAPS", "AGE"]
WIDE_COLUMNS = ["MODE-FROM", "RECOMMENDATION-ID", "SOURCE"]
POLICY = ROOT / "crds" / "probetuner.dev_probepolicies.yaml"
ROOT_FIELDS = {("apiVersion",), ("kind",), ("metadata",)}


def described_fields() -> list[tuple[str, Place, Schema]]:
    return [
        (path.name, place, schema)
        for path in CRD_FILES
        for place, schema in every_schema(crd_version(path)["schema"]["openAPIV3Schema"])
        if place not in ROOT_FIELDS and place[-1:] != ("[]",)
    ]


def test_every_field_is_described() -> None:
    """`kubectl explain` says something about each field, in whole sentences."""
    undescribed = [
        (file, place) for file, place, schema in described_fields() if not schema.get("description", "").endswith(".")
    ]

    assert undescribed == []


def kind_of(schema: Schema) -> str:
    return "int or string" if schema.get("x-kubernetes-int-or-string") else str(schema["type"])


def test_every_string_and_list_is_bounded() -> None:
    """No object can grow past what etcd and the CEL cost estimate bear."""
    fields = [
        (place, schema)
        for path in CRD_FILES
        for place, schema in every_schema(crd_version(path)["schema"]["openAPIV3Schema"])
        if place not in ROOT_FIELDS
    ]
    bounds = {"string": ("maxLength", "enum", "format"), "array": ("maxItems",), "int or string": ("maxLength",)}

    assert [p for p, s in fields if not any(key in s for key in bounds.get(kind_of(s), ("type",)))] == []


def test_columns_read_simple_status_fields() -> None:
    """The columns are the designed ones, each reads a string or number, the others wait for `-o wide`."""
    version = crd_version(POLICY)
    shown = [column for column in version["additionalPrinterColumns"] if not column.get("priority")]
    wide = [column for column in version["additionalPrinterColumns"] if column.get("priority")]
    types = {
        "." + ".".join(place): kind_of(schema) for place, schema in every_schema(version["schema"]["openAPIV3Schema"])
    }

    assert [column["name"].upper() for column in shown] == COLUMNS
    assert [column["name"].upper() for column in wide] == WIDE_COLUMNS
    assert all(
        types[column["jsonPath"]] == column["type"]
        for column in version["additionalPrinterColumns"]
        if column["name"] != "Age"
    )


@pytest.mark.parametrize("path", CRD_FILES, ids=lambda path: path.stem)
def test_file_is_named_after_its_definition(path: Path) -> None:
    """The file is named after the group and the plural, so that people find it."""
    spec = yaml.safe_load(path.read_text())["spec"]

    assert path.stem == f"{spec['group']}_{spec['names']['plural']}"


def test_words_are_the_operators_own() -> None:
    """The words that the schema allows are exactly those that the operator writes and understands."""
    fields = dict(every_schema(crd_version(POLICY)["schema"]["openAPIV3Schema"]))

    assert fields["spec", "mode"]["enum"] == fields["status", "mode"]["enum"] == list(Mode)
    assert fields["status", "modeFrom"]["enum"] == list(ModeSource)
    assert fields["status", "source"]["enum"] == list(Source)
    assert fields["spec", "targetRef", "kind"]["enum"] == list(WorkloadKind)
    assert fields["spec", "allow", "[]"]["enum"] == list(Allowance)
    assert fields["spec", "apply", "onConflict"]["enum"] == list(OnConflict)
    assert fields["spec", "reaper", "strategy"]["enum"] == list(ReaperStrategy)
    assert fields["spec", "containers", "[]", "mode"]["enum"] == list(ContainerMode)
    windows = ("spec", "apply", "maintenanceWindows", "[]")
    assert fields[*windows, "days", "[]"]["enum"] == list(Weekday)
    assert fields[*windows, "durationMinutes"]["maximum"] == MOST_MINUTES


def test_the_daily_cap_is_one_that_can_be_counted() -> None:
    """Changes are counted in the log of the status, so no cap may be above what the log holds."""
    fields = dict(every_schema(crd_version(POLICY)["schema"]["openAPIV3Schema"]))

    assert fields["spec", "apply", "maxChangesPerDay"]["maximum"] == MOST_CHANGES_PER_DAY == KEPT_ENTRIES


@pytest.mark.parametrize("name", ["errorSeconds", "falseRestartSeconds", "rolloutSeconds"])
def test_prices_have_the_operators_own_limits_and_defaults(name: str) -> None:
    """What the schema takes the operator understands, and refuses what is one beyond."""
    schema = dict(every_schema(crd_version(POLICY)["schema"]["openAPIV3Schema"]))["spec", "objectives", "costs", name]
    least, most = schema["minimum"], schema["maximum"]

    assert with_price(name, schema["default"]) == Policy()
    assert least < schema["default"] < most
    assert with_price(name, least) != with_price(name, most)
    for beyond in (least - 1, most + 1):
        with pytest.raises(InvalidObjectError, match=f"spec.objectives.costs.{name} is {beyond}, not a whole number"):
            with_price(name, beyond)


def with_price(name: str, value: int) -> Policy:
    return parse_policy({"objectives": {"costs": {name: value}}}, place="test")


def test_chart_carries_an_exact_copy() -> None:
    """The chart's CRDs are what the generator makes of crds/."""
    done = subprocess.run(
        [sys.executable, ROOT / "deploy" / "chart_crds.py", "--check"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
