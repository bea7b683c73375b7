"""The page that says where things are changed names what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROWS = [row for row in (ROOT / "docs" / "where.md").read_text().splitlines() if row.startswith("| ")][2:]
PATHS = sorted({path for row in ROWS for path in re.findall(r"`([\w./-]+\.\w+)`", row)})


@pytest.mark.parametrize("path", PATHS)
def test_each_path_is_there(path: str) -> None:
    """From the checkout's root, or from the package's."""
    assert any((folder / path).is_file() for folder in (ROOT, ROOT / "operator" / "probetuner"))


def test_each_row_says_where_and_by_which_test_and_each_target_is_one() -> None:
    """What is named and what is promised can be typed."""
    targets = {target for row in ROWS for target in re.findall(r"`make ([\w-]+)`", row)}
    known = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))

    assert targets <= known
    for row in ROWS:
        _, _, begin, tests, _, _ = row.split("|")
        assert re.search(r"`[\w./-]+\.\w+`", begin)
        assert re.search(r"`tests/[\w./-]+\.py`", tests)
