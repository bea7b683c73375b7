"""The pages on decisions are short, complete and found, and what they show is understood."""

import re
from pathlib import Path

import pytest
import yaml

from probetuner.model.policy import Costs
from probetuner.model.spec import parse_policy

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "adr"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
MOST_LINES = 60
"""One page."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_decision_is_one_page_with_all_its_parts(page: Path) -> None:
    """What led to it, what it is, what was tried, what follows; and the index has it by its title."""
    text = page.read_text()
    number, title = re.fullmatch(r"# (\d+)\. (.+)", text.splitlines()[0]).groups()  # type: ignore[union-attr]
    parts = ("**Context.**", "**Decision.**", "**Tried.**", "**Consequence.**")

    assert page.name.startswith(f"{int(number):04}-")
    assert f"| [{number}]({page.name}) | {title} |" in (FOLDER / "README.md").read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize("page", [*PAGES, FOLDER / "README.md"], ids=lambda page: page.stem)
def test_links_lead_to_a_page(page: Path) -> None:
    """Of the checkout, wherever it lies."""
    targets = re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", page.read_text())

    assert [target for target in targets if not (FOLDER / target).is_file()] == []


def test_the_example_of_prices_is_a_policy() -> None:
    """It can be applied as it stands there."""
    (block,) = re.findall(r"```yaml\n(.*?)```", (FOLDER / "0006-prices-are-the-users.md").read_text(), re.DOTALL)

    costs = parse_policy(yaml.safe_load(block)["spec"], place="docs").objectives.costs
    assert costs == Costs(error_seconds=50, false_restart_seconds=300)
