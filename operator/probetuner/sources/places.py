"""Where in a manifest a container and its probes stand, and what its author silenced there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from probetuner.model.probe import ProbeType
from probetuner.model.workload import WorkloadRef
from probetuner.sources.manifests import Origin

IGNORE_ANNOTATION = "probetuner.dev/ignore"
_MOST_BYTES = 1024 * 1024
"""Larger documents are dumps, which nobody looks into by line."""
_MOST_LEVELS = 60
_CONTAINER_LISTS = ("containers", "initContainers")
_FIELDS = tuple(kind.field for kind in ProbeType)
_IGNORE = re.compile(r"#\s*probetuner:\s*ignore\s+(?P<rules>[a-z0-9,-]+)[ \t]*(?P<reason>.*)")
_IGNORED = re.compile(r"(?P<rules>[a-z0-9,-]+)[ \t]*(?P<reason>.*)")
_Composer: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _Loader(_Composer):  # type: ignore[misc]  # which of the two is not known
    """Composes nodes without asking what type each is: half of the time, and all that counts here is text and place."""

    def descend_resolver(self, *_: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass

    def resolve(self, *_: Any) -> str:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silenced:
    """A finding that the author of a manifest does not want to hear of, and why."""

    finding: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a container stands in its file: the line of its beginning, and that of each probe, by field."""

    line: int
    probes: Mapping[str, int]
    silenced: tuple[Silenced, ...]

    def of(self, field: str) -> int:
        """The line of that probe, or of the container where it has none."""
        return self.probes.get(field, self.line)


def place_of_container(origin: Origin, ref: WorkloadRef, container: str) -> Place | None:
    """Find the container of that workload in the document that it was read from; None where there is no such text."""
    if origin.line is None or not origin.text or len(origin.text) > _MOST_BYTES:
        return None
    root = _composed(origin.text)
    lines = origin.text.decode(errors="replace").split("\n")
    for workload in _workloads(root, ref):
        for node in _containers(workload, container):
            begin, end = node.start_mark.line, node.end_mark.line
            probes = {key.value: key.start_mark.line for key, _ in node.value if key.value in _FIELDS}
            above = lines[begin - 1 : begin] if begin else []
            near = [*(line for line in above if line.lstrip().startswith("#")), *lines[begin:end]]
            return Place(
                line=origin.line + begin,
                probes={field: origin.line + line for field, line in probes.items()},
                silenced=tuple(silenced for line in near for silenced in _silenced(_IGNORE.search(line))),
            )
    return None


@lru_cache(maxsize=1)
def _composed(text: bytes) -> Any:
    """The nodes of a document, None where libyaml takes it for none; those of a list of many are asked for often."""
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:
        return None


def silenced_by_annotation(annotations: Mapping[str, str]) -> tuple[Silenced, ...]:
    """What the annotation of a workload silences for all its containers: `RULE reason`, a line for each."""
    lines = annotations.get(IGNORE_ANNOTATION, "").splitlines()
    return tuple(silenced for line in lines for silenced in _silenced(_IGNORED.match(line.strip())))


def _silenced(found: re.Match[str] | None) -> Iterator[Silenced]:
    if found is not None:
        for rule in filter(None, found["rules"].split(",")):
            yield Silenced(finding=rule, reason=found["reason"].strip())


def _workloads(node: Any, ref: WorkloadRef, level: int = 0) -> Iterator[yaml.MappingNode]:
    """The mappings of that kind and name, in a list or by themselves."""
    if isinstance(node, yaml.SequenceNode) and level < _MOST_LEVELS:
        for item in node.value:
            yield from _workloads(item, ref, level + 1)
    if not isinstance(node, yaml.MappingNode):
        return
    name = _at(_at(node, "metadata"), "name")
    if _text(_at(node, "kind")) == ref.kind.partition(".")[0] and _text(name) == ref.name:
        yield node
    elif level < _MOST_LEVELS:
        yield from _workloads(_at(node, "items"), ref, level + 1)


def _containers(node: Any, name: str, level: int = 0) -> Iterator[yaml.MappingNode]:
    """The mappings of that name in any list of containers below the node."""
    if level > _MOST_LEVELS:
        return
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _containers(item, name, level + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in _CONTAINER_LISTS and isinstance(value, yaml.SequenceNode):
                yield from (one for one in value.value if _text(_at(one, "name")) == name)
            else:
                yield from _containers(value, name, level + 1)


def _at(node: Any, key: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for found, value in pairs if _text(found) == key), None)


def _text(node: Any) -> str | None:
    return node.value if isinstance(node, yaml.ScalarNode) else None
