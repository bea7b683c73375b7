"""What happened in a story so far, kept over many looks: pods that are gone, and the most that each one showed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.observation import Kill, Observation, PodView


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Every pod as it was last seen by uid, every announced kill by the uid of its event, the longest killed life."""

    pods: Mapping[str, PodView] = field(default_factory=dict)
    kills: Mapping[str, Kill] = field(default_factory=dict)
    longest_life_seconds: Mapping[str, float] = field(default_factory=dict)

    def seeing(self, now: Observation) -> "Tally":
        """The tally with one more look in it."""
        lives = dict(self.longest_life_seconds)
        for pod in now.pods:
            if pod.last_life_seconds is not None:
                lives[pod.template] = max(lives.get(pod.template, 0.0), pod.last_life_seconds)
        return Tally(
            pods={**self.pods, **{pod.uid: pod for pod in now.pods}},
            kills={**self.kills, **now.kills},
            longest_life_seconds=lives,
        )

    def templates(self) -> frozenset[str]:
        """The pod-template-hashes of all pods seen."""
        return frozenset(pod.template for pod in self.pods.values())

    def restarts(self, templates: frozenset[str]) -> int:
        """How often containers of pods of these templates restarted."""
        return sum(pod.restarts for pod in self.pods.values() if pod.template in templates)

    def killed(self, templates: frozenset[str]) -> int:
        """How often the kubelet announced to kill a container of a pod of these templates for its probe."""
        names = {pod.name for pod in self.pods.values() if pod.template in templates}
        return sum(kill.count for kill in self.kills.values() if kill.pod in names)
