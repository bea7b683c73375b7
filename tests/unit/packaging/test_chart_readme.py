"""What the chart's README promises: it is what values.yaml says, and leaves nothing out."""

import re

import pytest
import yaml

from release.chart_readme import README, main, readme
from unit.packaging.files import CHART

ABOUT = {"description": "It tunes.", "kubeVersion": ">=1.29.0-0"}


def test_the_readme_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """It is what the generator makes of values.yaml."""
    assert (main(["--check"]), capsys.readouterr().err) == (0, "")


def test_each_value_stands_in_the_readme_with_its_default() -> None:
    """Also those of groups that are told as one."""
    told = dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", README.read_text(), flags=re.MULTILINE))
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    for path, default in told.items():
        found = values
        for name in path.split("."):
            found = found[name]
        assert yaml.safe_load(default) == found, path
    assert {path.partition(".")[0] for path in told} == set(values)


def test_a_value_without_a_description_is_named() -> None:
    """So no value gets into the chart that nobody explains."""
    described = readme(ABOUT, "a:\n  # What it is.\n  b: 1\n# All of it.\nc: {d: 2}\n")

    assert "Kubernetes 1.29 or later" in described
    assert '| `a.b` | `1` | What it is. |\n| `c` | `{"d": 2}` | All of it. |' in described
    with pytest.raises(ValueError, match=r"a\.c has no comment above it"):
        readme(ABOUT, "a:\n  # What it is.\n  b: 1\n\n  c: 2\n")
