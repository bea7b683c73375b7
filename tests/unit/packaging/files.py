"""The files that the packaging tests read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy" / "helm" / "probetuner"
CRD_FILES = sorted((ROOT / "crds").glob("*.yaml"))

Place = tuple[str, ...]
Schema = dict[str, Any]


def crd_version(path: Path) -> Schema:
    """Return the only version that a CustomResourceDefinition serves."""
    (version,) = yaml.safe_load(path.read_text())["spec"]["versions"]
    assert isinstance(version, dict)
    return version


def every_schema(schema: Schema, place: Place = ()) -> Iterator[tuple[Place, Schema]]:
    """Yield each schema within *schema*, with the place of what it describes; list items have the place `[]`."""
    yield place, schema
    for name, inner in schema.get("properties", {}).items():
        yield from every_schema(inner, (*place, name))
    for keyword in ("items", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from every_schema(schema[keyword], (*place, "[]"))


def lock_pins(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Return each package of a lock file with its pin and its hashes."""
    pins: dict[str, tuple[str, frozenset[str]]] = {}
    for entry in path.read_text().replace("\\\n", " ").splitlines():
        words = entry.split()
        if not words or words[0].startswith("#"):
            continue
        name, _, version = words[0].partition("==")
        pins[name] = version, frozenset(word for word in words if word.startswith("--hash="))
    return pins
