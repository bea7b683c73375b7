"""Handlers that a user offers to be tried in place of a probe's own.

Only what the kubelet can ask over the network: a command that somebody else's object names is never run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from probetuner.model.container import Container
from probetuner.model.fields import objects, text
from probetuner.model.probe import Exec, Grpc, HttpGet, TcpSocket, parse_probe
from probetuner.model.problem import InvalidObjectError

_FIELDS = ("httpGet", "tcpSocket", "grpc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A handler and the container that it asks: by name, or the first of the pod where `container` is None.

    `written` is the handler as the user wrote it, a map of its one field, as it would stand in a probe.
    """

    handler: HttpGet | TcpSocket | Grpc
    container: str | None = None
    written: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def asks(self, container: Container, *, first: bool) -> bool:
        """Whether it is meant for that container; `first` is whether the container is the first of its pod."""
        return first if self.container is None else self.container == container.name


def parse_candidates(raw: Mapping[str, Any], place: str) -> tuple[Candidate, ...]:
    """Read the field candidates of *raw*. Raises InvalidObjectError."""
    listed = objects(raw, "candidates", place)
    return tuple(_parse(candidate, f"{place}.candidates[{index}]") for index, candidate in enumerate(listed))


def _parse(raw: Mapping[str, Any], place: str) -> Candidate:
    written = {name: raw[name] for name in _FIELDS if raw.get(name) is not None}
    if len(written) != 1:
        raise InvalidObjectError(place, f"has {len(written)} handlers; write exactly one of {', '.join(_FIELDS)}")
    handler = parse_probe(written, place=place).handler
    if handler is None or isinstance(handler, Exec):
        raise InvalidObjectError(place, "has no handler that can be asked over the network")
    if isinstance(handler, HttpGet | TcpSocket) and handler.host:
        raise InvalidObjectError(place, "names a host; a probe asks its own pod only")
    return Candidate(handler=handler, container=text(raw, "container", place) or None, written=written)
