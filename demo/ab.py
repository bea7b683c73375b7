"""The figures in a report of ab, ApacheBench, run with `-r`."""

import re
from dataclasses import dataclass


class ReportError(ValueError):
    """What ab printed is no report that figures can be taken from; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What a load met. Latencies are of all requests that ended, failed ones too; None when fewer than two did."""

    clients: int
    seconds: float
    answered: int
    failed: int
    p50_ms: int | None
    p99_ms: int | None

    @property
    def answered_per_second(self) -> float:
        """Requests that were answered well, per second of the load."""
        return self.answered / self.seconds if self.seconds else 0.0


def parse_report(text: str) -> LoadReport:
    """Read what `ab -r` printed, its words on standard error among it or not. Raises ReportError.

    With -r, ab (support/ab.c of httpd 2.4) counts one broken connection up to three times: in Receive, as a body of
    the wrong Length, and in Exceptions. So the largest of the three is the number of broken requests, which are
    among the complete ones; those that never got a connection (Connect) are not. An answer other than 2xx that is also
    of another length counts twice: failures are never understated.
    """
    if _count("Document Length:", text) == 0:
        raise ReportError("the first answer that ab got was empty, so that it cannot tell broken ones by their length")
    broken, unconnected = _failures(text)
    refused = _count("Non-2xx responses:", text, default=0)
    return LoadReport(
        clients=_count("Concurrency Level:", text),
        seconds=float(_field("Time taken for tests:", text)),
        answered=max(0, _count("Complete requests:", text) - broken - refused),
        failed=broken + unconnected + refused,
        p50_ms=_percentile(50, text),
        p99_ms=_percentile(99, text),
    )


def _failures(text: str) -> tuple[int, int]:
    """Broken requests among the complete ones, and connections that were never made."""
    parts = re.search(
        r"^ +\(Connect: (\d{1,12}), Receive: (\d{1,12}), Length: (\d{1,12}), Exceptions: (\d{1,12})\)", text, _FLAGS
    )
    if parts is None:
        return _count("Failed requests:", text), 0
    connect, *broken = map(int, parts.groups())
    return max(broken), connect


def _percentile(percent: int, text: str) -> int | None:
    found = re.search(rf"^ +{percent}% +(\d{{1,12}})\b", text, _FLAGS)
    return None if found is None else int(found[1])


def _count(label: str, text: str, *, default: int | None = None) -> int:
    if default is not None and label not in text:
        return default
    return int(_field(label, text).partition(".")[0])


def _field(label: str, text: str) -> str:
    found = re.search(rf"^{re.escape(label)} +(\d{{1,12}}(?:\.\d+)?)\b", text, _FLAGS)
    if found is None:
        raise ReportError(f"ab gave no whole report; its last words: {text.strip()[-300:] or 'none'}")
    return found[1]


_FLAGS = re.MULTILINE | re.ASCII
