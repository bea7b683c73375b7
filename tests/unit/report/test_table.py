"""The table is grouped by finding, the worst first, and says each thing once."""

from pathlib import Path
from typing import Any

import pytest

from unit.cli.commands import probetuner
from unit.cli.manifests import BROKEN, deployment, probe, service, stream

EAGER: dict[str, Any] = {"livenessProbe": probe(periodSeconds=2, initialDelaySeconds=60)}
"""Liveness that kills after 7 s of silence: a warning."""
SOUND: dict[str, Any] = {"livenessProbe": probe(initialDelaySeconds=60)}
"""Nothing is wrong with it, as far as a manifest shows."""


def table(*documents: Any) -> str:
    """What a pipe gets of these manifests."""
    return probetuner("analyze", "-", piped=stream(*documents)).stdout


def words(text: str) -> str:
    """The text without its line ends."""
    return " ".join(text.split())


def test_the_worst_finding_comes_first() -> None:
    """Whatever the order of the files: critical, warning, info, and in the end that nothing is known."""
    told = table(deployment("eager", **EAGER), deployment("sound", **SOUND), deployment("broken", **BROKEN))
    headings = [line.split(":")[0] for line in told.splitlines() if line.startswith(("CRITICAL", "WARNING", "INFO"))]

    assert headings == [
        "CRITICAL port-not-declared",
        "WARNING liveness-too-eager",
        "INFO start-not-protected",
        "INFO insufficient-evidence",
    ]


def test_a_finding_is_explained_once() -> None:
    """Of many workloads the names are told, and what they have in common once."""
    told = table(*(deployment(f"web-{number}", **EAGER) for number in range(30)))

    assert told.count("liveness-too-eager") == 1
    assert words(told).count("A restart then cures nothing") == 1
    assert told.count("liveness restarts the container after at most") == 1
    assert all(f"Deployment/shop/web-{number}\n" in told for number in range(30))


def test_a_finding_of_two_severities_is_explained_where_it_is_worse() -> None:
    """Info comes after all warnings and does not repeat what a warning said."""
    told = table(
        deployment("single", replicas=1), service("single"), deployment("several", replicas=3), service("several")
    )

    assert "WARNING missing-readiness: 1 container" in told
    assert "INFO missing-readiness: 1 container\n  (explained above)" in told
    assert words(told).count("some fail at every rollout") == 1


@pytest.mark.parametrize(("count", "named"), [(5, True), (6, False)])
def test_many_of_which_nothing_is_known_are_a_count(count: int, named: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A line for each would hide what was found."""
    told = table(*(deployment(f"sound-{number}", **SOUND) for number in range(count)))

    assert f"insufficient-evidence: {count} containers" in told
    assert ("sound-0" in told) is named


def test_file_and_line_stand_beside_the_workload(tmp_path: Path) -> None:
    """As editors and terminals take them for a link; also of a Pod, and where two files have one name."""
    for name in ("dev", "prod"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "web.yaml").write_bytes(b"# the shop\n" + stream(deployment(**BROKEN)))
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lone"}}
    (tmp_path / "pod.yaml").write_bytes(stream({**pod, "spec": {"containers": [{"name": "c", **BROKEN}]}}))
    told = probetuner("analyze", tmp_path).stdout
    lines = {name: (tmp_path / name).read_text().split("livenessProbe:")[0].count("\n") + 1 for name in
             ("dev/web.yaml", "prod/web.yaml", "pod.yaml")}  # fmt: skip

    for name, line in lines.items():
        assert f"{tmp_path / name}:{line}" in told


def test_containers_are_named_where_there_are_several() -> None:
    """One container needs no name: the workload's says it all."""
    two = deployment("two", **BROKEN)
    two["spec"]["template"]["spec"]["containers"].append({"name": "proxy", "image": "proxy:1"})
    told = table(deployment("one", **BROKEN), two)

    assert "Deployment/shop/two, container app\n" in told
    assert "Deployment/shop/one\n" in told


def test_the_summary_counts() -> None:
    """Workloads, findings by severity, and what the manifest silences."""
    silenced = deployment("silenced", **BROKEN)
    silenced["metadata"]["annotations"] = {"probetuner.dev/ignore": "port-not-declared the mesh adds it"}
    told = table(deployment("a", **BROKEN), deployment("b", **EAGER), silenced)

    assert "3 workloads, 4 findings: 1 critical, 1 warning, 2 info; 1 silenced by the manifests" in words(told)


def test_the_summary_counts_what_the_baseline_has(tmp_path: Path) -> None:
    """Nothing new is not the same as nothing found."""
    manifest, before = tmp_path / "web.yaml", tmp_path / "before.json"
    manifest.write_bytes(stream(deployment(**BROKEN)))
    before.write_text(probetuner("analyze", manifest, "-o", "json").stdout)
    told = probetuner("analyze", manifest, "--baseline", before).stdout

    assert "no finding; 2 known from the baseline" in words(told)


def test_nothing_found_is_said() -> None:
    """An empty report is one line, not an empty one."""
    assert "1 workload, no finding" in table(deployment(**SOUND))
