"""`probetuner explain` and the docs say the same of every finding."""

from pathlib import Path

import pytest

from probetuner.diagnosis.finding import FindingName
from unit.cli.commands import probetuner

_DOCS = Path(__file__).parents[3] / "docs" / "findings"


@pytest.mark.parametrize("name", list(FindingName))
def test_every_finding_is_explained(name: FindingName) -> None:
    """Each finding has a page in the docs that says when it is found, what to do and what it is not."""
    page = (_DOCS / f"{name}.md").read_text()

    assert page.startswith(f"# {name}\n\n")
    for heading in ("## When it is found", "## What to do", "## What it is not"):
        assert f"\n{heading}\n" in page
    assert probetuner("explain", name).stdout == page


def test_no_page_is_about_a_finding_that_there_is_not() -> None:
    """A finding that is taken away takes its page along."""
    assert {page.stem for page in _DOCS.glob("*.md")} == set(FindingName)


def test_all_findings_are_listed() -> None:
    """Without a name each finding stands on a line of its own."""
    lines = probetuner("explain").stdout.splitlines()

    assert [line.split()[0] for line in lines] == list(FindingName)


def test_an_unknown_name_is_refused() -> None:
    """A name that is no finding ends in a sentence with the next step."""
    result = probetuner("explain", "gremlins")

    assert "probetuner explain lists them all" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize("command", ["analyze", "doctor", "record", "replay", "explain", "run"])
def test_every_command_helps(command: str) -> None:
    """Every command is listed with its help, and has help of its own."""
    assert command in probetuner("--help").stdout
    assert probetuner(command, "--help").exit_code == 0
