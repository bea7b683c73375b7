"""One look at a cluster with a person's rights: an answer in seconds, and what could not be seen in one line."""

import json
import os
import pty
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from support.dumps import TIMED_OUT, Dump, Pod, failing, killing
from support.live_api import Cluster, LiveApi, brought_up_to_now, serving
from unit.cli.commands import findings, probetuner

SECONDS_MOST = 60.0
TROUBLED = Dump(
    pods=[Pod(restarts=5, since=-60.0)],
    events=[killing(5, first=-3000.0), failing(TIMED_OUT, 15, first=-3000.0)],
)
"""A pod that liveness killed five times for answers that came late."""

Look = Callable[..., Result]


def on_nodes(*nodes: str, namespace: str = "shop") -> list[dict[str, Any]]:
    """The objects of a look at a workload with a pod on each of these nodes, as they are now."""
    items = brought_up_to_now(Dump(pods=[Pod(name=f"p{number}") for number in range(len(nodes))]).items)
    for pod, node in zip((item for item in items if item["kind"] == "Pod"), nodes, strict=True):
        pod["spec"]["nodeName"] = node
    for item in items:
        if item["kind"] != "Node":
            item["metadata"]["namespace"] = namespace
    return items


def _use(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process connect by that file: the client reads KUBECONFIG when it is imported, and then no more."""
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Cluster], tuple[LiveApi, Look]]]:
    """Serves a cluster, and analyzes it; the cluster is there until the test ends."""
    with ExitStack() as served:

        def serve(cluster: Cluster) -> tuple[LiveApi, Look]:
            api, kubeconfig = served.enter_context(serving(cluster, tmp_path))
            _use(kubeconfig, monkeypatch)
            monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
            return api, lambda *arguments: probetuner("analyze", *arguments)

        yield serve


Serve = Callable[[Cluster], tuple[LiveApi, Look]]


def test_what_a_person_with_view_may_not_see_is_one_line(look: Serve) -> None:
    """Without nodes and nodes/proxy the rest is judged, and one line says what is missing, and what follows."""
    cluster = Cluster(objects=brought_up_to_now(TROUBLED.items), forbidden=("nodes", "nodes/proxy"))
    _, analyze = look(cluster)
    done = analyze("-o", "json")

    assert "liveness-kill-unexplained" in findings(json.loads(done.stdout), "Deployment/web", "app")
    assert len(done.stderr.splitlines()) == 1
    assert "nodes (disturbances of nodes): HTTP 403" in done.stderr
    assert "how often probes passed" in done.stderr
    assert "ask for nodes/proxy" in done.stderr
    assert "findings are less sure, or missing" in done.stderr
    assert done.exit_code == 1


def test_kinds_that_may_not_be_listed_are_one_line_and_a_problem(look: Serve) -> None:
    """Without events nobody knows who killed: that is told with the rest, in one line, and the exit code is 2."""
    cluster = Cluster(objects=brought_up_to_now(TROUBLED.items), forbidden=("events", "services", "nodes"))
    _, analyze = look(cluster)
    done = analyze("-o", "json")

    assert len(done.stderr.splitlines()) == 1
    for told in ("events (why probes failed and who killed)", "services (which workloads get traffic)"):
        assert told in done.stderr
    assert done.exit_code == 2


def test_a_namespace_that_refuses_hides_no_other(look: Serve) -> None:
    """Of two namespaces the one that may be read is judged, and the line names the other."""
    cluster = Cluster(objects=brought_up_to_now(TROUBLED.items), closed=("secret",))
    _, analyze = look(cluster)
    done = analyze("-n", "secret", "-n", "shop", "-o", "json")

    assert "liveness-kill-unexplained" in findings(json.loads(done.stdout), "Deployment/web", "app")
    assert "deployments of namespace secret (Deployments)" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.exit_code == 2


def test_only_nodes_that_run_pods_of_the_scope_are_asked(look: Serve) -> None:
    """Nodes of other namespaces' pods are nobody's business; no right to list nodes is needed to ask these."""
    objects = [
        *on_nodes("node-1"),
        *on_nodes("node-2", namespace="elsewhere"),
        {"kind": "Node", "metadata": {"name": "idle"}},
    ]
    api, analyze = look(Cluster(objects=objects, forbidden=("nodes",)))
    analyze("-n", "shop")

    assert api.nodes_asked == {"node-1"}


def test_a_selector_leaves_out_nodes_without_selected_pods(look: Serve) -> None:
    """Labels select workloads, and by them the pods whose nodes are asked."""
    lone = {**Pod(name="lone").written("StatefulSet", {"name": "app", "image": "web:1"})}
    lone["spec"]["nodeName"] = "node-2"
    lone["metadata"]["ownerReferences"][0]["name"] = "other"
    api, analyze = look(Cluster(objects=[*on_nodes("node-1"), *brought_up_to_now([lone])]))
    analyze("-l", "app=web")

    assert api.nodes_asked == {"node-1"}


@pytest.mark.slow
def test_four_unreachable_nodes_are_waited_for_together(look: Serve) -> None:
    """They cost the two seconds of one, what the fifth tells is used, and the line says how many did not answer."""
    nodes = [f"node-{number}" for number in range(1, 6)]
    api, analyze = look(Cluster(objects=on_nodes(*nodes), silent=nodes[:4]))
    began = time.monotonic()
    done = analyze("-o", "json")

    assert time.monotonic() - began < 6.0, "one after the other they take eight"
    assert api.at_once >= 4
    assert api.asked["/api/v1/nodes/node-5/proxy/metrics/cadvisor"] == 1
    assert "are missing for 4 of 5 nodes (node-1, node-2, node-3, node-4: " in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("cluster", "said"),
    [({"away": [f"n{number}" for number in range(200)]}, "no route to host"), ({"forbidden": ["nodes/proxy"]}, "403")],
    ids=["out of reach", "refused"],
)
def test_nodes_are_given_up_together_after_three_failures_of_a_kind(
    look: Serve, cluster: dict[str, Any], said: str
) -> None:
    """Of two hundred nodes no more are asked than were under way when the third had failed."""
    api, analyze = look(Cluster(objects=on_nodes(*(f"n{number}" for number in range(200))), **cluster))
    done = analyze("-o", "json")

    assert 3 <= len(api.nodes_asked) <= 3 + 16
    assert said in done.stderr
    assert "not asked any more after that" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_nodes_are_asked_sixteen_at_once_at_most(look: Serve) -> None:
    """A large cluster's API server is not flooded; all of its nodes are asked, for both pages."""
    nodes = [f"n{number}" for number in range(60)]
    api, analyze = look(Cluster(objects=on_nodes(*nodes), held=17))
    analyze("-o", "json")

    assert api.at_once == 16
    assert api.nodes_asked == set(nodes)
    assert sum("/proxy/" in path for path in api.asked) == 2 * len(nodes)


def test_nodes_that_are_known_to_be_away_take_no_turn_from_others(look: Serve) -> None:
    """They are asked last: that three of them fail leaves out none of those that report as ready."""
    ready, away = [f"n{number}" for number in range(40)], [f"a{number}" for number in range(4)]
    objects = [item for item in on_nodes(*away, *ready) if item["kind"] != "Node"]
    for name in (*away, *ready):
        conditions = [{"type": "Ready", "status": str(name in ready)}]
        objects.append({"kind": "Node", "metadata": {"name": name}, "status": {"conditions": conditions}})
    api, analyze = look(Cluster(objects=objects, away=away))
    analyze("-o", "json")

    assert set(ready) <= api.nodes_asked


def test_an_api_server_that_falls_silent_is_not_waited_for_again(look: Serve) -> None:
    """After a list without an answer no other is asked for, and all that is missing is in the one line."""
    _, analyze = look(Cluster(objects=brought_up_to_now(TROUBLED.items), last="services"))
    done = analyze()

    assert done.stderr.count("did not answer") <= 2, "of services, and then of one list for all that follow"
    for told in ("deployments (Deployments), ", "pods (restarts and readiness), "):
        assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.exit_code == 2


def test_an_api_server_that_answers_nothing_is_asked_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is told in one line, and not once for each kind of object."""
    with serving(Cluster(objects=[]), tmp_path) as (_, kubeconfig):
        pass
    _use(kubeconfig, monkeypatch)
    done = probetuner("analyze")

    assert len(done.stderr.splitlines()) == 1
    assert "did not answer" in done.stderr
    assert done.exit_code == 2


@pytest.mark.slow
def test_kubelets_that_are_asked_directly_and_say_nothing_cost_two_seconds(look: Serve) -> None:
    """Something listens there and never speaks TLS: it is left, and named with its address."""
    with ExitStack() as listening:
        objects = on_nodes("node-1", "node-2", "node-3")
        objects = [item for item in objects if item["kind"] != "Node"]
        for number in (1, 2, 3):
            mute = listening.enter_context(socket.create_server(("127.0.0.1", 0)))
            status = {
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": mute.getsockname()[1]}},
            }
            objects.append({"kind": "Node", "metadata": {"name": f"node-{number}"}, "status": status})
        _, analyze = look(Cluster(objects=objects))
        began = time.monotonic()
        done = analyze("--kubelets", "direct")

    assert time.monotonic() - began < 5.5, "one after the other they take six"
    assert "node-1, node-2, node-3: The kubelet of node node-1 did not answer /metrics/probes within 2 s" in done.stderr


def test_twenty_workloads_without_the_right_to_ask_kubelets(look: Serve) -> None:
    """All of them are judged, within seconds, and the worst comes first in the summary."""
    objects = [item for item in TROUBLED.items if item["kind"] == "Node"]
    for number in range(20):
        text = json.dumps([item for item in TROUBLED.items if item["kind"] != "Node"]).replace("web", f"web{number}")
        objects += json.loads(text.replace('"uid-', f'"uid-{number}-'))
    _, analyze = look(Cluster(objects=brought_up_to_now(objects), forbidden=("nodes", "nodes/proxy")))
    began = time.monotonic()
    done = analyze("-o", "json")

    printed = json.loads(done.stdout)
    assert time.monotonic() - began < 10.0
    assert len(printed["workloads"]) == 20
    assert printed["summary"]["restarts"] == printed["summary"]["byProbes"] == 100


@pytest.mark.slow
def test_watching_ends_with_what_it_added(look: Serve) -> None:
    """A kill that comes while the cluster is watched is in the comparison, in the table and in JSON."""
    quiet = brought_up_to_now(Dump(pods=[Pod()]).items)
    later = brought_up_to_now(TROUBLED.items)
    cluster = Cluster(objects=quiet, later=[item for item in later if item["kind"] in ("Pod", "Event")])
    _, analyze = look(cluster)
    table = analyze("--watch-seconds", "2").stdout
    (gain,) = json.loads(analyze("--watch-seconds", "2", "-o", "json").stdout)["gained"]

    assert "liveness-kill-unexplained" in gain["new"]
    assert gain["restarts"] == {"before": 0, "after": 5}
    _, added = table.split("what watching added to one look:")
    assert "Deployment/shop/web/app: new: liveness-kill-unexplained" in added
    assert "Deployment/shop/web/app: restarts: 0 before, 5 now" in added


@pytest.mark.slow
def test_what_may_not_be_seen_is_told_before_watching_and_once(look: Serve) -> None:
    """Whoever waits for ten minutes knows from the first second on what will be missing; the rest is watched."""
    cluster = Cluster(objects=brought_up_to_now(TROUBLED.items), forbidden=("nodes", "nodes/proxy", "events"))
    api, analyze = look(cluster)
    missing, watching = analyze("--watch-seconds", "2").stderr.splitlines()

    assert "not all was seen: nodes (disturbances of nodes), events (why" in missing
    assert "watching http://127.0.0.1" in watching
    assert sum("/proxy/" in path for path in api.asked) == 1, "who refused is not asked again"
    assert api.asked["/api/v1/nodes"] == 1


@pytest.mark.slow
def test_watching_what_does_not_change_says_so(look: Serve) -> None:
    """Where nothing came, the comparison says that, and a report of one look has none."""
    _, analyze = look(Cluster(objects=brought_up_to_now(TROUBLED.items)))

    assert analyze("--watch-seconds", "2").stdout.endswith("what watching added to one look:\n  nothing\n")
    assert "watching added" not in analyze().stdout


@pytest.mark.slow
def test_a_bar_is_for_terminals_and_for_what_takes_its_time(tmp_path: Path) -> None:
    """Once two seconds are over, a terminal on standard error shows how far it is; a pipe never does."""
    with serving(Cluster(objects=brought_up_to_now(TROUBLED.items)), tmp_path) as (_, kubeconfig):
        command = [
            sys.executable,
            "-c",
            "from probetuner.cli.main import app; app()",
            "analyze",
            "--watch-seconds",
            "4",
        ]
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path), "TERM": "xterm"}
        terminal, inside = pty.openpty()
        shown = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=inside)
        os.close(inside)
        piped = subprocess.run(command, env=environment, capture_output=True, timeout=SECONDS_MOST, check=False)
        on_terminal = _all_of(terminal)
        shown.wait(timeout=SECONDS_MOST)

    assert b"Watching" in on_terminal
    assert b"\x1b" not in piped.stderr
    assert piped.stderr.count(b"\n") == 1, piped.stderr


def _all_of(terminal: int) -> bytes:
    """What was written to a terminal until its other end was closed."""
    content = b""
    with os.fdopen(terminal, "rb", buffering=0) as reading:
        try:
            while piece := reading.read(65536):
                content += piece
        except OSError:  # Linux tells the end of a terminal in this way
            return content
    return content


def test_the_summary_comes_first_and_the_worst_workload_first_in_it() -> None:
    """Restarts, how many a probe caused and how many cured nothing stand above the table, by workload."""
    recordings = Path(__file__).parents[2] / "recordings"
    names = ("05-crash-loop", "01-rng-cascade", "14-lockup-with-liveness", "10-healthy")
    lines = probetuner("analyze", *(recordings / name for name in names)).stdout.splitlines()

    assert lines[0] == "24 restarts, 18 by probes: 12 cured nothing, 0 not explained"
    assert lines[1].split() == ["WORKLOAD", "RESTARTS", "BY-PROBES", "CURED-NOTHING", "UNEXPLAINED"]
    assert [line.split() for line in lines[2:5]] == [
        ["Deployment/pub-01/rng", "12", "12", "12", "0"],
        ["Deployment/pub-14/gateway", "6", "6", "0", "0"],
        ["Deployment/pub-05/worker", "6", "0", "0", "0"],
    ]
    assert lines[5] == ""


def test_files_that_tell_of_no_restart_have_no_summary(tmp_path: Path) -> None:
    """Manifests begin with their findings."""
    (tmp_path / "web.json").write_text(json.dumps(Dump().items[0]))

    assert "restart" not in probetuner("analyze", tmp_path / "web.json").stdout.splitlines()[0]


def test_nobody_counts_restarts_of_what_was_never_seen(tmp_path: Path) -> None:
    """A manifest does not say that nothing was restarted, nor that no probe failed."""
    (tmp_path / "web.json").write_text(json.dumps(Dump().items[0]))
    (tmp_path / "dump.json").write_text(json.dumps({"kind": "List", "items": Dump().items}))

    def told(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        found = json.loads(probetuner("analyze", tmp_path / name, "-o", "json").stdout)
        (only,) = found["workloads"][0]["containers"]
        return found, only

    report, container = told("web.json")
    assert "summary" not in report
    assert not {"restarts", "failures"} & container.keys()
    report, container = told("dump.json")
    assert report["summary"]["restarts"] == container["restarts"]["total"] == 0


@pytest.mark.slow
def test_a_node_that_says_nonsense_of_its_address_hides_no_other(look: Serve) -> None:
    """What one node writes into its own status is told of that node, and the next one is asked."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        objects = [item for item in on_nodes("node-1", "node-2") if item["kind"] != "Node"]
        for name, address in (("node-1", "127.0.0.1/../.."), ("node-2", "127.0.0.1")):
            status = {
                "addresses": [{"type": "InternalIP", "address": address}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            }
            objects.append({"kind": "Node", "metadata": {"name": name}, "status": status})
        _, analyze = look(Cluster(objects=objects))
        done = analyze("--kubelets", "direct")

    assert "node-1: its Node has no internal IP address" in done.stderr
    assert "The kubelet of node node-2 did not answer" in done.stderr
