"""What is worth saying when a look at a namespace shows something new."""

from collections.abc import Iterator

from demo.observation import Observation
from demo.tally import Tally


def news(before: Tally, latest: Observation | None, now: Observation) -> Iterator[str]:
    """Say what is new: kills and restarts against all that was seen *before*, the rollout against the *latest* look."""
    for uid, kill in now.kills.items():
        known = before.kills.get(uid)
        if known is None or kill.count > known.count:
            yield f"kubelet, pod {kill.pod}: {kill.message}"
    for pod in now.pods:
        earlier = before.pods.get(pod.uid)
        if earlier is not None and pod.restarts > earlier.restarts:
            yield f"pod {pod.name} restarted, {_times(pod.restarts)} now"
    if latest is None or latest.template is None or now.template is None:
        return
    if now.template != latest.template:
        yield f"the Deployment has a new pod template, {now.template}: it is being rolled out"
    if now.rolled_out and not latest.rolled_out:
        yield f"every pod ({len(now.pods)}) is available, and of template {now.template}"


def policy_moved(latest: Observation | None, now: Observation) -> bool:
    """Whether the policy stands elsewhere than at the latest look, in its phase above all."""
    standing = None if latest is None or latest.policy is None else latest.policy.standing
    return now.policy is not None and bool(now.policy.phase) and now.policy.standing != standing


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
