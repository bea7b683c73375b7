"""Kubelets that sign their own certificates, and somebody who has read nothing but NOTES.txt."""

from collections.abc import Iterator

import pytest

from e2e.newcomer import FirstMinutes, play
from lab import KubeletCertificates, Lab, LabError, operator_image

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

_TEN_MINUTES = 600


@pytest.fixture(scope="module")
def self_signed(lab: Lab) -> Iterator[Lab]:
    """A lab whose kubelet made its own certificate, as on kind and kubeadm."""
    own = Lab(f"{lab.name}-self")
    own.up(KubeletCertificates.SELF_SIGNED)
    own.load_image(operator_image.build())
    yield own
    own.down()


@pytest.fixture(scope="module")
def minutes(self_signed: Lab) -> FirstMinutes:
    """What came of the first minutes."""
    return play(self_signed)


def test_the_notes_alone_lead_to_a_recommendation_in_ten_minutes(minutes: FirstMinutes) -> None:
    """All that was typed stands in NOTES.txt or in what the doctor said."""
    assert minutes.finding == "liveness-kill-during-startup"
    assert "startupProbe" in minutes.patch
    assert minutes.seconds < _TEN_MINUTES


def test_the_doctor_names_the_value_and_is_content_once_it_is_set(minutes: FirstMinutes) -> None:
    """Before, it says whose certificate that is; afterwards it says no more of certificates that are not believed."""
    assert minutes.doctor_before.exit_code == 1
    assert "the kubelet signed it itself" in minutes.doctor_before.printed
    assert "--set kubelet.tls=insecure" in minutes.doctor_before.printed
    assert minutes.doctor_after.exit_code == 0, minutes.doctor_after.printed


def test_what_is_seen_is_said(minutes: FirstMinutes) -> None:
    """Events alone at first, and counters too once they are given."""
    assert (minutes.source_before, minutes.source_after) == ("EventsOnly", "EventsAndCounters")


def test_a_lab_that_is_up_does_not_become_another(self_signed: Lab) -> None:
    """What its kubelet serves is decided when it is made."""
    with pytest.raises(LabError, match="is up with a self-signed certificate of the kubelet: take it down first"):
        self_signed.up(KubeletCertificates.CLUSTER)
