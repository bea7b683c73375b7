"""Objects as they were at one moment, from manifests, from `kubectl get -o json` or from a cluster's lists.

Some define workloads; pods and events among them still tell of the past. All of it was received at once, so its facts
are put into the order of their own times. That moment is the latest time that any of the objects names: a dump is as
old as its youngest object, whenever it is read.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from probetuner.facts.fact import Fact
from probetuner.model.fields import moment
from probetuner.model.problem import InvalidObjectError
from probetuner.sources.gathering import Gathering
from probetuner.sources.manifests import Given, Tell
from probetuner.sources.recording import Scrape

_TELLING = ("Node", "Pod", "Event")  # a pod's node must be known before it, and its events come after it
_DEFINING = ("Deployment", "StatefulSet", "DaemonSet", "Service", "HorizontalPodAutoscaler")
_MOST_LEVELS = 12
_TIME_SUFFIXES = ("Time", "At", "Timestamp")


def gather_objects(objects: Iterable[Given], tell: Tell, *, scrapes: Iterable[Scrape] = ()) -> Gathering:
    """Take in the objects, and what kubelets answered then; what cannot be understood is told and left out."""
    gathering = Gathering(since=-math.inf)
    telling: dict[str, list[Given]] = {kind: [] for kind in _TELLING}
    for given in objects:
        kind = given.object["kind"]
        if kind in telling:
            telling[kind].append(given)
        elif kind in _DEFINING:
            _define(gathering, given, tell)
    facts = _facts(gathering, telling, tell)
    facts += [fact for scrape in scrapes for fact in gathering.scrape(scrape)]
    gathering.remember(sorted(facts, key=lambda fact: fact.at))
    return gathering


def _define(gathering: Gathering, given: Given, tell: Tell) -> None:
    try:
        gathering.define(given.object, given.origin)
    except InvalidObjectError as error:
        tell(f"{given.origin.place}: {error}; the object was left out")


def _facts(gathering: Gathering, telling: Mapping[str, Sequence[Given]], tell: Tell) -> list[Fact]:
    facts: list[Fact] = []
    received_at = max((_latest(given.object) for entries in telling.values() for given in entries), default=0.0)
    for entries in telling.values():
        for given in entries:
            try:
                facts += gathering.watch(given.object, None, at=received_at)
            except InvalidObjectError as error:
                tell(f"{given.origin.place}: {error}; the object was left out")
    return facts


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
