"""What a probe is, with the values the kubelet works with.

Kubernetes fills in defaults before it validates, so an absent field and a zero both mean the default
(`pkg/apis/core/v1/defaults.go`). Two probes are compared here only by these effective values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from probetuner.model.fields import INT32_MAX, shown
from probetuner.model.problem import InvalidObjectError
from probetuner.model.validation import violations


class ProbeType(StrEnum):
    """Which of a container's three probes; the value is the word in kubelet metrics and events."""

    LIVENESS = "Liveness"
    READINESS = "Readiness"
    STARTUP = "Startup"

    @property
    def field(self) -> str:
        """The container field that holds the probe, such as `livenessProbe`."""
        return f"{self.value.lower()}Probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpGet:
    """An HTTP GET; 200 to 399 is success, a redirect to another host counts as success too."""

    port: int | str
    path: str = "/"
    scheme: str = "HTTP"
    host: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"httpGet :{self.port}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpSocket:
    """A TCP connect; an accepted connection is success."""

    port: int | str
    host: str = ""

    def __str__(self) -> str:
        return f"tcpSocket :{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exec:
    """A command run in the container; exit code 0 is success."""

    command: tuple[str, ...]

    def __str__(self) -> str:
        return f"exec {' '.join(self.command)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grpc:
    """A gRPC health check; SERVING is success."""

    port: int
    service: str = ""

    def __str__(self) -> str:
        return f"grpc :{self.port}/{self.service}"


Handler = HttpGet | TcpSocket | Exec | Grpc


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A probe with effective values; the field names are Kubernetes', the units seconds and counts.

    `handler` is None for a handler type this version does not know: such a probe is never rewritten. `written` is
    the probe as it was read, for copying it with the fields that this version does not know. `violations` is what the
    API server refuses in it, in its own words: only a manifest has any.
    """

    handler: Handler | None
    initial_delay_seconds: int = 0
    period_seconds: int = 10
    timeout_seconds: int = 1
    success_threshold: int = 1
    failure_threshold: int = 3
    termination_grace_period_seconds: int | None = None
    written: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    violations: tuple[str, ...] = field(default=(), compare=False)

    @property
    def cadence_seconds(self) -> int:
        """Seconds between failing attempts: a probe longer than its period delays the next (worker.go)."""
        return max(self.period_seconds, self.timeout_seconds)

    @property
    def detection_seconds(self) -> int:
        """Longest time from a hang to the threshold: waiting for a tick, then every attempt timing out."""
        return self.period_seconds + (self.failure_threshold - 1) * self.cadence_seconds + self.timeout_seconds

    @property
    def borne_seconds(self) -> int:
        """The shortest silence it acts on: from the first attempt to the end of the one that is too many."""
        return (self.failure_threshold - 1) * self.cadence_seconds + self.timeout_seconds

    @property
    def startup_budget_seconds(self) -> int:
        """Time that a start surely gets before the threshold can be reached."""
        return self.initial_delay_seconds + (self.failure_threshold - 1) * self.period_seconds


_NUMBERS = {
    "initialDelaySeconds": ("initial_delay_seconds", 0),
    "periodSeconds": ("period_seconds", 10),
    "timeoutSeconds": ("timeout_seconds", 1),
    "successThreshold": ("success_threshold", 1),
    "failureThreshold": ("failure_threshold", 3),
}

FIELD_OF = {attribute: field for field, (attribute, _) in _NUMBERS.items()}
"""From the attribute of `Probe` to the Kubernetes field, for instance timeout_seconds to timeoutSeconds."""


GRACE_FIELD = "terminationGracePeriodSeconds"


def parse_probe(raw: Mapping[str, Any], *, place: str, kind: ProbeType = ProbeType.LIVENESS) -> Probe:
    """Read a probe as Kubernetes writes it.

    *place* names the probe in errors, for instance `Deployment/shop/web: containers[web].livenessProbe`.
    What the API server would refuse stands in `violations`; such a probe has no handler where it is not clear which.
    Raises InvalidObjectError when a value has the wrong type, which no decoder takes.
    """
    refused = violations(raw, kind.field)
    numbers = {
        attribute: _count(raw.get(field), default=default, place=f"{place}.{field}")
        for field, (attribute, default) in _NUMBERS.items()
    }
    grace = raw.get(GRACE_FIELD)
    if grace is not None:
        grace = _count(grace, default=0, place=f"{place}.{GRACE_FIELD}") or None
    return Probe(
        handler=_parse_handler(raw, place=place),
        termination_grace_period_seconds=grace,
        written=raw,
        violations=refused,
        **numbers,
    )


def _count(value: Any, *, default: int, place: str) -> int:
    if value is None or value == 0:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and -INT32_MAX <= value < 0:
        return default  # the API server refuses it, which is told as a violation
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= INT32_MAX:
        raise InvalidObjectError(place, f"is {shown(value)}, not a whole number from 0 to {INT32_MAX}")
    return value


def _parse_handler(raw: Mapping[str, Any], *, place: str) -> Handler | None:
    present = [name for name in _HANDLERS if raw.get(name) is not None]
    if len(present) != 1:
        return None
    name = present[0]
    body = raw[name]
    if not isinstance(body, Mapping):
        raise InvalidObjectError(f"{place}.{name}", "is not an object")
    if name != "exec" and body.get("port") is None:
        return None
    return _HANDLERS[name](body, f"{place}.{name}")


def _http_get(body: Mapping[str, Any], place: str) -> HttpGet:
    headers = body.get("httpHeaders") or ()
    if not isinstance(headers, list | tuple) or not all(isinstance(h, Mapping) for h in headers):
        raise InvalidObjectError(f"{place}.httpHeaders", "is not a list of objects")
    return HttpGet(
        port=_port(body.get("port"), place=place),
        path=str(body.get("path") or "/"),
        scheme=str(body.get("scheme") or "HTTP"),
        host=str(body.get("host") or ""),
        headers=tuple((str(h.get("name", "")), str(h.get("value", ""))) for h in headers),
    )


def _tcp_socket(body: Mapping[str, Any], place: str) -> TcpSocket:
    return TcpSocket(port=_port(body.get("port"), place=place), host=str(body.get("host") or ""))


def _exec(body: Mapping[str, Any], place: str) -> Exec:
    command = body.get("command")
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        raise InvalidObjectError(f"{place}.command", "is not a list of strings")
    return Exec(command=tuple(command))


def _grpc(body: Mapping[str, Any], place: str) -> Grpc:
    port = _port(body.get("port"), place=place)
    if isinstance(port, str):
        raise InvalidObjectError(f"{place}.port", f"is {port!r}; gRPC probes take a number only")
    return Grpc(port=port, service=str(body.get("service") or ""))


def _port(value: Any, *, place: str) -> int | str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INT32_MAX:
        return value
    raise InvalidObjectError(f"{place}.port", f"is {shown(value)}, not a port number or name")


_HANDLERS: dict[str, Callable[[Mapping[str, Any], str], Handler]] = {
    "exec": _exec,
    "httpGet": _http_get,
    "tcpSocket": _tcp_socket,
    "grpc": _grpc,
}

HANDLER_FIELDS = tuple(_HANDLERS)
"""The handler fields of a probe, of which exactly one is set."""
