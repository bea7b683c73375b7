"""The kubelet's wordings from 1.30 to 1.37, with containerd and CRI-O, mean what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.facts import messages
from probetuner.facts.fact import FailureCause
from probetuner.facts.messages import Attempt, Kill, Outcome, Waiting
from probetuner.model.probe import Exec, Grpc, Handler, HttpGet, ProbeType, TcpSocket

GET = 'Get "http://10.0.0.7:80/livez": '


@pytest.mark.parametrize(
    ("message", "probe", "outcome", "output"),
    [
        ("Liveness probe failed: boom", ProbeType.LIVENESS, Outcome.FAILED, "boom"),
        ("Startup probe failed: ", ProbeType.STARTUP, Outcome.FAILED, ""),
        ("Readiness probe failed: two\nlines", ProbeType.READINESS, Outcome.FAILED, "two\nlines"),
        ("Liveness probe errored: no such file", ProbeType.LIVENESS, Outcome.ERRORED, "no such file"),
        (
            "Liveness probe errored and resulted in unknown state: rpc error",
            ProbeType.LIVENESS,
            Outcome.ERRORED,
            "rpc error",
        ),
        (
            "Readiness probe errored and resulted in failure state: EOF",
            ProbeType.READINESS,
            Outcome.ERRORED,
            "EOF",
        ),
        (
            "Readiness probe warning: Probe terminated redirects, Response body: x",
            ProbeType.READINESS,
            Outcome.WARNED,
            "Probe terminated redirects, Response body: x",
        ),
    ],
)
def test_an_attempt_is_read_in_every_wording(message: str, probe: ProbeType, outcome: Outcome, output: str) -> None:
    """Failed, errored (before and since 1.34) and warned attempts are told apart, with their probe."""
    expected = Attempt(probe=probe, outcome=outcome, output=output, combined=False)

    assert messages.read("ProbeWarning" if outcome is Outcome.WARNED else "Unhealthy", message) == expected


def test_a_combined_event_is_marked() -> None:
    """An event folded from different messages is read as its latest one, and says that it is folded."""
    meaning = messages.read("Unhealthy", "(combined from similar events): Liveness probe failed: EOF")

    assert meaning == Attempt(probe=ProbeType.LIVENESS, outcome=Outcome.FAILED, output="EOF", combined=True)


@pytest.mark.parametrize(
    ("message", "probe"),
    [
        ("Container web failed liveness probe, will be restarted", ProbeType.LIVENESS),
        ("Container web failed startup probe, will be restarted", ProbeType.STARTUP),
        ("Container web failed liveness probe", ProbeType.LIVENESS),
        ("Init container proxy failed liveness probe", ProbeType.LIVENESS),
        ("Init container proxy failed startup probe", ProbeType.STARTUP),
    ],
)
def test_a_kill_for_a_probe_is_read(message: str, probe: ProbeType) -> None:
    """The kubelet's announcement names the probe, with and without a restart to follow, for sidecars too."""
    assert messages.read("Killing", message) == Kill(probe=probe)


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("Killing", "Container web definition changed, will be restarted"),
        ("Killing", "FailedPostStartHook"),
        ("Killing", 'Container is in "unknown" state, try killing it before restart'),
        ("BackOff", 'Back-off pulling image "nginx"'),
        ("Started", "Container started"),
        ("Unhealthy", "something else"),
        ("Started", "Liveness probe failed: not under this reason"),
    ],
)
def test_what_is_not_about_probes_means_nothing(reason: str, message: str) -> None:
    """Other kills, image pulls and other reasons are not taken for a probe's doing."""
    assert messages.read(reason, message) is None


def test_a_stop_that_is_no_probes_doing_is_read() -> None:
    """The kubelet says so when it deletes a pod, and when it makes a sandbox anew."""
    assert messages.read("Killing", "Stopping container web") == messages.Stop()


def test_back_off_between_restarts_is_read() -> None:
    """The Warning BackOff event means that the kubelet waits."""
    assert messages.read("BackOff", "Back-off restarting failed container web in pod web_x(1)") == Waiting()


@pytest.mark.parametrize(
    ("output", "handler", "cause"),
    [
        (GET + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)", HttpGet, "timeout"),
        (GET + "net/http: request canceled (Client.Timeout exceeded while awaiting headers)", HttpGet, "timeout"),
        (GET + "dial tcp 10.0.0.7:80: i/o timeout", HttpGet, "timeout"),
        (GET + "dial tcp 10.0.0.7:80: connect: connection timed out", HttpGet, "timeout"),
        (GET + "net/http: TLS handshake timeout", HttpGet, "timeout"),
        (GET + "dial tcp 10.0.0.7:80: connect: connection refused", HttpGet, "refused"),
        (GET + "dial tcp 10.0.0.7:80: connect: no route to host", HttpGet, "other"),
        (GET + "read tcp 10.0.0.1:1->10.0.0.7:80: read: connection reset by peer", HttpGet, "reset"),
        (GET + "EOF", HttpGet, "reset"),
        (GET + "http: server gave HTTP response to HTTPS client", HttpGet, "tls"),
        (GET + "tls: failed to verify certificate: x509: unknown authority", HttpGet, "tls"),
        (
            GET + r'net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15\x03\x01"',
            HttpGet,
            "tls",
        ),
        (GET + r'malformed HTTP response "connect: connection refused"', HttpGet, "other"),
        ('Get "/": stopped after 10 redirects', HttpGet, "http-status"),
        ('Get "http://10.0.0.7:80/timeout?EOF": dial tcp: connect: connection refused', HttpGet, "refused"),
        ("HTTP probe failed with statuscode: 503", HttpGet, "http-status"),
        ("dial tcp 10.0.0.7:80: connect: connection refused", TcpSocket, "refused"),
        ("dial tcp 10.0.0.7:80: i/o timeout", TcpSocket, "timeout"),
        ('command timed out: "sh -c x" timed out after 1s', Exec, "exec-timeout"),
        ('command "sh -c x" timed out', Exec, "exec-timeout"),
        ("command timed out", Exec, "exec-timeout"),
        ("", Exec, "exec-exit"),
        ("psql: connection refused", Exec, "exec-exit"),
        ('timeout: failed to connect service "10.0.0.7:1" within 1s: context deadline exceeded', Grpc, "timeout"),
        ("timeout: health rpc did not complete within 1s", Grpc, "timeout"),
        ('service unhealthy (responded with "NOT_SERVING")', Grpc, "grpc-not-serving"),
        ("error: this server does not implement the grpc health protocol: unknown service", Grpc, "other"),
    ],
)
def test_the_cause_is_read_with_and_without_the_handler(output: str, handler: type[Handler], cause: str) -> None:
    """Each text of the kubelet's probers gives its cause, known handler or not."""
    assert messages.failure_cause(output, handler=handler) == FailureCause(cause)
    assert messages.failure_cause(output) == FailureCause(cause)


@pytest.mark.parametrize(
    "output", [GET + "context deadline exceeded", "HTTP probe failed with statuscode: 500", "dial tcp: i/o timeout"]
)
def test_what_an_exec_probe_prints_is_not_taken_for_the_kubelets_words(output: str) -> None:
    """The output of a command is free text: with the handler known it is an exit, whatever it looks like."""
    assert messages.failure_cause(output, handler=Exec) is FailureCause.EXEC_EXIT


@pytest.mark.parametrize(
    ("field_path", "container"),
    [
        ("spec.containers{app}", "app"),
        ("spec.initContainers{proxy}", "proxy"),
        ("spec.ephemeralContainers{debug}", None),
        ("", None),
        ("spec.containers{}", None),
    ],
)
def test_the_container_comes_from_the_field_path(field_path: str, container: str | None) -> None:
    """Regular containers and sidecars are named, ephemeral ones and pods are not."""
    assert messages.container_of(field_path) == container


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("40s", 40), ("1m20s", 80), ("2m40s", 160), ("5m0s", 300), ("1h0m0s", 3600), ("", None)],
)
def test_back_off_durations_are_read(text: str, seconds: float | None) -> None:
    """Go's way of writing durations gives seconds."""
    assert messages.back_off_seconds(f"back-off {text} restarting failed container=a pod=b_c(d)") == seconds


def test_errors_that_differ_in_the_runtimes_ids_read_the_same() -> None:
    """The same missing binary gives the same text at each attempt, and a bounded one."""
    one, other = (
        messages.error_text(f'failed to start exec "{digit * 64}": executable file not found in $PATH')
        for digit in "ab"
    )

    assert one == other
    assert "executable file not found" in one
    assert len(messages.error_text("x" * 100_000)) <= 500


@given(st.sampled_from(["Unhealthy", "Killing", "BackOff", "ProbeWarning"]), st.text())
def test_no_text_breaks_the_reading(reason: str, text: str) -> None:
    """Whatever a workload prints is read without an exception."""
    for message in (text, f"Liveness probe failed: {text}", f"Container {text} failed liveness probe"):
        messages.read(reason, message)
    messages.failure_cause(text)
    messages.back_off_seconds(f"back-off {text} restarting failed container")
    messages.container_of(text)


@given(st.text(max_size=6000))
def test_a_sentence_is_one_line_that_any_terminal_may_show(output: str) -> None:
    """What a workload prints is cut, and nothing in it is obeyed."""
    said = messages.sentence(output)

    assert len(said) <= 200
    assert said.isprintable()


def test_a_long_sentence_keeps_its_beginning_and_its_end() -> None:
    """A program says first what it does and last what came of it."""
    said = messages.sentence("connecting to the database\n" + "trying again " * 99 + "\ngave up: no route to host\n")

    assert said.startswith("connecting to the database trying again")
    assert said.endswith("trying again gave up: no route to host")


@pytest.mark.parametrize(
    ("code", "of_the_client"), [(404, True), (401, True), (503, False), (429, False), (408, False)]
)
def test_a_status_that_speaks_of_the_moment_is_no_wrong_question(code: int, *, of_the_client: bool) -> None:
    """Too many requests, and too slow ones, are answered otherwise a moment later."""
    assert messages.is_client_error(f"HTTP probe failed with statuscode: {code}") == of_the_client
