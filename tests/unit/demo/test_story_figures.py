"""What a story counts while it looks at its namespace again and again."""

from demo.narration import news, policy_moved
from demo.observation import Observation, read
from demo.tally import Tally
from unit.demo.objects import deployment, killing, listed, pod, policy, replica_set

OLD = frozenset({"old"})
KILLED = "Container rng failed liveness probe, will be restarted"


def look(*items: dict[str, object]) -> Observation:
    """One look at the namespace of rng."""
    return read(listed(*items), "rng")


def test_restarts_of_pods_that_are_gone_are_remembered() -> None:
    """The restarts before a rollout are still counted when its pods are deleted."""
    tally = Tally().seeing(look(deployment(), pod("a", restarts=2), pod("b", restarts=1)))
    tally = tally.seeing(look(deployment(), pod("c", template="new")))

    assert tally.restarts(OLD) == 3
    assert tally.restarts(frozenset({"new"})) == 0


def test_only_kills_for_a_probe_count() -> None:
    """Killing is said of a deleted pod too; that is no kill for a probe. A repeated event counts each time."""
    tally = Tally().seeing(
        look(
            deployment(),
            pod("a"),
            killing("1", "a", KILLED, count=3),
            killing("2", "a", "Stopping container rng"),
            killing("3", "somebody-else", KILLED),
        )
    )

    assert tally.killed(OLD) == 3


def test_the_longest_life_before_the_change() -> None:
    """The lives that ended are measured from the kubelet's own times."""
    tally = Tally()
    for ended in ("2026-01-01T00:00:31Z", "2026-01-01T00:00:36Z", "2026-01-01T00:00:33Z"):
        tally = tally.seeing(look(deployment(), pod("a", lived=ended)))

    assert dict(tally.longest_life_seconds) == {"old": 36.0}


def test_a_rollout_is_over_when_only_new_pods_are_left() -> None:
    """As long as an old pod is there, the new template is not rolled out."""
    sets = (replica_set("old", revision=1), replica_set("new", revision=2))
    halfway = look(deployment(revision=2), *sets, pod("a"), pod("b", template="new"))
    done = look(deployment(revision=2), *sets, pod("b", template="new"), pod("c", template="new"))

    assert (halfway.template, halfway.rolled_out) == ("new", False)
    assert (done.template, done.rolled_out) == ("new", True)


def test_a_rollout_is_not_over_while_pods_are_missing() -> None:
    """The status of a Deployment may be older than the list of its pods; all the wanted pods must be seen."""
    seen = look(deployment(), replica_set("old", revision=1), pod("a"))

    assert not seen.rolled_out


def test_a_template_that_the_controller_has_not_seen_is_unknown() -> None:
    """Right after a patch the newest ReplicaSet is still the old one; nothing is taken from it."""
    seen = look(deployment(generation=2, observed=1), replica_set("old", revision=1), pod("a"), pod("b"))

    assert (seen.template, seen.rolled_out) == (None, False)


def test_a_kill_is_told_once() -> None:
    """Each announcement and each restart is news when it is first seen, and never again."""
    calm = look(deployment(), pod("a"))
    killed = look(deployment(), pod("a", restarts=1), killing("1", "a", KILLED))
    tally = Tally().seeing(calm)

    told = list(news(tally, calm, killed))
    again = list(news(tally.seeing(killed), killed, killed))

    assert [f"kubelet, pod a: {KILLED}", "pod a restarted, once now"] == told
    assert again == []


def test_readiness_is_measured_from_the_making_of_the_pod() -> None:
    """Seconds to ready are from the pod's creation to its condition Ready."""
    assert look(deployment(), pod("a")).pods[0].ready_after_seconds == 46.0


def test_a_policy_is_shown_at_each_move_and_only_then() -> None:
    """A policy without a phase says nothing yet; after that each change of phase or count is worth a look."""
    empty, learning = look(policy()), look(policy(phase="Learning"))
    counted = look(policy(phase="Learning", false_restarts=1))

    assert not policy_moved(None, empty)
    assert policy_moved(empty, learning)
    assert not policy_moved(learning, learning)
    assert policy_moved(learning, counted)
