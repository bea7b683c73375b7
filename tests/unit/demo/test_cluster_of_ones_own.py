"""What the demonstration does to a cluster that is somebody's own, and what it refuses to do."""

from pathlib import Path

import pytest

from demo import installation, namespaces
from demo.cluster import DemoError, current_cluster
from unit.demo.programs import Programs

IMAGES = [
    (
        "registry.example:5000/team/probetuner:1.2",
        ("image.repository=registry.example:5000/team/probetuner", "image.tag=1.2"),
    ),
    ("probetuner@sha256:abc", ("image.repository=probetuner", "image.digest=sha256:abc")),
]


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """Stand-ins for kubectl and helm, of a cluster in which there is nothing."""
    found = Programs(folder=tmp_path)
    found.answer("helm", "list", [])
    found.answer("kubectl", "get", {"items": []})
    return found


def test_missing_images_are_asked_for_with_the_commands() -> None:
    """Without images nothing is touched, and the answer says how to make them."""
    with pytest.raises(DemoError, match=r"docker push .*probetuner:dev"):
        current_cluster(image="", demo_image="")


@pytest.mark.parametrize(("image", "settings"), IMAGES)
def test_an_image_reaches_the_chart_as_it_was_given(programs: Programs, image: str, settings: tuple[str, ...]) -> None:
    """Registries with ports, tags and digests are told apart."""
    installation.install(programs.cluster(operator_image=image))

    told = programs.told("helm")[-1]
    assert all(f"--set={setting}" in told.split() for setting in settings)


@pytest.mark.parametrize("image", ["probetuner", "registry.example:5000/probetuner"])
def test_an_image_without_a_tag_is_refused(programs: Programs, image: str) -> None:
    """The chart would take a tag of its own choice; the answer says what to give."""
    with pytest.raises(DemoError, match="without a tag"):
        installation.install(programs.cluster(operator_image=image))


def test_a_second_probetuner_is_refused(programs: Programs) -> None:
    """Two operators would both patch; nothing is installed beside one that is there."""
    programs.answer("helm", "list", [{"name": "tuner", "namespace": "ops", "chart": "probetuner-0.1.0"}])

    with pytest.raises(DemoError, match="helm uninstall tuner -n ops"):
        installation.install(programs.cluster())

    assert [line for line in programs.told("helm") if line.startswith("install")] == []


def test_a_namespace_of_somebody_else_is_not_taken(programs: Programs) -> None:
    """A namespace that the demonstration did not make is an error, and it is only removed by the label."""
    programs.answer("kubectl", "get", {"items": [{"metadata": {"name": namespaces.RNG}}]})
    cluster = programs.cluster()

    with pytest.raises(DemoError, match=namespaces.RNG):
        namespaces.make(cluster, namespaces.RNG)
    namespaces.remove_all(cluster)

    removals = [line for line in programs.told("kubectl") if line.startswith("delete")]
    assert [f"--selector={namespaces.LABEL}" in removal.split() for removal in removals] == [True]
