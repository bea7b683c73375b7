"""The schema that the API server holds a ProbePolicy's status to."""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

_CRD = Path(__file__).resolve().parents[2] / "crds" / "probetuner.dev_probepolicies.yaml"


def status_problems(status: Any) -> list[str]:
    """What the API server would find wrong with the status: broken rules, and fields that it would drop."""
    return [f"{error.json_path}: {error.message[:200]}" for error in _validator().iter_errors(status)]


@cache
def _validator() -> jsonschema.Draft7Validator:
    (version,) = yaml.safe_load(_CRD.read_text())["spec"]["versions"]
    schema = _strict(version["schema"]["openAPIV3Schema"]["properties"]["status"])
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)


def _strict(schema: Any) -> Any:
    """The same schema without Kubernetes' own keywords; an object may have no field that is not described."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _strict(value) for key, value in schema.items() if not key.startswith("x-kubernetes-")}
    if schema.get("x-kubernetes-list-type") == "set":
        plain["uniqueItems"] = True
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        plain["additionalProperties"] = False
    return plain
