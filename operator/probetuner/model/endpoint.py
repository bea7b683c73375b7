"""Which endpoints of a container the user lets be tried, and what each is called.

Somebody has to have said yes: to the endpoints in `candidates`, and with `endpoints.discovery` to a short list that is
made here. That list holds what the container's own probes ask, paths that are there to be asked by machines and do
nothing else, and connections to declared ports. Nothing is asked of a port that is not known to speak HTTP: a database
would take a GET for an attack, and say so in its log.
"""

import hashlib
from collections.abc import Iterator

from probetuner.model.candidate import Candidate
from probetuner.model.container import Container, Port
from probetuner.model.policy import ContainerMode, Policy
from probetuner.model.probe import Exec, Grpc, HttpGet, ProbeType, TcpSocket
from probetuner.model.workload import Workload

Endpoint = HttpGet | TcpSocket | Grpc

MOST_ENDPOINTS = 16
WELL_KNOWN_PATHS = ("/healthz", "/livez", "/readyz", "/health", "/ping")

_HTTP_NAMES = ("http", "health", "web")
_MOST_CHARACTERS = 512
_DIGEST_CHARACTERS = 6


def consents(policy: Policy) -> bool:
    """Whether the user lets any endpoint be tried."""
    return policy.endpoints.discovery or bool(policy.candidates)


def endpoints_of(workload: Workload, container: Container, policy: Policy) -> tuple[Candidate, ...]:
    """The endpoints of a container that may be tried, the user's own first, each once and not more than are remembered.

    None without consent, of a container that is opted out, and of pods on the node's own network.
    """
    if policy.containers.mode_of(container.name) is ContainerMode.OFF or workload.host_network:
        return ()
    first = workload.containers[0] is container
    found: dict[object, Candidate] = {}
    for candidate in (
        *(given for given in policy.candidates if given.asks(container, first=first)),
        *(_discovered(container) if policy.endpoints.discovery else ()),
    ):
        if port_of(candidate.handler, container) is not None and len(name_of(candidate.handler)) <= _MOST_CHARACTERS:
            found.setdefault(_identity(candidate.handler, container), candidate)
    return tuple(found.values())[:MOST_ENDPOINTS]


def name_of(endpoint: Endpoint) -> str:
    """What the endpoint is called in a history and in a status: as a probe's handler, with what else sets it apart."""
    if not isinstance(endpoint, HttpGet):
        return str(endpoint)
    name = str(endpoint) if endpoint.scheme.upper() == "HTTP" else f"{endpoint} over {endpoint.scheme}"
    if not endpoint.headers:
        return name
    digest = hashlib.sha256(repr(endpoint.headers).encode()).hexdigest()
    return f"{name} with headers {digest[:_DIGEST_CHARACTERS]}"


def port_of(endpoint: Endpoint, container: Container) -> int | None:
    """The number of its port; None where the container declares no port of that name (pkg/probe util.go)."""
    port = endpoint.port
    if isinstance(port, int) or port.isdecimal():
        return int(port) if 0 < int(port) < 2**16 else None
    return next((declared.number for declared in container.ports if declared.name == port), None)


def _identity(endpoint: Endpoint, container: Container) -> object:
    """What makes two endpoints the same, whether their port is written as a name or as a number."""
    port = port_of(endpoint, container)
    match endpoint:
        case HttpGet():
            return ("http", port, endpoint.path, endpoint.scheme.upper(), endpoint.headers)
        case TcpSocket():
            return ("tcp", port)
        case Grpc():
            return ("grpc", port, endpoint.service)


def _discovered(container: Container) -> Iterator[Candidate]:
    asked = [probe for kind in ProbeType if (probe := container.probe(kind)) is not None]
    own = [probe.handler for probe in asked if probe.handler is not None and not isinstance(probe.handler, Exec)]
    own = [handler for handler in own if isinstance(handler, Grpc) or not handler.host]
    yield from (_candidate(handler) for handler in own)
    places = [(handler.port, handler.scheme) for handler in own if isinstance(handler, HttpGet)]
    places += [(port.name, _scheme(port)) for port in container.ports if _speaks_http(port)]
    for port, scheme in dict.fromkeys(places):
        yield from (_candidate(HttpGet(port=port, path=path, scheme=scheme)) for path in WELL_KNOWN_PATHS)
    yield from (_candidate(TcpSocket(port=port.number)) for port in container.ports if port.protocol == "TCP")


def _speaks_http(port: Port) -> bool:
    return port.protocol == "TCP" and port.name.startswith(_HTTP_NAMES)


def _scheme(port: Port) -> str:
    return "HTTPS" if port.name.startswith("https") else "HTTP"


def _candidate(endpoint: Endpoint) -> Candidate:
    return Candidate(handler=endpoint, written=_written(endpoint))


def _written(endpoint: Endpoint) -> dict[str, object]:
    match endpoint:
        case HttpGet():
            headers = [{"name": name, "value": value} for name, value in endpoint.headers]
            body = {"path": endpoint.path, "port": endpoint.port, "scheme": endpoint.scheme}
            return {"httpGet": body | ({"httpHeaders": headers} if headers else {})}
        case TcpSocket():
            return {"tcpSocket": {"port": endpoint.port}}
        case Grpc():
            return {"grpc": {"port": endpoint.port, "service": endpoint.service}}
