"""A stream of what was seen, from a recording or a live cluster, to workloads with their histories."""

from collections.abc import Iterable, Iterator
from functools import partial

from probetuner.facts.fact import Fact
from probetuner.sources.gathering import Gathering, place_of
from probetuner.sources.manifests import Origin, Tell, understood
from probetuner.sources.recording import Record, Scrape, Watched


def gather_records(
    records: Iterable[Record], *, watched_since: float, takes_past: bool = False, place: str, tell: Tell
) -> Gathering:
    """Take in records in the order of receipt; one that cannot be understood is told and left out.

    `watched_since` and `takes_past` are those of `Gathering`, `place` names the source in words.
    """
    gathering = Gathering(watched_since=watched_since, takes_past=takes_past)
    gathering.remember(read_records(gathering, records, place=place, tell=tell))
    return gathering


def read_records(gathering: Gathering, records: Iterable[Record], *, place: str, tell: Tell) -> Iterator[Fact]:
    """Give out what the records tell, and let the gathering take in what they define."""
    for record in records:
        if isinstance(record, Scrape):
            yield from gathering.scrape(record)
            continue
        where = f"{place}: {place_of(record.object)}"
        yield from understood(partial(_taken, gathering, record, place), where, tell) or ()


def _taken(gathering: Gathering, record: Watched, place: str) -> list[Fact]:
    if record.change != "DELETED":
        gathering.define(record.object, Origin(place=place))
    return gathering.watch(record.object, record.change, at=record.at)
