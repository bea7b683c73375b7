"""Each refusal is explained where people look it up."""

import re

from probetuner.change.block import BlockReason
from unit.packaging.files import ROOT


def test_every_refusal_has_its_line_in_the_docs() -> None:
    """The page has one line for each reason that a condition can show, and for no other."""
    page = (ROOT / "docs" / "refusals.md").read_text()

    assert sorted(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == sorted(BlockReason)
