"""A stream of what was seen, from a recording or a live cluster, to workloads with their histories."""

from collections.abc import Iterable, Iterator

from probetuner.facts.fact import Fact
from probetuner.model.problem import InvalidObjectError
from probetuner.sources.gathering import Gathering, place_of
from probetuner.sources.manifests import Origin, Tell
from probetuner.sources.recording import Record, Scrape


def gather_records(records: Iterable[Record], *, since: float, place: str, tell: Tell) -> Gathering:
    """Take in records in the order of receipt; one that cannot be understood is told and left out.

    `since` is when observation began (epoch seconds), `place` names the source in words.
    """
    gathering = Gathering(since=since)
    gathering.remember(read_records(gathering, records, place=place, tell=tell))
    return gathering


def read_records(gathering: Gathering, records: Iterable[Record], *, place: str, tell: Tell) -> Iterator[Fact]:
    """Give out what the records tell, and let the gathering take in what they define."""
    for record in records:
        if isinstance(record, Scrape):
            yield from gathering.scrape(record)
            continue
        try:
            if record.change != "DELETED":
                gathering.define(record.object, Origin(place=place))
            yield from gathering.watch(record.object, record.change, at=record.at)
        except InvalidObjectError as error:
            tell(f"{place}: {place_of(record.object)}: {error}; it was left out")
