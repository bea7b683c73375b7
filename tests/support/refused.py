"""Probes that the API server refuses, with its words, and probes that it takes."""

from typing import Any

Json = dict[str, Any]

_HTTP = {"path": "/", "port": 8080}

REFUSED: dict[str, tuple[Json, str, tuple[str, ...]]] = {
    "port in quotes": (
        {"httpGet": {**_HTTP, "port": "8080"}},
        "livenessProbe",
        ('livenessProbe.httpGet.port: Invalid value: "8080": must contain at least one letter (a-z)',),
    ),
    "port out of range": (
        {"httpGet": {**_HTTP, "port": 80800}},
        "livenessProbe",
        ("livenessProbe.httpGet.port: Invalid value: 80800: must be between 1 and 65535, inclusive",),
    ),
    "port missing": (
        {"tcpSocket": {}},
        "readinessProbe",
        ("readinessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive",),
    ),
    "name too long": (
        {"httpGet": {**_HTTP, "port": "http-administration"}},
        "readinessProbe",
        ('readinessProbe.httpGet.port: Invalid value: "http-administration": must be no more than 15 characters',),
    ),
    "name with capitals": (
        {"tcpSocket": {"port": "Http"}},
        "readinessProbe",
        (
            (
                'readinessProbe.tcpSocket.port: Invalid value: "Http": must contain only alpha-numeric characters '
                "(a-z, 0-9), and hyphens (-)"
            ),
        ),
    ),
    "no handler": (
        {"periodSeconds": 5},
        "livenessProbe",
        ("livenessProbe: Required value: must specify a handler type",),
    ),
    "two handlers": (
        {"httpGet": _HTTP, "tcpSocket": {"port": 8080}},
        "livenessProbe",
        ("livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",),
    ),
    "empty command": (
        {"exec": {"command": []}},
        "startupProbe",
        ("startupProbe.exec.command: Required value",),
    ),
    "scheme in lower case": (
        {"httpGet": {**_HTTP, "scheme": "http"}},
        "livenessProbe",
        ('livenessProbe.httpGet.scheme: Unsupported value: "http": supported values: "HTTP", "HTTPS"',),
    ),
    "grace on readiness": (
        {"httpGet": _HTTP, "terminationGracePeriodSeconds": 10},
        "readinessProbe",
        ("readinessProbe.terminationGracePeriodSeconds: Invalid value: 10: must not be set for readinessProbes",),
    ),
    "grace of nothing": (
        {"httpGet": _HTTP, "terminationGracePeriodSeconds": 0},
        "livenessProbe",
        ("livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",),
    ),
    "several successes of liveness": (
        {"httpGet": _HTTP, "successThreshold": 2},
        "livenessProbe",
        ("livenessProbe.successThreshold: Invalid value: 2: must be 1",),
    ),
    "negative delay": (
        {"httpGet": _HTTP, "initialDelaySeconds": -5},
        "readinessProbe",
        ("readinessProbe.initialDelaySeconds: Invalid value: -5: must be greater than or equal to 0",),
    ),
    "header of blanks": (
        {"httpGet": {**_HTTP, "httpHeaders": [{"name": "X Y", "value": "z"}]}},
        "readinessProbe",
        (
            (
                'readinessProbe.httpGet.httpHeaders: Invalid value: "X Y": a valid HTTP header must consist of '
                "alphanumeric characters or '-'"
            ),
        ),
    ),
    "unknown field": (
        {"httpGet": {**_HTTP, "hots": "x"}, "periodSecond": 5},
        "livenessProbe",
        (
            'livenessProbe: strict decoding error: unknown field "periodSecond"',
            'livenessProbe: strict decoding error: unknown field "httpGet.hots"',
        ),
    ),
}
"""By what is wrong: the probe, the field of the container that it stands in, and what the server says of it."""

ACCEPTED: dict[str, tuple[Json, str]] = {
    "zeros": ({"httpGet": _HTTP, "periodSeconds": 0, "timeoutSeconds": 0, "failureThreshold": 0}, "livenessProbe"),
    "no path": ({"httpGet": {"port": 8080}}, "readinessProbe"),
    "several successes of readiness": ({"httpGet": _HTTP, "successThreshold": 3}, "readinessProbe"),
    "grace on liveness": ({"httpGet": _HTTP, "terminationGracePeriodSeconds": 5}, "livenessProbe"),
    "named port": ({"tcpSocket": {"port": "http"}}, "readinessProbe"),
    "command": ({"exec": {"command": ["true"]}}, "livenessProbe"),
    "gRPC": ({"grpc": {"port": 9000, "service": "db"}}, "startupProbe"),
}
