"""The bill of materials of the wheel: itself, and every package that its lock file pins, in CycloneDX 1.6."""

import hashlib
import importlib.metadata
import json
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_LONGEST_LICENCE = 80
"""Some packages have the whole text of their licence where its name belongs."""


def bill_of(wheel: Path, lock: str, *, name: str, version: str, epoch: int) -> str:
    """Return the bill as JSON; `lock` is the text of a requirements file with one pin a line.

    Licences and dependencies are those that the installed packages declare. A pin for another platform, which is not
    installed here, has neither.
    """
    pins = dict(_pins(lock))
    declared = {pinned: _installed(pinned, pin) for pinned, pin in pins.items()}
    references = {pinned: f"pkg:pypi/{pinned}@{pin}" for pinned, pin in pins.items()}
    own = importlib.metadata.PathDistribution(zipfile.Path(wheel, f"{name}-{version}.dist-info/"))
    itself = f"pkg:pypi/{name}@{version}"
    body: dict[str, Any] = {
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                **_component("application", name, version, own),
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
            },
        },
        "components": [_component("library", pinned, pin, declared[pinned]) for pinned, pin in sorted(pins.items())],
        "dependencies": [
            {"ref": itself, "dependsOn": _needed(own, references)},
            *(
                {"ref": reference, "dependsOn": _needed(declared[pinned], references)}
                for pinned, reference in sorted(references.items())
            ),
        ],
    }
    # The serial number is one of this content, so that the same release has the same number.
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(body, sort_keys=True))
    head = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
    }
    return json.dumps({**head, **body}, indent=2) + "\n"


def _pins(lock: str) -> Iterator[tuple[str, str]]:
    for line in lock.splitlines():
        if line and not line.startswith((" ", "#")):
            name, _, rest = line.partition("==")
            yield canonicalize_name(name), rest.split()[0].rstrip(";")


def _installed(name: str, version: str) -> importlib.metadata.Distribution | None:
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    return found if found.version == version else None


def _component(kind: str, name: str, version: str, declared: importlib.metadata.Distribution | None) -> dict[str, Any]:
    reference = f"pkg:pypi/{name}@{version}"
    component = {"type": kind, "bom-ref": reference, "name": name, "version": version, "purl": reference}
    licence = _licence(declared) if declared is not None else None
    return {**component, **({"licenses": [licence]} if licence is not None else {})}


def _licence(declared: importlib.metadata.Distribution) -> dict[str, Any] | None:
    """The licence as a package declares it: an SPDX expression, else a name."""
    fields = declared.metadata
    if "License-Expression" in fields:
        return {"expression": fields["License-Expression"]}
    name = (fields.get_all("License") or [""])[0]
    classified = [
        words.rpartition(" :: ")[2] for words in fields.get_all("Classifier") or () if words.startswith("License :: ")
    ]
    if name and "\n" not in name and len(name) <= _LONGEST_LICENCE:
        return {"license": {"name": name}}
    return {"license": {"name": classified[0]}} if classified else None


def _needed(declared: importlib.metadata.Distribution | None, references: Mapping[str, str]) -> list[str]:
    """The pins among what a package declares to need; those for extras count only where they are pinned for it."""
    required = [Requirement(line) for line in (declared.requires if declared is not None else None) or ()]
    plain = [one for one in required if one.marker is None or "extra" not in str(one.marker)]
    names = {canonicalize_name(one.name) for one in plain}
    return sorted(references[name] for name in names if name in references)
