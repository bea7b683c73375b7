"""Of a node's metrics only what belongs to the chosen namespaces is kept."""

from probetuner.sources.scraping import only_namespaces

_TEXT = """\
# HELP prober_probe_total [BETA] Cumulative number of probes.
# TYPE prober_probe_total counter
prober_probe_total{container="a",namespace="shop",pod="p"} 3
prober_probe_total{container="a",namespace="shop-of-others",pod="p"} 4
process_start_time_seconds 1.76e+09
# TYPE container_threads gauge
container_threads{container="a",namespace="shop",pod="p"} 5
"""


def test_other_namespaces_are_left_out() -> None:
    """Series of other namespaces go; what is of the node itself stays."""
    kept = only_namespaces(_TEXT, ("shop",)).splitlines()

    assert [line for line in kept if not line.startswith("#")] == [
        'prober_probe_total{container="a",namespace="shop",pod="p"} 3',
        "process_start_time_seconds 1.76e+09",
        'container_threads{container="a",namespace="shop",pod="p"} 5',
    ]


def test_all_namespaces_are_kept_when_none_is_chosen() -> None:
    """Without chosen namespaces the series of every namespace stay."""
    assert only_namespaces(_TEXT, ()).count("prober_probe_total{") == 2
