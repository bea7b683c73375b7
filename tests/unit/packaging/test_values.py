"""What the chart's values promise: every one is known, described by a schema, and a typing error is refused."""

import json
from typing import Any

import jsonschema
import pytest
import yaml

from probetuner.doctor.check import ChartValue
from unit.packaging.files import CHART, every_schema

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())
# What Kubernetes defines, or what a parent chart shares, is passed on as it is.
PASSED_ON = {
    ("global",),
    ("affinity", "nodeAffinity"),
    ("affinity", "podAffinity"),
    ("affinity", "podAntiAffinity"),
    ("podSecurityContext",),
    ("securityContext",),
    ("topologySpreadConstraints", "[]", "labelSelector"),
    ("networkPolicy", "metricsFrom", "[]", "ipBlock"),
    ("networkPolicy", "metricsFrom", "[]", "namespaceSelector"),
    ("networkPolicy", "metricsFrom", "[]", "podSelector"),
    ("extraEnv", "[]", "valueFrom"),
    ("extraVolumes", "[]"),
    ("extraVolumeMounts", "[]"),
    ("extraObjects", "[]"),
}
# Names of before, which the chart refuses with a sentence that the schema could not give.
RENAMED = {"lease"}


def test_defaults_fit_the_schema() -> None:
    """`helm install` with no values but the image is never refused by our own schema."""
    jsonschema.validate(DEFAULTS, SCHEMA)


def test_schema_knows_exactly_the_values_there_are() -> None:
    """Nothing is accepted at the top that values.yaml does not show, except a parent chart's globals."""
    assert set(SCHEMA["properties"]) - {"global"} - RENAMED == set(DEFAULTS)


def test_every_level_refuses_what_it_does_not_know() -> None:
    """No level of the schema lets an unknown key through."""
    lenient = {
        place
        for place, schema in every_schema(SCHEMA)
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
    }

    assert lenient == PASSED_ON


@pytest.mark.parametrize("value", ChartValue)
def test_what_the_doctor_says_to_set_can_be_set(value: ChartValue) -> None:
    """A value that it names is one of the chart's."""
    found = DEFAULTS
    for name in value.partition("=")[0].split("."):
        assert name in found
        found = found[name]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"defaultmode": "Off"}, "defaultmode"),
        ({"image": {"repo": "r"}}, "repo"),
        ({"apply": {"enable": True}}, "enable"),
        ({"crds": {"kept": True}}, "kept"),
        ({"resources": {"limit": {}}}, "limit"),
        ({"metrics": {"service": {"enable": True}}}, "enable"),
        ({"defaultMode": "Auto"}, "Auto"),
        ({"defaultMode": False}, "False"),
        ({"logFormat": "xml"}, "xml"),
        ({"apply": {"enabled": "yes"}}, "yes"),
        ({"apply": {"namespace": ["shop"]}}, "namespace"),
        ({"apply": {"namespaces": "shop"}}, "shop"),
        ({"apply": {"namespaces": ["Shop"]}}, "Shop"),
        ({"apply": {"admissionGuard": "on"}}, "on"),
        ({"watch": {"excludedNamespaces": ["a/b"]}}, "a/b"),
        ({"watch": {"excluded": []}}, "excluded"),
        ({"leaderElection": {"namespace": ""}}, "''"),
        ({"leaderElection": {"name": "a/b"}}, "a/b"),
        ({"kubelet": {"tls": "skip"}}, "skip"),
        ({"kubelet": {"source": "prometheus"}}, "prometheus"),
        ({"kubelet": {"scrapeIntervalSeconds": 0.5}}, "0.5"),
        ({"kubelet": {"ca": {"configmap": "a"}}}, "configmap"),
        ({"image": {"registry": "mirror.example/"}}, "mirror"),
        ({"apply": {"pause": True}}, "pause"),
        ({"podDisruptionBudget": {"minAvailable": 1}}, "minAvailable"),
        ({"podDisruptionBudget": {"maxUnavailable": "half"}}, "half"),
        ({"networkPolicy": {"metricsFrom": [{"namespace": "a"}]}}, "namespace"),
        ({"openshift": {"adaptSecurityContext": True}}, "True"),
        ({"topologySpreadConstraints": [{"maxSkew": 1}]}, "topologyKey"),
        ({"extraArgs": ["dry-run"]}, "dry-run"),
        ({"extraEnv": [{"value": "a"}]}, "name"),
        ({"extraVolumeMounts": [{"name": "a"}]}, "mountPath"),
        ({"extraObjects": ["kind: Pod"]}, "kind"),
        ({"image": {"digest": "latest"}}, "latest"),
        ({"serviceAccount": {"create": False, "name": ""}}, "''"),
        ({"tolerations": [{"keys": "a"}]}, "keys"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_bad_value_is_refused_by_name(values: dict[str, Any], named: str) -> None:
    """A typing error or a word that is not allowed is refused, and the refusal names it."""
    with pytest.raises(jsonschema.ValidationError, match=named):
        jsonschema.validate(values, SCHEMA)
