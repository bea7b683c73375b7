"""The lab is a real node: what the kubelet, cAdvisor, the runtime and a hanging component do there is real."""

import ssl
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cluster.lab_pods import delete_pod, pod, run_pod
from lab import Lab, LabError
from lab.archive import write_archive
from lab.boot import wait_until
from lab.control import supervisor_process

pytestmark = pytest.mark.cluster
_SLEEP = ("sleep", "600")
_LEAKING_PROBE = {
    "livenessProbe": {
        "exec": {"command": ["sh", "-c", "sleep 1 & exit 0"]},
        "periodSeconds": 1,
        "initialDelaySeconds": 0,
    }
}


def _cadvisor(lab: Lab) -> str:
    return lab.kubectl("get", "--raw", "/api/v1/nodes/node-1/proxy/metrics/cadvisor")


def test_container_metrics_carry_names(lab: Lab) -> None:
    """Rows of cAdvisor name container, pod and namespace, as on any cluster: its runtime socket is where it looks."""
    run_pod(lab, pod("measured", command=_SLEEP))
    wanted = ('container_processes{container="measured"', 'namespace="default"', 'pod="measured"')
    wait_until(
        lambda: any(all(word in row for word in wanted) for row in _cadvisor(lab).splitlines()),
        "cAdvisor does not name the container",
        seconds=30,
    )
    delete_pod(lab, "measured")


def test_settings_of_the_machine_are_out_of_the_kubelets_reach(lab: Lab) -> None:
    """The kubelet writes kernel settings that belong to the whole machine; in a lab it writes to files."""
    mounts = Path(f"/proc/{supervisor_process(lab.state)}/mountinfo").read_text().splitlines()
    covered = {line.split()[4] for line in mounts}
    written = {
        f"/proc/sys/{name}"
        for name in ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops")
    }
    assert written <= covered


def _zombies(lab: Lab, name: str) -> int:
    return lab.kubectl("exec", name, "--", "ps", "-eo", "stat").count("\nZ")


def test_a_shared_process_namespace_reaps(lab: Lab) -> None:
    """The pause process waits for orphans that are handed to it; an application as process 1 does not."""
    program = ("python3", "-m", "http.server", "8000")
    run_pod(lab, pod("hoarding", command=program, container=_LEAKING_PROBE))
    run_pod(lab, pod("reaping", command=program, container=_LEAKING_PROBE, shareProcessNamespace=True))
    wait_until(lambda: _zombies(lab, "hoarding") >= 3, "no zombies appear where nobody reaps", seconds=30)
    assert _zombies(lab, "reaping") == 0
    for name in ("hoarding", "reaping"):
        delete_pod(lab, name)


def test_a_pod_runs_from_a_loaded_image(lab: Lab, tmp_path: Path) -> None:
    """An image that was made here and loaded needs no registry."""
    layer, archive = tmp_path / "layer.tar", tmp_path / "image.tar"
    with tarfile.open(layer, "w") as out:
        out.add(lab.binaries / "pause", "hold")
    write_archive(name="localhost/loaded:1", layer=layer, archive=archive, entrypoint=["/hold"])
    lab.load_image(archive)
    run_pod(lab, pod("loaded", image="localhost/loaded:1"))
    delete_pod(lab, "loaded")


def test_a_pod_without_privileges_runs(lab: Lab) -> None:
    """An unprivileged user in a read-only container reads its token and writes where a volume is."""
    restricted = {"runAsUser": 65532, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    program = ("sh", "-c", "cat /var/run/secrets/kubernetes.io/serviceaccount/token > /scratch/copy && exec sleep 600")
    container = {
        "securityContext": restricted | {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
        "readinessProbe": {"exec": {"command": ["test", "-s", "/scratch/copy"]}, "periodSeconds": 1},
    }
    run_pod(
        lab,
        pod("restricted", command=program, container=container, volumes=[{"name": "scratch", "emptyDir": {}}]),
    )
    delete_pod(lab, "restricted")


def test_a_stopped_component_stays_away_until_it_is_started(lab: Lab) -> None:
    """Without a scheduler a pod waits; the scheduler's return places it."""
    lab.stop_component("scheduler")
    assert lab.components()["scheduler"].startswith("ended")
    lab.kubectl("run", "waiting", "--image=none")
    with pytest.raises(LabError, match="timed out"):
        lab.kubectl("wait", "--for=condition=PodScheduled", "--timeout=2s", "pod/waiting")
    lab.start_component("scheduler")
    lab.kubectl("wait", "--for=condition=PodScheduled", "--timeout=30s", "pod/waiting")
    delete_pod(lab, "waiting")


def test_a_paused_component_hangs_and_goes_on(lab: Lab) -> None:
    """A paused API server answers nobody and refuses nobody; resumed, it serves again."""
    lab.pause_component("apiserver")
    try:
        assert lab.components()["apiserver"] == "paused"
        with pytest.raises(LabError, match=r"[Tt]imeout|deadline"):
            lab.kubectl("get", "namespaces", "--request-timeout=1s")
    finally:
        lab.resume_component("apiserver")
    lab.wait_ready()
    assert "default" in lab.kubectl("get", "namespaces")


def test_an_unknown_component_is_answered_with_the_known_ones(lab: Lab) -> None:
    """A typing mistake gets the list of names."""
    with pytest.raises(LabError, match=r"no component 'kublet'.*kubelet"):
        lab.pause_component("kublet")


def test_the_kubelets_port_is_reached_from_the_machine(lab: Lab) -> None:
    """The kubelet answers through the machine's loopback with the lab's certificate, and knows nobody without one."""
    context = ssl.create_default_context(cafile=str(lab.authority))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{lab.kubelet_url}/metrics/probes", context=context, timeout=5)


def test_no_pod_is_told_that_cluster_dns_is_missing(lab: Lab) -> None:
    """MissingClusterDNS would use up the Warning events of every pod and hide those of the probes."""
    run_pod(lab, pod("asking", command=_SLEEP, dnsPolicy="ClusterFirst"))
    assert "MissingClusterDNS" not in lab.kubectl("get", "events", "--all-namespaces")
    delete_pod(lab, "asking")
