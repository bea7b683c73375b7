"""The figures that are taken from what ab prints."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.ab import LoadReport, ReportError, parse_report
from unit.demo.reports import BORNE, KILLED, report

COUNTS = st.integers(0, 100_000)


def test_a_load_that_was_borne() -> None:
    """Everything in a real report without failures is found."""
    expected = LoadReport(clients=30, seconds=90.057, answered=1716, failed=0, p50_ms=1573, p99_ms=3126)

    assert expected == parse_report(BORNE)


def test_a_broken_request_counts_once() -> None:
    """Although ab counts one broken connection three times, answered requests are the bytes that came, one each."""
    found = parse_report(KILLED)

    assert (found.answered, found.failed) == (1673, 182)


def test_words_on_standard_error_do_no_harm() -> None:
    """A pod's log has both streams of ab; its progress does not change the figures."""
    assert parse_report(KILLED) == parse_report("Completed 200 requests\nFinished 1855 requests\n" + KILLED)


def test_answers_that_are_no_success_count_as_failed() -> None:
    """Non-2xx responses are failures, though ab does not count them among the failed requests."""
    found = parse_report(report(complete=100, parts={}, refused=40))

    assert (found.answered, found.failed) == (60, 40)


def test_an_aborted_run_is_no_report() -> None:
    """When ab gives up, its last words are the error."""
    with pytest.raises(ReportError, match="Connection refused"):
        parse_report("Benchmarking 10.0.0.1 (be patient)\napr_socket_connect(): Connection refused (111)\n")


def test_an_empty_first_answer_is_refused() -> None:
    """Broken answers are told by the length of the first one; if that was empty, the counts mean nothing."""
    with pytest.raises(ReportError, match="first answer"):
        parse_report(BORNE.replace("Document Length:        1 bytes", "Document Length:        0 bytes"))


@given(
    complete=COUNTS,
    broken=st.fixed_dictionaries(dict.fromkeys(("Connect", "Receive", "Length", "Exceptions"), COUNTS)),
    refused=COUNTS,
    clients=st.integers(1, 20_000),
    milliseconds=st.integers(0, 10_000_000),
)
def test_no_failure_is_understated(
    complete: int, broken: dict[str, int], refused: int, clients: int, milliseconds: int
) -> None:
    """Whatever ab counts: failed is at least each of its counts, and answered and failed explain all requests."""
    found = parse_report(
        report(complete=complete, parts=broken, refused=refused, clients=clients, milliseconds=milliseconds)
    )

    assert clients == found.clients
    assert milliseconds / 1000 == pytest.approx(found.seconds)
    assert found.failed >= max(*broken.values(), refused)
    assert 0 <= found.answered <= complete <= found.answered + found.failed
    assert found.answered_per_second >= 0


@given(st.text() | st.lists(st.sampled_from([*BORNE.splitlines(), "Document Length: 9999999999999"])).map("\n".join))
def test_any_text_gives_figures_or_a_report_error(text: str) -> None:
    """Text that is no report never ends in another error."""
    with suppress(ReportError):
        assert parse_report(text).answered >= 0
