"""A case of the field: a dump as people have it, and what a sensible engineer would and would not say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.dumps import Dump, Json

NEVER = frozenset({"healthy", "liveness-kill-of-lockup", "detection-too-slow", "grace-too-long"})
"""What no dump and no single look proves."""
KILLS = frozenset(
    {
        "liveness-kill-under-pressure",
        "liveness-kill-during-startup",
        "liveness-kill-by-dependency",
        "liveness-kill-unexplained",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is given and what has to hold; of `found` and `advised` one name at least, of `not_found` and the like none.

    `least` has lower bounds of what is recommended, where anything is: `startup_budget` (initial delay and all attempts
    of the startup probe, in seconds), or `probe.field`. Of each entry of `says` one word at least is in what is said.
    `where` is the container, as Kind/name/container. `trouble` is whether the command has to fail, None leaves it open.
    """

    name: str
    given: Dump | Sequence[Json]
    where: str = "Deployment/web/app"
    trouble: bool | None = True
    found: frozenset[str] = frozenset()
    not_found: frozenset[str] = frozenset()
    advised: frozenset[str] = frozenset()
    not_advised: frozenset[str] = frozenset()
    least: Mapping[str, float] = field(default_factory=dict)
    says: Sequence[tuple[str, ...]] = ()
    never_says: Sequence[str] = ()

    @property
    def items(self) -> Sequence[Json]:
        """The objects of the dump."""
        return self.given.items if isinstance(self.given, Dump) else self.given

    def misses(self, report: Mapping[str, Any]) -> Iterator[str]:
        """What in the report is not as it has to be, a sentence each."""
        kind, name, container_name = self.where.split("/")
        judged = {
            (one["kind"], one["name"], container["name"]): (one, container)
            for one in report["workloads"]
            for container in one["containers"]
        }
        if (kind, name, container_name) not in judged:
            yield f"nothing was judged there, but {sorted(judged)}"
            return
        workload, container = judged[kind, name, container_name]
        findings = {finding["name"] for finding in container["findings"]}
        actions = {action["name"] for action in container["actions"]}
        for what, names, wanted, unwanted in (
            ("finding", findings, self.found, self.not_found | NEVER),
            ("action", actions, self.advised, self.not_advised),
        ):
            if wanted and not names & wanted:
                yield f"no {what} of {sorted(wanted)}, but {sorted(names)}"
            if names & unwanted:
                yield f"the {what} {sorted(names & unwanted)}"
        yield from self._wrong_numbers(container["recommended"])
        yield from _wrong_changes(workload["patch"], container["recommended"])
        said = "\n".join(_texts({key: value for key, value in container.items() if key != "recommended"})).lower()
        yield from (f"nothing of {words}" for words in self.says if not any(word.lower() in said for word in words))
        yield from (f"it says {words}" for words in self.never_says if words.lower() in said)

    def _wrong_numbers(self, recommended: Mapping[str, Any]) -> Iterator[str]:
        for bound, least in self.least.items():
            probe, _, name = bound.partition(".")
            body = recommended.get(f"{probe.removesuffix('_budget')}Probe")
            if body is None:
                continue
            budget = body["initialDelaySeconds"] + body["periodSeconds"] * body["failureThreshold"]
            value = body[name] if name else budget
            if value < least:
                yield f"{bound} is {value}, where {least} is the least"


def _wrong_changes(patch: Any, recommended: Mapping[str, Any]) -> Iterator[str]:
    """No readiness probe is deleted, and no grace period touched, as a by-product."""
    if "readinessProbe" in recommended and recommended["readinessProbe"] is None:
        yield "readiness is removed"
    if "terminationGracePeriodSeconds" in str(patch) or "terminationGracePeriodSeconds" in str(recommended):
        yield "a grace period is changed"


def _texts(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for entry in value.values():
                yield from _texts(entry)
        case list():
            for entry in value:
                yield from _texts(entry)
        case _:
            yield str(value)
