"""Objects as they were at one moment, from manifests, from `kubectl get -o json` or from a cluster's lists.

Some define workloads; pods and events among them still tell of the past. All of it was received at once, so its facts
are put into the order of their own times. That moment is the latest time that any of the objects names and that can be:
a dump is as old as its youngest object, whenever it is read. Nothing was watched before it, and nothing after.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from probetuner.diagnosis.wording import several
from probetuner.facts.events import ProbeEvent, parse_event
from probetuner.facts.fact import Fact
from probetuner.facts.messages import Kill
from probetuner.model.fields import moment
from probetuner.model.problem import InvalidObjectError
from probetuner.sources.gathering import Gathering
from probetuner.sources.manifests import Given, Tell, understood
from probetuner.sources.recording import Scrape

_TELLING = ("Node", "Pod", "Event")  # a pod's node must be known before it, and its events come after it
_MOST_NAMED = 5
_MOST_LEVELS = 12
_TIME_SUFFIXES = ("Time", "At", "Timestamp")
_CLOCKS_DIFFER_SECONDS = 300.0
"""So far the clocks of a person's machine and of a cluster may differ, as Kerberos has it too."""


def gather_objects(
    objects: Iterable[Given],
    tell: Tell,
    *,
    note: Tell | None = None,
    scrapes: Iterable[Scrape] = (),
    now: float = math.inf,
) -> Gathering:
    """Take in the objects, and what kubelets answered then; what cannot be understood is told and left out.

    `note` hears of what is no problem: objects that say nothing of probes, and events of pods that are gone. `now` is
    the time by the reader's own clock (epoch seconds), infinity without one.
    """
    telling: dict[str, list[Given]] = {kind: [] for kind in _TELLING}
    others: list[Given] = []
    for given in objects:
        telling.get(given.object["kind"], others).append(given)
    answers = list(scrapes)
    received_at = _received_at([given.object for entries in telling.values() for given in entries], now=now)
    gathering = Gathering(watched_since=max((received_at, *(one.at for one in answers))), takes_past=True)
    ignored: Counter[str] = Counter()
    for given in others:
        if understood(partial(gathering.define, given.object, given.origin), given.origin.place, tell) is False:
            ignored[given.object["kind"]] += 1
    facts: list[Fact] = []
    for given in (given for entries in telling.values() for given in entries):
        take = partial(gathering.watch, given.object, None, at=received_at, origin=given.origin)
        facts += understood(take, given.origin.place, tell) or ()
    facts += [fact for answer in answers for fact in gathering.scrape(answer)]
    gathering.remember(sorted(facts, key=lambda fact: fact.at))
    if note is not None and ignored:
        counts = Counter({f"{count} {kind}": count for kind, count in ignored.items()})
        note(f"not looked at, since it says nothing of probes: {', '.join(_foremost(counts))}")
    _tell_podless(telling, tell, note)
    return gathering


def _tell_podless(telling: Mapping[str, Sequence[Given]], tell: Tell, note: Tell | None) -> None:
    """Say what events tell of pods that were not given: a problem where no pod was, else they are gone by now."""
    given = {_named(entry.object.get("metadata")) for entry in telling["Pod"]}
    events = [event for entry in telling["Event"] if (event := _probe_event(entry)) is not None]
    lost = [event for event in events if (event.namespace, event.pod) not in given]
    if not lost:
        return
    pods = Counter(f"{event.namespace}/{event.pod}" for event in lost)
    said = f"events tell of {_summed(lost)}, in pods that were not given ({', '.join(_foremost(pods))})"
    if not telling["Pod"]:
        command = f"kubectl -n {lost[0].namespace} get deploy,sts,ds,pods,events -o json"
        tell(f"{said}; give the pods too: {command}")
    elif note is not None:
        note(said)


def _summed(events: Sequence[ProbeEvent]) -> str:
    """Kills by probe and container, or where there are none how many attempts failed."""
    kills: Counter[str] = Counter()
    for event in events:
        if isinstance(event.meaning, Kill):
            kills[f"of container {event.container} by its {event.meaning.probe.value.lower()} probe"] += event.count
    return ", ".join(f"{several(count, 'kill')} {what}" for what, count in kills.most_common(_MOST_NAMED)) or (
        f"{sum(event.count for event in events)} probe failures and back-offs"
    )


def _foremost(names: Counter[str]) -> list[str]:
    """The most frequent names, and how many others there are."""
    shown = [name for name, _ in names.most_common(_MOST_NAMED)]
    return shown if len(names) <= _MOST_NAMED else [*shown, f"and {len(names) - _MOST_NAMED} more"]


def _probe_event(given: Given) -> ProbeEvent | None:
    try:
        return parse_event(given.object, received_at=0.0)
    except InvalidObjectError:  # it was told when its facts were read
        return None


def _named(metadata: Any) -> tuple[str, str]:
    known = metadata if isinstance(metadata, Mapping) else {}
    return str(known.get("namespace") or "default"), str(known.get("name") or "")


def _received_at(objects: Sequence[Mapping[str, Any]], *, now: float) -> float:
    """When the dump was made: the latest of its times that has passed.

    Where most objects tell of times to come, it is the reader's clock that is wrong, and all of them are believed.
    """
    times = [_latest(content) for content in objects]
    passed = [time for time in times if time <= now + _CLOCKS_DIFFER_SECONDS]
    return max(passed if 2 * len(passed) >= len(times) else times, default=0.0)


def _latest(value: Any, level: int = 0) -> float:
    """The latest of the times in an object, 0 when it has none; what is not a time says nothing."""
    if isinstance(value, list) and level < _MOST_LEVELS:
        return max((_latest(entry, level + 1) for entry in value), default=0.0)
    if not isinstance(value, dict) or level >= _MOST_LEVELS:
        return 0.0
    latest = 0.0
    for key, entry in value.items():
        if isinstance(entry, str) and key.endswith(_TIME_SUFFIXES):
            latest = max(latest, _time(value, key))
        elif isinstance(entry, list | dict):
            latest = max(latest, _latest(entry, level + 1))
    return latest


def _time(value: Mapping[str, Any], key: str) -> float:
    try:
        return moment(value, key, "") or 0.0
    except InvalidObjectError:
        return 0.0
