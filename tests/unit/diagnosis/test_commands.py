"""Whether a failure of what a command asks reaches the kubelet, which reads its exit code only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.diagnosis.commands import hidden_failure
from probetuner.diagnosis.leak import Leak, leak_of
from probetuner.model.probe import Exec, Probe


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["curl", "http://localhost/health"], "--fail"),
        (["curl", "-sS", "-o", "/dev/null", "http://localhost/health"], "--fail"),
        (["timeout", "5", "curl", "-s", "localhost"], "--fail"),
        (["sh", "-c", "curl -s http://localhost/health"], "--fail"),
        (["sh", "-c", "curl -s http://localhost/health || exit 1"], "--fail"),
        (["bash", "-c", "curl -f http://localhost/health | tee /tmp/health"], "tee"),
        (["sh", "-c", "pg_isready || true"], "|| true"),
        (["sh", "-c", "pg_isready || exit 0"], "|| exit 0"),
        (["sh", "-c", "pg_isready; echo done"], "echo"),
        (["sh", "-c", "pg_isready\necho done\n"], "echo"),
    ],
)
def test_a_failure_that_is_hidden_is_told(command: list[str], why: str) -> None:
    """The sentence names what hides it."""
    assert why in (hidden_failure(tuple(command)) or "")


@pytest.mark.parametrize(
    "command",
    [
        ["curl", "-fsS", "http://localhost/health"],
        ["curl", "--silent", "--fail", "http://localhost/health"],
        ["curl", "--fail-with-body", "localhost"],
        ["wget", "-q", "-O-", "http://localhost/health"],
        ["redis-cli", "ping"],
        ["check", "--separator", "|"],
        ["sh", "-c", "redis-cli ping | grep -q PONG"],
        ["sh", "-c", "curl -s http://localhost/health | grep -q UP"],
        ["sh", "-c", '[ "$(curl -s -w "%{http_code}" http://localhost)" = 200 ]'],
        ["bash", "-c", "set -o pipefail; curl -f localhost | tee /tmp/health"],
        ["bash", "-ec", "pg_isready\necho done"],
        ["sh", "-c", "if curl localhost; then exit 0; fi; exit 1"],
        ["sh", "-c", "curl localhost && test -f /ready"],
        ["sh", "-c", "echo 'a | tee'; pg_isready"],
        ["sh", "-c", "unclosed 'quote"],
        ["/probe.sh"],
        [],
    ],
)
def test_what_may_fail_is_not_told(command: list[str]) -> None:
    """A test, grep, branches of its own or an unreadable script are left to their author."""
    assert hidden_failure(tuple(command)) is None


@given(st.lists(st.text(alphabet="curl sh-cftrue|&;\n'\"$(){}[]", max_size=30), max_size=5))
def test_any_command_can_be_read(command: list[str]) -> None:
    """Whatever the command is, reading it ends with an answer."""
    hidden_failure(("sh", "-c", *command))
    leak_of(Probe(handler=Exec(command=("bash", "-c", *command))))


@pytest.mark.parametrize(
    ("command", "leaks"),
    [
        (["bash", "-c", "redis-cli ping"], False),
        (["bash", "-ec", 'mysqladmin status -p"$PASSWORD"'], False),
        (["sh", "-c", "exec pg_isready\n[ -f /ready ]"], False),
        (["sh", "-c", "-e", "exec pg_isready"], False),
        (["bash", "-ec", "curl -f --user user:$(< /password) localhost"], False),
        (["bash", "-c", "curl $(cat /password) localhost"], True),
        (["sh", "-c", "redis-cli ping"], True),
        (["bash", "-c", "a; b"], True),
        (["bash", "-c", "a | b"], True),
        (["sh", "-c", "exec a | b"], True),
    ],
)
def test_a_shell_that_is_replaced_leaves_no_orphan(command: list[str], leaks: bool) -> None:  # noqa: FBT001 - a table
    """`exec`, and bash with a lone command, put the program in the shell's place; dash forks for it."""
    assert (leak_of(Probe(handler=Exec(command=tuple(command)))) is Leak.TIMEOUT) is leaks
