"""A real API server refuses what `rejected-by-api-server` says it does, in those words, and takes the rest."""

import copy
import json
from typing import Any

import pytest

from lab import Lab
from lab.errors import LabError
from support.refused import ACCEPTED, REFUSED

pytestmark = pytest.mark.cluster


def _try(lab: Lab, probe: dict[str, Any], field: str) -> str:
    """What kubectl says when a pod with that probe is created in a dry run of the server."""
    container = {"name": "app", "image": "localhost/none:1", "ports": [{"name": "http", "containerPort": 8080}]}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tried", "namespace": "default"},
        "spec": {"containers": [{**container, field: copy.deepcopy(probe)}]},
    }
    return lab.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", input=json.dumps(pod))


@pytest.mark.parametrize("name", REFUSED)
def test_the_server_refuses_it_in_these_words(lab: Lab, name: str) -> None:
    """Each sentence stands in the server's answer, from the container's field on."""
    probe, field, sentences = REFUSED[name]

    with pytest.raises(LabError) as answer:
        _try(lab, probe, field)

    for sentence in sentences:
        place, _, words = sentence.partition(": ")
        assert words.removeprefix("strict decoding error: ").partition(' "')[0] in str(answer.value)
        assert place.rpartition(".")[2] in str(answer.value)


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_server_takes_it(lab: Lab, name: str) -> None:
    """What is not refused here is created."""
    probe, field = ACCEPTED[name]

    assert "created" in _try(lab, probe, field)
