"""What the kubelet's event texts mean: the one place that knows its wordings.

Covers Kubernetes 1.30 to 1.37 with containerd and CRI-O (kubelet: prober/prober.go, kuberuntime_manager.go,
kuberuntime_container.go; client-go: tools/record/events_cache.go; the probers in pkg/probe). Nothing that is read here
changed from 1.35.4 to 1.36.3 and 1.37.2; an errored attempt of 1.37 quotes the port name that it did not find.

Everything after "probe failed:" may be written by the workload itself, so it is matched from its beginning, by the kind
of handler where that is known, and never interpreted further.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from probetuner.facts.fact import FailureCause
from probetuner.model.probe import Exec, Grpc, Handler, HttpGet, ProbeType, TcpSocket


class Outcome(StrEnum):
    """What became of a probe's attempt: only a failed one counts towards the threshold (worker.go doProbe).

    An errored attempt could not be made, and its result is thrown away; one with a warning counts as a success.
    """

    FAILED = "failed"
    ERRORED = "errored"
    WARNED = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A probe's attempt as its event tells it; `output` is the beginning of what the handler or the kubelet said.

    `combined` marks an event that stands for several messages, of which the text is only the latest.
    """

    probe: ProbeType
    outcome: Outcome
    output: str
    combined: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """The kubelet kills the container because this probe reached its threshold."""

    probe: ProbeType


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The kubelet stops the container and not for a probe: its pod goes away, or its sandbox has to be made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The kubelet holds the container back before it starts it again."""


_READ_CHARACTERS = 2000
"""The kubelet's own words come first; what follows is up to 10 KiB from the workload."""

_COMBINED = "(combined from similar events): "
_ATTEMPT = re.compile(
    r"(Liveness|Readiness|Startup) probe "
    r"(failed|errored(?: and resulted in \w+ state)?|warning): ?(.*)",
    re.DOTALL,
)
_KILL = re.compile(r"(?:Init container|Container) \S+ failed (liveness|startup) probe(?:, will be restarted)?")
_STOPPING = "Stopping container "
_KILLERS = {"liveness": ProbeType.LIVENESS, "startup": ProbeType.STARTUP}
_REASONS_OF_ATTEMPTS = ("Unhealthy", "ProbeWarning")


def read(reason: str, message: str) -> Attempt | Kill | Stop | Waiting | None:
    """What an event of the kubelet about a pod means; None when it is not about a probe or its consequences.

    `Back-off pulling image` has the same reason as the back-off between restarts and is none of them.
    """
    body = message.removeprefix(_COMBINED)
    if reason in _REASONS_OF_ATTEMPTS and (found := _ATTEMPT.match(body)):
        return Attempt(
            probe=ProbeType(found[1]),
            outcome=Outcome(found[2].split(" ", 1)[0]),
            output=found[3][:_READ_CHARACTERS],
            combined=message.startswith(_COMBINED),
        )
    if reason == "Killing" and (kill := _KILL.fullmatch(body)):
        return Kill(probe=_KILLERS[kill[1]])
    if reason == "Killing" and body.startswith(_STOPPING):
        return Stop()
    if reason == "BackOff" and body.startswith("Back-off restarting failed container"):
        return Waiting()
    return None


_FIELD_PATH = re.compile(r"spec\.(?:initContainers|containers)\{([^{}]+)\}")


def container_of(field_path: str) -> str | None:
    """The container that an event's `involvedObject.fieldPath` names; None for the pod itself and ephemeral ones.

    Since 1.35 the messages no longer name it. Sidecars stand under initContainers.
    """
    found = _FIELD_PATH.fullmatch(field_path)
    return found[1] if found else None


_BACK_OFF = re.compile(
    r"back-off (?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,9}(?:\.\d{1,9})?)s)? restarting failed container"
)


def back_off_seconds(message: str) -> float | None:
    """How long the kubelet waits, from the message of a container in CrashLoopBackOff; None where it does not say."""
    found = _BACK_OFF.match(message)
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (float(group or 0) for group in found.groups())
    return hours * 3600 + minutes * 60 + seconds


_EXEC_TIMEOUT = re.compile(r'command timed out(?:: ".*" timed out after \S+)?|command ".*" timed out', re.DOTALL)
_GRPC = re.compile(
    r"timeout: (?:failed to connect service|health rpc did not)|service unhealthy \(responded with|error: "
)
_HTTP_GET = re.compile(r'Get "(?:[^"\\]|\\.)*": ')
_HTTP_STATUS = "HTTP probe failed with statuscode:"
_NETWORK: tuple[tuple[re.Pattern[str], FailureCause], ...] = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (r"malformed HTTP (?:response|status code|version) \"\\x15\\x03", FailureCause.TLS),
        (r"malformed ", FailureCause.OTHER),
        (r"stopped after \d+ redirects", FailureCause.HTTP_STATUS),
        (r"connect: connection refused", FailureCause.REFUSED),
        (r"context deadline exceeded|Client\.Timeout|i/o timeout|timed out|[Tt]imeout", FailureCause.TIMEOUT),
        (r"server gave HTTP response to HTTPS client|\btls: |\bx509: ", FailureCause.TLS),
        (r"connection reset by peer|broken pipe|\bEOF\b|server closed idle connection", FailureCause.RESET),
    )
)


def failure_cause(output: str, *, handler: type[Handler] | None = None) -> FailureCause:
    """Why a failed attempt failed, from what follows "probe failed:".

    `handler` is the kind of the probe's handler where it is known: the output of an exec probe is free text and may
    look like that of any other. CRI-O reports an exec timeout as a failed command whose output is just
    "command timed out". A refused gRPC connection is retried until the deadline and looks like a timeout.
    """
    if (handler or _handler_by(output)) is Exec:
        return FailureCause.EXEC_TIMEOUT if _EXEC_TIMEOUT.fullmatch(output.strip()) else FailureCause.EXEC_EXIT
    if output.startswith(_HTTP_STATUS):
        return FailureCause.HTTP_STATUS
    if output.startswith("service unhealthy (responded with"):
        return FailureCause.GRPC_NOT_SERVING
    rest = output[found.end() :] if (found := _HTTP_GET.match(output)) else output
    return next((cause for pattern, cause in _NETWORK if pattern.search(rest)), FailureCause.OTHER)


CLIENT_ERROR = r"4(?!08|25|29)\d\d"
"""The HTTP statuses by which a server says no to what is asked, as a pattern: not those that ask to come again."""
_CLIENT_ERROR = re.compile(rf"{_HTTP_STATUS} {CLIENT_ERROR}\b")


def is_client_error(output: str) -> bool:
    """Whether what follows "probe failed:" is an HTTP status from 400 to 499 that speaks of what was asked.

    408, 425 and 429 speak of the moment: ask again (RFC 9110, RFC 8470, RFC 6585).
    """
    return _CLIENT_ERROR.match(output) is not None


def _handler_by(output: str) -> type[Handler]:
    if output.startswith((_HTTP_STATUS, 'Get "')):
        return HttpGet
    if output.startswith("dial tcp "):
        return TcpSocket
    return Grpc if _GRPC.match(output) else Exec


_RUNTIME_ID = re.compile(r"\b[0-9a-f]{64}\b")
_KEPT_CHARACTERS = 500


_SENTENCE_CHARACTERS, _SENTENCE_END = 200, 80


def sentence(output: str) -> str:
    """What follows "probe failed:" in one line that any terminal may show, at most 200 long and cut in the middle.

    A program says first what it does and last what came of it.
    """
    line = " ".join(_RUNTIME_ID.sub("…", output[:_READ_CHARACTERS]).split())
    line = "".join(character if character.isprintable() else "�" for character in line)
    if len(line) <= _SENTENCE_CHARACTERS:
        return line
    return f"{line[: _SENTENCE_CHARACTERS - _SENTENCE_END - 1]}…{line[-_SENTENCE_END:]}"


def error_text(output: str) -> str:
    """The text of an errored attempt, at most 500 long, without the runtime's ids: the same error reads the same."""
    return _RUNTIME_ID.sub("…", output[:_READ_CHARACTERS])[:_KEPT_CHARACTERS]
