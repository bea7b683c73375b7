"""docs/platforms.md and README.md say what is so: each value is one of the chart's, the output that of the command."""

import re
from typing import Any

import pytest
import yaml

from unit.cli.commands import RECORDINGS, probetuner
from unit.packaging.files import CHART, ROOT

PAGE = (ROOT / "docs" / "platforms.md").read_text()
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
NAMED = sorted(set(re.findall(r"(?:--set |`)([a-z][A-Za-z]*(?:\.[A-Za-z]+)+)=", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_each_value_is_one_of_the_chart(name: str) -> None:
    """Whoever types it gets what the page promises, and no refusal of a name that is not there."""
    found: Any = VALUES
    for part in name.split("."):
        assert part in found, f"{name} is no value of the chart"
        found = found[part]


def test_the_page_names_values() -> None:
    """Else nothing would be checked here."""
    assert len(NAMED) >= 5


def test_the_first_minute_is_what_the_command_prints() -> None:
    """Line by line, from the recording that everybody has."""
    printed = probetuner("analyze", RECORDINGS / "01-rng-cascade").stdout
    block = "".join(f"    {line}".rstrip() + "\n" for line in printed.splitlines())

    assert block in (ROOT / "README.md").read_text()
