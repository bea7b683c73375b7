"""`probetuner analyze` takes whatever it is given."""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from unit.cli.commands import RECORDINGS, actions, findings, probetuner, report
from unit.cli.manifests import BROKEN, deployment, probe, service, stream

_RECORDED = sorted(path.name for path in RECORDINGS.iterdir() if (path / "truth.yaml").exists())


@pytest.mark.slow
@pytest.mark.parametrize("name", _RECORDED)
def test_a_recording_gives_what_its_truth_expects(name: str) -> None:
    """A recording gives every expected finding and action, and none that is forbidden."""
    truth = yaml.safe_load((RECORDINGS / name / "truth.yaml").read_text())
    printed = report(RECORDINGS / name)
    found = findings(printed, truth["workload"], truth["container"])
    done = actions(printed, truth["workload"], truth["container"])

    assert set(truth["expect"]["findings"]) <= found
    assert set(truth["expect"]["actions"]) <= done
    assert not found & set(truth["forbid"]["findings"])
    assert not done & set(truth["forbid"]["actions"])


def test_folders_are_read_recursively(tmp_path: Path) -> None:
    """Manifests are found in folders of folders, as YAML of both suffixes and as JSON; hidden folders are left out."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "one.yaml").write_bytes(stream(deployment("one")))
    (tmp_path / "a" / "two.yml").write_bytes(stream(deployment("two")))
    (inner / "three.json").write_text(json.dumps(deployment("three")))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "four.yaml").write_bytes(stream(deployment("four")))
    (tmp_path / "notes.txt").write_text("no manifest: [")

    names = {workload["name"] for workload in report(tmp_path)["workloads"]}

    assert names == {"one", "two", "three"}


def test_standard_input_is_read() -> None:
    """A dash stands for what is piped in."""
    printed = report("-", piped=stream(deployment(**BROKEN)))

    assert "port-not-declared" in findings(printed, "Deployment/web", "app")


def test_several_paths_are_read_together(tmp_path: Path) -> None:
    """A Service in another file counts: a workload of several replicas behind it needs readiness."""
    (tmp_path / "workload.yaml").write_bytes(stream(deployment(livenessProbe=probe())))
    (tmp_path / "service.yaml").write_bytes(stream(service()))

    alone = report(tmp_path / "workload.yaml")
    together = report(tmp_path / "workload.yaml", tmp_path / "service.yaml")

    assert "missing-readiness" not in findings(alone, "Deployment/web", "app")
    assert "missing-readiness" in findings(together, "Deployment/web", "app")


@pytest.mark.parametrize("kind", ["List", "DeploymentList"])
def test_lists_are_unfolded(kind: str) -> None:
    """Lists of kubectl and of the API server itself hold objects, those of the latter without a kind of their own."""
    item = deployment()
    if kind != "List":
        del item["kind"], item["apiVersion"]
    listed = {"kind": kind, "apiVersion": "v1" if kind == "List" else "apps/v1", "items": [item]}

    assert [one["name"] for one in report("-", piped=json.dumps(listed).encode())["workloads"]] == ["web"]


def _dump(recording: str) -> bytes:
    """What `kubectl get deploy,pods,events,svc,nodes -o json` would have printed at the end of a recording."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    with gzip.open(RECORDINGS / recording / "watch.ndjson.gz") as lines:
        for line in lines:
            watched = json.loads(line)
            metadata = watched["object"]["metadata"]
            last[watched["object"]["kind"], metadata["name"]] = watched["object"]
    kinds = ("Event", "Pod", "Deployment", "Service", "Node")
    items = [entry for (kind, _), entry in last.items() if kind in kinds]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode()


@pytest.mark.parametrize(
    ("recording", "workload", "container", "finding"),
    [
        ("05-crash-loop", "Deployment/worker", "worker", "crash"),
        ("06-oom-loop", "Deployment/cache", "cache", "oom-killed"),
        ("08-broken-exec-probe", "Deployment/mailer", "mailer", "probe-errors"),
        ("02-slow-start-killed", "Deployment/catalog", "catalog", "liveness-kill-during-startup"),
    ],
)
def test_a_dump_tells_of_the_past(recording: str, workload: str, container: str, finding: str) -> None:
    """Pods and events in a dump of kubectl tell what happened, whatever order they stand in."""
    assert finding in findings(report("-", piped=_dump(recording)), workload, container)


def test_a_manifest_alone_is_never_healthy() -> None:
    """Nothing was observed, so there are findings about what is written, or too little evidence."""
    sound = deployment(livenessProbe=probe("/livez", initialDelaySeconds=30), readinessProbe=probe("/readyz"))
    printed = report("-", piped=stream(sound, deployment("bare"), deployment("broken", **BROKEN)))

    for workload in printed["workloads"]:
        assert "healthy" not in findings(printed, f"Deployment/{workload['name']}", "app")
    assert findings(printed, "Deployment/web", "app") == {"insufficient-evidence"}


def test_a_bad_document_does_not_hide_the_others() -> None:
    """A document that is no YAML is told with its file, number and line; those around it are analysed; exit code 2."""
    piped = stream(deployment("one"), service()) + b"---\nspec: a: b\n" + stream(deployment("two"))
    result = probetuner("analyze", "-", "-o", "json", piped=piped)
    line = piped.split(b"\n").index(b"spec: a: b") + 1

    assert [workload["name"] for workload in json.loads(result.stdout)["workloads"]] == ["one", "two"]
    assert f"standard input document 3 line {line} is not YAML" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"some": "values"}, "it has no kind"),
        ([1, 2], "it has no kind"),
        (deployment(livenessProbe=probe(periodSeconds="often")), "periodSeconds is 'often'"),
        ({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}}, "has no metadata.name"),
    ],
)
def test_a_document_that_cannot_be_understood_is_named(document: Any, words: str) -> None:
    """What is wrong is told in one line with its place, and the good document is analysed all the same."""
    result = probetuner("analyze", "-", "-o", "json", piped=stream(document, deployment("good")))
    told = result.stderr.splitlines()

    assert [workload["name"] for workload in json.loads(result.stdout)["workloads"]] == ["good"]
    assert len(told) == 1
    assert "standard input document 1" in told[0]
    assert words in told[0]
    assert result.exit_code == 2


def test_a_recording_that_was_cut_short_is_read_so_far(tmp_path: Path) -> None:
    """What came before the damage is analysed, the damage is told, exit code 2."""
    cut = tmp_path / "cut"
    shutil.copytree(RECORDINGS / "01-rng-cascade", cut)
    content = (cut / "watch.ndjson.gz").read_bytes()
    (cut / "watch.ndjson.gz").write_bytes(content[: len(content) * 3 // 4])
    result = probetuner("analyze", cut, "-o", "json")

    assert [workload["name"] for workload in json.loads(result.stdout)["workloads"]] == ["rng"]
    assert "ends early" in result.stderr
    assert result.exit_code == 2


def test_a_recording_without_its_meta_data_is_refused(tmp_path: Path) -> None:
    """A folder that only looks like a recording is named with the file that is missing."""
    shutil.copytree(RECORDINGS / "10-healthy", tmp_path / "lost")
    (tmp_path / "lost" / "meta.json").unlink()
    result = probetuner("analyze", tmp_path / "lost")

    assert "meta.json" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_nothing_is_an_error(content: bytes) -> None:
    """A pipe that gave nothing is told, since somebody upstream failed."""
    result = probetuner("analyze", "-", piped=content)

    assert "is empty" in result.stderr
    assert result.exit_code == 2


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """A path that does not exist and a folder without manifests are told by name."""
    missing = probetuner("analyze", tmp_path / "missing.yaml")
    empty = probetuner("analyze", tmp_path)

    assert (missing.exit_code, empty.exit_code) == (2, 2)
    assert "missing.yaml cannot be read: No such file or directory" in missing.stderr
    assert f"{tmp_path} holds no file" in empty.stderr


def test_objects_of_other_kinds_are_passed_over() -> None:
    """ConfigMaps and the like are neither findings nor errors; that nothing was found to judge is said."""
    result = probetuner("analyze", "-", piped=stream({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}))

    assert "no Deployment, StatefulSet or DaemonSet" in result.stderr
    assert result.exit_code == 0


def test_only_a_cluster_can_be_looked_into(tmp_path: Path) -> None:
    """--inspect beside paths is refused in a sentence."""
    done = probetuner("analyze", tmp_path, "--inspect")

    assert done.exit_code == 2
    assert "only a live cluster can be looked into" in " ".join(done.stderr.split())


def test_no_dump_takes_readiness_away() -> None:
    """A dump of a single replica whose readiness failed again and again does not show that it worked meanwhile."""
    dump = json.loads(_dump("04-readiness-flapping-slow-tail"))
    for item in dump["items"]:
        if item["kind"] == "Deployment":
            item["spec"] |= {"replicas": 1, "strategy": {"type": "Recreate"}}
            (container,) = item["spec"]["template"]["spec"]["containers"]
            asked = container["readinessProbe"]
            container |= {"livenessProbe": {**asked, "timeoutSeconds": 9}, "startupProbe": asked}

    printed = report("-", piped=json.dumps(dump).encode())
    (judged,) = (workload for workload in printed["workloads"] if workload["name"] == "search")

    assert "single-replica-readiness" in findings(printed, "Deployment/search", "search")
    assert "remove-readiness" not in actions(printed, "Deployment/search", "search")
    assert None not in judged["containers"][0]["recommended"].values()


def test_an_autoscaler_among_manifests_speaks_for_readiness(tmp_path: Path) -> None:
    """A workload of one replica that an autoscaler may scale is no single replica; without it, it is."""
    asked = {"tcpSocket": {"port": 80}}
    pod = {"containers": [{"name": "web", "livenessProbe": asked, "readinessProbe": asked}]}
    spec = {"replicas": 1, "strategy": {"type": "Recreate"}, "template": {"spec": pod}}
    workload = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3}
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": target,
    }
    (tmp_path / "alone.yaml").write_text(yaml.safe_dump(workload))
    (tmp_path / "scaled.yaml").write_text(yaml.safe_dump_all([workload, autoscaler]))

    alone, scaled = (report(tmp_path / name) for name in ("alone.yaml", "scaled.yaml"))

    assert "single-replica-readiness" in findings(alone, "Deployment/web", "web")
    assert actions(alone, "Deployment/web", "web") == set()
    assert "single-replica-readiness" not in findings(scaled, "Deployment/web", "web")
