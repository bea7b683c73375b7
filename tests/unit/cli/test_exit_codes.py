"""The exit code says whether anything was found, for scripts and pipelines."""

from typing import Any

import pytest

from unit.cli.commands import probetuner
from unit.cli.manifests import BROKEN, deployment, probe, service, stream

_CRITICAL = deployment(**BROKEN)
_WARNING = deployment(livenessProbe={"httpGet": {"path": "/", "port": 8080, "host": "elsewhere"}})
_INFO = deployment(readinessProbe=probe(timeoutSeconds=20, periodSeconds=5))
_SOUND = deployment(readinessProbe=probe())


@pytest.mark.parametrize(
    ("manifest", "fail_on", "code"),
    [
        (_CRITICAL, None, 1),
        (_WARNING, None, 1),
        (_INFO, None, 0),
        (_SOUND, None, 0),
        (_CRITICAL, "critical", 1),
        (_WARNING, "critical", 0),
        (_INFO, "info", 1),
        (_SOUND, "info", 0),
        (_CRITICAL, "never", 0),
    ],
)
def test_findings_of_the_asked_severity_fail(manifest: dict[str, Any], fail_on: str | None, code: int) -> None:
    """Exit code 1 from the asked severity on (warning when nothing is asked), else 0; thin evidence is no trouble."""
    asked = () if fail_on is None else ("--fail-on", fail_on)

    assert probetuner("analyze", "-", *asked, piped=stream(manifest, service())).exit_code == code


def test_an_error_counts_more_than_findings() -> None:
    """Exit code 2 when something could not be read, whatever was found elsewhere and whatever is asked."""
    piped = stream(_CRITICAL) + b"---\n[\n"

    assert probetuner("analyze", "-", "--fail-on", "never", piped=piped).exit_code == 2


def test_a_fault_of_our_own_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw ends in a sentence with the place of the fault and exit code 2, and in no traceback."""

    def fail(_: object) -> None:
        raise LookupError("nothing\nthere")

    monkeypatch.setattr("probetuner.cli.analyze.judge", fail)
    monkeypatch.setattr("probetuner.cli.analyze.write", fail)
    result = probetuner("analyze", "-", piped=stream(_SOUND))

    assert all(line.startswith("probetuner: ") for line in result.stderr.splitlines())
    assert "please report" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize("arguments", [("analyze", "-", "-o", "word"), ("analyze", "--fail-on", "word"), ("word",)])
def test_words_that_are_no_option_are_refused(arguments: tuple[str, ...]) -> None:
    """A wrong option or command ends with exit code 2 before anything is read."""
    assert probetuner(*arguments).exit_code == 2
