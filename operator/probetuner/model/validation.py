"""What the API server refuses in a probe, in its own words.

The rules are those of `pkg/apis/core/validation/validation.go` (validateProbe, validateHandler, ValidatePortNumOrName
and their callers) of Kubernetes 1.30 to 1.37, after defaults were filled in. A field that it does not know is refused
by strict decoding, which kubectl asks for.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_FIELDS: Mapping[str, frozenset[str]] = {
    "exec": frozenset({"command"}),
    "httpGet": frozenset({"path", "port", "host", "scheme", "httpHeaders", "protocol"}),
    "tcpSocket": frozenset({"port", "host"}),
    "grpc": frozenset({"port", "service", "mode"}),
}
_COUNTS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_GRACE = "terminationGracePeriodSeconds"
_MOST_PORT, _MOST_PORT_NAME = 65535, 15
_HEADER = re.compile(r"[-A-Za-z0-9]+")
_MOST_SHOWN = 40


def violations(raw: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """What the API server would say of the probe in that field of a container, such as `livenessProbe`.

    Each sentence begins with the path from the container on; empty for a probe that it takes.
    """
    return tuple(f"{field}{sentence}" for sentence in (*_of_handlers(raw), *_of_numbers(raw, field), *_unknown(raw)))


def _of_handlers(raw: Mapping[str, Any]) -> Iterator[str]:
    present = [name for name in _FIELDS if raw.get(name) is not None]
    if not present:
        yield ": Required value: must specify a handler type"
    for name in present[1:]:
        yield f".{name}: Forbidden: may not specify more than 1 handler type"
    body = raw.get(present[0]) if present else None
    if isinstance(body, Mapping):
        yield from (f".{present[0]}{sentence}" for sentence in _of_handler(present[0], body))


def _of_handler(name: str, body: Mapping[str, Any]) -> Iterator[str]:
    if name == "exec":
        if not body.get("command"):
            yield ".command: Required value"
        return
    yield from _of_port(body.get("port"))
    if name == "httpGet":
        scheme = body.get("scheme") or "HTTP"
        if scheme not in ("HTTP", "HTTPS"):
            yield f'.scheme: Unsupported value: {_shown(scheme)}: supported values: "HTTP", "HTTPS"'
        headers = body.get("httpHeaders")
        for header in headers if isinstance(headers, list) else ():
            named = str(header.get("name", "")) if isinstance(header, Mapping) else ""
            if not _HEADER.fullmatch(named):
                yield (
                    f".httpHeaders: Invalid value: {_shown(named)}: a valid HTTP header must consist of "
                    "alphanumeric characters or '-'"
                )


def _of_port(port: object) -> Iterator[str]:
    """A number of a port, or a name by IANA's rules (apimachinery validation.IsValidPortName); none counts as 0."""
    if isinstance(port, str) and port:
        yield from (f".port: Invalid value: {_shown(port)}: {fault}" for fault in _faults_of_name(port))
    elif not isinstance(port, int) or not 0 < port <= _MOST_PORT:
        shown = port if isinstance(port, int) else 0
        yield f".port: Invalid value: {shown}: must be between 1 and {_MOST_PORT}, inclusive"


def _faults_of_name(name: str) -> Iterator[str]:
    if len(name) > _MOST_PORT_NAME:
        yield f"must be no more than {_MOST_PORT_NAME} characters"
    if not re.fullmatch(r"[-a-z0-9]+", name):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search(r"[a-z]", name):
        yield "must contain at least one letter (a-z)"
    if "--" in name:
        yield "must not contain consecutive hyphens"
    if name.startswith("-") or name.endswith("-"):
        yield "must not begin or end with a hyphen"


def _of_numbers(raw: Mapping[str, Any], field: str) -> Iterator[str]:
    for name in _COUNTS:
        value = raw.get(name)
        if isinstance(value, int) and value < 0:
            yield f".{name}: Invalid value: {value}: must be greater than or equal to 0"
    successes = raw.get("successThreshold")
    if field != "readinessProbe" and isinstance(successes, int) and successes not in (0, 1):
        yield f".successThreshold: Invalid value: {successes}: must be 1"
    grace = raw.get(_GRACE)
    if isinstance(grace, int):
        if field == "readinessProbe":
            yield f".{_GRACE}: Invalid value: {grace}: must not be set for readinessProbes"
        elif grace <= 0:
            yield f".{_GRACE}: Invalid value: {grace}: must be greater than 0"


def _unknown(raw: Mapping[str, Any]) -> Iterator[str]:
    known = {*_FIELDS, *_COUNTS, _GRACE}
    names = [str(name) for name in raw if name not in known]
    for handler, fields in _FIELDS.items():
        body = raw.get(handler)
        names += [f"{handler}.{name}" for name in body if name not in fields] if isinstance(body, Mapping) else []
    yield from (f": strict decoding error: unknown field {_shown(name)}" for name in names)


def _shown(value: object) -> str:
    return f'"{str(value)[:_MOST_SHOWN]}"'
