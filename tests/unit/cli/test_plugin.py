"""What the commands about policies show of a cluster on loopback, what they write to it, and what they refuse."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from probetuner.change.block import BlockReason
from probetuner.change.record import Outcome
from probetuner.cli.cures import cure_of
from probetuner.model.mode import Mode
from probetuner.model.workload import WorkloadKind, WorkloadRef
from support.changes import log, made
from support.live_api import Cluster, LiveApi, serving
from support.stage import Stage
from support.workloads import LIVENESS, Json, container, deployment
from unit.cli.commands import probetuner
from unit.packaging.files import ROOT

OURS = "/apis/probetuner.dev/v1alpha1"
WEB = "/apis/apps/v1/namespaces/shop/deployments/web"
SHOP = "/api/v1/namespaces/shop"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/probetuner"
REF = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")
OLD, LAXER = container(livenessProbe=LIVENESS), container(livenessProbe={**LIVENESS, "periodSeconds": 20})


def policy(status: Json, *, name: str = "deployment-web", **spec: Any) -> Json:
    """A ProbePolicy of Deployment web with that status."""
    return {
        "kind": "ProbePolicy",
        "metadata": {"namespace": "shop", "name": name, "uid": "p", "resourceVersion": "7", "generation": 1},
        "spec": {"targetRef": {"kind": "Deployment", "name": "web"}, **spec},
        "status": status,
    }


def looked_at(mode: Mode = Mode.RECOMMEND, **stage: Any) -> Json:
    """The status that the operator writes of a workload that load made its liveness probe kill."""
    there = Stage(mode=mode, **stage)
    there.turn()
    return there.status


def cluster(status: Json, *, raw: Json | None = None, **more: Any) -> Cluster:
    """A cluster with one workload, its policy, its Namespace and the operator's Lease."""
    return Cluster(
        objects=[],
        documents={
            f"{OURS}/namespaces/shop/probepolicies": {"items": [policy(status, **more.pop("spec", {}))]},
            f"{OURS}/probepolicies": {"items": [policy(status)]},
            f"{OURS}/namespaces/shop/probepolicies/deployment-web": policy(status),
            WEB: raw or deployment(),
            WEB.replace("web", "gone"): None,
            SHOP: {"metadata": {"name": "shop", "annotations": more.pop("said_by_namespace", {})}},
            LEASE: {"metadata": {"name": "probetuner"}, "spec": {}},
        },
        **more,
    )


Call = Callable[..., tuple[LiveApi, Result]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Calls probetuner as somebody whose kubeconfig leads to that cluster."""
    with ExitStack() as served:

        def ask(there: Cluster, *arguments: str) -> tuple[LiveApi, Result]:
            api, kubeconfig = served.enter_context(serving(there, tmp_path))
            monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
            monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
            return api, probetuner(*arguments)

        yield ask


def test_status_shows_where_a_workload_stands(call: Call) -> None:
    """A row has what was found, what is recommended under which id, and what stands in the way; then the next step."""
    status = looked_at()
    _, done = call(cluster(status), "status")

    head, row = done.stdout.splitlines()
    assert head.split() == ["WORKLOAD", "MODE", "PHASE", "FINDING", "CONFIDENCE", "RECOMMENDATION", "ID", "REFUSAL"]
    for word in ("deployment/web", "Recommend", status["finding"], status["recommendation"]["id"], "ModeDoesNotApply"):
        assert word in row
    assert done.stderr == "probetuner: why, and what else was weighed: probetuner why deployment/web -n shop\n"
    assert done.exit_code == 0


def test_status_of_all_namespaces_names_them(call: Call) -> None:
    """With -A the namespace is the first column."""
    _, done = call(cluster(looked_at()), "status", "-A")

    assert [line.split()[0] for line in done.stdout.splitlines()] == ["NAMESPACE", "shop"]


def test_status_as_json(call: Call) -> None:
    """The same for machines, with the cure of the refusal."""
    status = looked_at()
    _, done = call(cluster(status), "status", "-o", "json")

    printed = json.loads(done.stdout)
    (item,) = printed["items"]
    assert (printed["apiVersion"], printed["kind"]) == ("probetuner.dev/v1alpha1", "Statuses")
    assert (item["kind"], item["namespace"], item["name"], item["phase"]) == (
        "Deployment",
        "shop",
        "web",
        "Recommended",
    )
    assert item["recommendation"]["id"] == status["recommendation"]["id"]
    assert item["refusal"]["reason"] == "ModeDoesNotApply"
    assert f"approve {status['recommendation']['id']} -n shop" in item["refusal"]["cure"]


def test_only_what_is_blocked(call: Call) -> None:
    """With --blocked there are those alone where somebody has to do something; nothing is an answer too."""
    paused = deployment(annotations={"probetuner.dev/paused": "true"})
    _, done = call(cluster(looked_at(Mode.APPLY, live=paused)), "status", "--blocked")
    assert "PausedByAnnotation" in done.stdout
    assert "probetuner why deployment/web -n shop" in done.stderr

    _, done = call(cluster(looked_at()), "status", "--blocked")
    assert len(done.stdout.splitlines()) == 1
    assert "nothing is blocked in namespace shop" in done.stderr
    assert done.exit_code == 0


def test_watching_tells_what_changes(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second look shows only what is new, a line each; a server that goes away ends it with a sentence."""
    there = cluster(looked_at())
    path = f"{OURS}/namespaces/shop/probepolicies"
    documents = dict(there.documents)
    turns = iter(({}, {**looked_at(), "phase": "Healthy"}, None))

    async def wait(_: float) -> None:
        changed = next(turns)
        if changed is None:
            documents[path] = None
        elif changed:
            documents[path] = {"items": [policy(changed)]}

    there.documents = documents
    monkeypatch.setattr("probetuner.cli.status.asyncio.sleep", wait)
    _, done = call(there, "status", "--watch", "-o", "json")

    phases = [json.loads(line)["items"][0]["phase"] for line in done.stdout.splitlines()]
    assert phases == ["Recommended", "Healthy"]
    assert "knows no ProbePolicies" in done.stderr
    assert done.exit_code == 2


def test_why_tells_finding_evidence_refusal_and_cure(call: Call) -> None:
    """All that the status has of it, in the order in which a person asks, and the next command."""
    status = looked_at()
    _, done = call(cluster(status), "why", "deploy/web")

    text = done.stdout
    finding = status["findings"][0]
    assert text.startswith("Deployment web in namespace shop: Recommended, mode Recommend\n")
    for said in (finding["name"], finding["explanation"][:60], finding["evidence"][0][:60]):
        assert said in text
    assert status["recommendation"]["actions"][0]["name"] in text
    assert "forecast, before: observedSeconds" in text
    assert "refused: ModeDoesNotApply: mode is Recommend" in text
    assert f"what to do: probetuner approve {status['recommendation']['id']} -n shop" in text
    assert text.splitlines()[-1] == "next: probetuner diff deployment/web -n shop shows what would change"


def test_why_names_what_lost(call: Call) -> None:
    """What bounds keep away, endpoints that proved unfit, and what was tried and rolled back."""
    status = looked_at()
    status["history"] = log(made(OLD, LAXER, at=-9000, verdict=Outcome.ROLLED_BACK, undone_at=-8000))["history"]
    status["containers"][0]["recommended"] = {
        "target": {"liveness": {"timeoutSeconds": 2}},
        "uncapped": {"liveness": {"timeoutSeconds": 8}},
    }
    status["containers"][0]["endpoints"] = [
        {
            "endpoint": "GET :80/healthz",
            "liveness": "Unfit",
            "livenessReason": "it gets slower under load",
            "readiness": "Fit",
            "readinessReason": "",
        }
    ]
    _, done = call(cluster(status), "why", "deployment/web", "-o", "json")
    lost = {one["what"]: one["why"] for one in json.loads(done.stdout)["lost"]}

    assert lost["web: liveness timeoutSeconds 8"] == "spec.bounds leaves no room for it"
    assert lost["web: liveness that asks GET :80/healthz (Unfit)"] == "it gets slower under load"
    assert lost["a change (earlier)"].startswith("tried and rolled back")
    assert len([what for what in lost if "healthz" in what]) == 1


def test_what_strangers_wrote_is_harmless(call: Call) -> None:
    """Nothing that a terminal would obey comes out of a status, and no line that looks like one of ours."""
    status = looked_at()
    status["findings"][0]["explanation"] = "\x1b[2Jgone\nrefused: Nothing"
    status["recommendation"]["summary"] = "\x1b[31m" + "x" * 300
    for arguments in (("why", "deployment/web"), ("status",)):
        _, done = call(cluster(status), *arguments)
        assert "\x1b" not in done.stdout
        assert "\nrefused: Nothing" not in done.stdout


def test_diff_shows_what_would_change(call: Call) -> None:
    """As `diff -u` does, of the containers and fields that the patch is about; exit code 1, as with kubectl diff."""
    raw = deployment(
        {**container(livenessProbe=LIVENESS), "env": [{"name": "SECRET", "value": "hidden"}]},
        container("other", livenessProbe=LIVENESS),
    )
    _, done = call(cluster(looked_at(), raw=raw), "diff", "deployment/web")

    assert done.stdout.startswith("--- Deployment/shop/web as it is\n+++ Deployment/shop/web as recommended")
    assert "\n-  livenessProbe:\n+  readinessProbe:\n" in done.stdout
    assert "hidden" not in done.stdout
    assert "other" not in done.stdout
    assert "probetuner apply deployment/web -n shop" in done.stderr
    assert done.exit_code == 1


def test_diff_of_nothing(call: Call) -> None:
    """A workload that is as recommended has none, and one for which nothing is recommended has no patch."""
    stage = Stage()
    stage.turn()
    _, done = call(cluster(stage.status | {"patch": PATCH}, raw=LIVE_AS_PATCHED), "diff", "deployment/web")
    assert (done.stdout, done.exit_code) == ("", 0)

    _, done = call(cluster({"phase": "Healthy"}), "diff", "deployment/web")
    assert "there is no patch for Deployment/shop/web; probetuner why deployment/web -n shop" in done.stderr
    assert done.exit_code == 2


PATCH = "spec: {template: {spec: {containers: [{name: web, livenessProbe: {periodSeconds: 20}}]}}}"
LIVE_AS_PATCHED = deployment(LAXER)


def test_history_shows_changes_and_verdicts(call: Call) -> None:
    """The newest first; what can be undone is said, with the command."""
    changes = (
        made(OLD, LAXER, at=-100, identity="new", verdict=Outcome.KEPT),
        made(OLD, LAXER, at=-9000, identity="old", verdict=Outcome.ROLLED_BACK, undone_at=-8000),
    )
    status = {"phase": "Kept", "mode": "Apply", **log(*changes)}
    _, done = call(cluster(status), "history", "deployment/web")
    rows = done.stdout.splitlines()
    assert [row.split()[1] for row in rows] == ["ID", "new", "old"]
    assert ("Kept" in rows[1], "RolledBack" in rows[2]) == (True, True)
    assert "probetuner rollback deployment/web new -n shop" in done.stderr

    _, done = call(cluster(status), "history", "deployment/web", "-o", "json")
    assert [entry["id"] for entry in json.loads(done.stdout)["items"]] == ["new", "old"]


def test_an_approval_is_the_annotation(call: Call) -> None:
    """Exactly that of the workload is written, as one who writes with kubectl, and the wish for its undo goes."""
    status = looked_at()
    identity = status["recommendation"]["id"]
    raw = deployment(annotations={"probetuner.dev/rollback": identity})
    api, done = call(cluster(status, raw=raw), "approve", identity, "--yes", "-o", "json")

    (patch,) = api.patches
    assert (patch.path, patch.content_type) == (WEB, "application/merge-patch+json")
    assert patch.body == {
        "metadata": {"annotations": {"probetuner.dev/approve": identity, "probetuner.dev/rollback": None}}
    }
    assert "fieldManager=kubectl-" in patch.query
    assert json.loads(done.stdout)["items"] == [{"object": "Deployment/shop/web", "id": identity, "approved": True}]
    assert "probetuner status --watch" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "labels", "approved"),
    [(("--all",), "app=web", 1), (("-l", "app=web"), "app=web", 1), (("-l", "app=other"), "app=web", 0)],
)
def test_many_are_approved_at_once(call: Call, arguments: tuple[str, ...], labels: str, approved: int) -> None:
    """All that wait, or those of the workloads with the labels."""
    there = cluster(looked_at())
    listed = {"items": [{"metadata": {"namespace": "shop", "name": "web"}}] if labels in arguments else []}
    documents = dict(there.documents)
    documents[WEB.rpartition("/")[0]] = listed
    there.documents = documents
    api, done = call(there, "approve", *arguments, "--yes")

    assert len(api.patches) == approved
    assert done.exit_code == (0 if approved else 2)


def test_what_does_not_wait_is_not_approved(call: Call) -> None:
    """Another id, a mode that changes nothing, and no word on what is meant end in a sentence."""
    for status, arguments, said in (
        (looked_at(), ("0123456789",), "no recommendation 0123456789 waits in namespace shop"),
        ({**looked_at(), "mode": "Observe"}, ("--all",), "no recommendation waits"),
        (looked_at(), (), "name one id, or labels with -l, or --all"),
        (looked_at(), ("0123456789", "--all"), "name one id, or labels with -l, or --all"),
    ):
        api, done = call(cluster(status), "approve", *arguments, "--yes")
        assert said in done.stderr
        assert "probetuner status" in done.stderr
        assert (api.patches, done.exit_code) == ([], 2)


WRITING = (
    ("approve", "--all"),
    ("apply", "deployment/web"),
    ("rollback", "deployment/web"),
    ("pause", "deployment/web"),
    ("pause", "-n", "shop"),
    ("pause", "--all"),
    ("resume", "deployment/web"),
    ("mode", "deployment/web", "Apply"),
)


def applied() -> Json:
    """A status with a recommendation that waits, and a change that was kept."""
    return looked_at() | log(made(OLD, LAXER, at=-200_000, verdict=Outcome.KEPT))


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_off_a_terminal_nothing_is_written_without_yes(call: Call, arguments: tuple[str, ...]) -> None:
    """Nobody is there to agree, so the option has to say it; exit code 2."""
    api, done = call(cluster(applied()), *arguments)

    assert "give --yes" in done.stderr
    assert (api.patches, done.exit_code) == ([], 2)


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_who_may_not_write_is_told(call: Call, arguments: tuple[str, ...]) -> None:
    """The API server's own words, what to ask for, and no traceback."""
    api, done = call(cluster(applied(), unwritable=True), *arguments, "--yes")

    assert "ask for that right" in done.stderr
    assert (api.patches, done.exit_code) == ([], 2)


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_each_write_names_what_comes_next(call: Call, arguments: tuple[str, ...]) -> None:
    """The message has a command to go on with, and in JSON what was written."""
    api, done = call(cluster(applied()), *arguments, "--yes", "-o", "json")

    assert done.exit_code == 0, done.stderr
    assert api.patches
    assert json.loads(done.stdout)["apiVersion"] == "probetuner.dev/v1alpha1"
    assert re.search(r"(probetuner|kubectl rollout) \w+", done.stderr.replace("probetuner: ", ""))


def test_apply_sends_the_patch_of_the_status(call: Call) -> None:
    """In a dry run first, and onto the very version that was shown."""
    status = looked_at()
    api, done = call(cluster(status), "apply", "deployment/web", "--yes")

    dry, real = api.patches
    assert ("dryRun=All" in dry.query, "dryRun" in real.query) == (True, False)
    assert dry.body == real.body
    assert real.content_type == "application/strategic-merge-patch+json"
    assert real.body["metadata"] == {"resourceVersion": "1"}
    assert real.body["spec"]["template"]["spec"]["containers"][0]["name"] == "web"
    assert "the operator does not apply it (ModeDoesNotApply)" in done.stderr
    assert "kubectl rollout undo deployment/web -n shop" in done.stderr
    assert done.stdout.startswith("---")


def test_apply_only_tried(call: Call) -> None:
    """With --dry-run nobody has to agree, and nothing but a dry run is sent."""
    api, done = call(cluster(looked_at()), "apply", "deployment/web", "--dry-run")

    assert ["dryRun=All" in patch.query for patch in api.patches] == [True]
    assert "nothing was written" in done.stderr
    assert done.exit_code == 0


def test_a_workload_that_moved_on_is_not_patched(call: Call) -> None:
    """What was shown is not what is there any more."""
    api, done = call(cluster(looked_at(), moved=(WEB,)), "apply", "deployment/web", "--yes")

    assert "has changed meanwhile; nothing was written: probetuner apply deployment/web -n shop" in done.stderr
    assert (api.patches, done.exit_code) == ([], 2)


@pytest.mark.parametrize(
    "patch",
    [
        "spec: {replicas: 0}",
        "spec: {template: {spec: {containers: [{name: web, image: evil}]}}}",
        "spec: {template: {spec: {containers: [{name: web, livenessProbe: {httpGet: {host: evil}}}]}}}",
        "!!python/object/apply:os.system [ls]",
        "[",
        "&a [*a]",
    ],
)
def test_a_patch_that_is_none_of_ours_is_not_sent(call: Call, patch: str) -> None:
    """Whoever may write a status cannot have a person with more rights send what they like."""
    for command in (("apply", "--yes"), ("diff",)):
        api, done = call(cluster(looked_at() | {"patch": patch}), command[0], "deployment/web", *command[1:])
        assert "is none of probetuner's" in done.stderr
        assert (api.patches, done.exit_code) == ([], 2)


def test_rollback_names_the_latest_change(call: Call) -> None:
    """The annotation has the id of the latest that arrived, with or without it being named."""
    refused = replace(made(OLD, LAXER, at=-9, identity="refused"), applied_at=None, verdict=Outcome.INCONCLUSIVE)
    status = applied()
    status["history"] = [*log(refused)["history"], *status["history"]]
    for more in ((), ("earlier",)):
        api, done = call(cluster(status), "rollback", "deployment/web", *more, "--yes")
        (patch,) = api.patches
        assert (patch.path, patch.body) == (WEB, {"metadata": {"annotations": {"probetuner.dev/rollback": "earlier"}}})
        assert "probetuner history deployment/web -n shop" in done.stderr


@pytest.mark.parametrize(
    ("status", "more", "said"),
    [
        ({"phase": "Healthy", "mode": "Apply"}, (), "nothing was changed of"),
        (applied(), ("other",), "other is not the latest change of Deployment/shop/web, which is earlier"),
        ({**applied(), "mode": "Observe"}, (), "mode of Deployment/shop/web is Observe, in which nothing is written"),
        (
            {"mode": "Apply", **log(made(OLD, LAXER, at=-9, verdict=Outcome.ROLLED_BACK, undone_at=-1))},
            (),
            "earlier is RolledBack already",
        ),
    ],
)
def test_what_cannot_be_undone_is_said(call: Call, status: Json, more: tuple[str, ...], said: str) -> None:
    """Before anything is written, with the next command."""
    api, done = call(cluster(status), "rollback", "deployment/web", *more, "--yes")

    assert said in done.stderr
    assert re.search(r"probetuner (why|history|mode) deployment/web", done.stderr)
    assert (api.patches, done.exit_code) == ([], 2)


@pytest.mark.parametrize(
    ("arguments", "path", "words"),
    [
        (("deployment/web",), WEB, "deployment/web -n shop"),
        (("-n", "shop"), SHOP, "-n shop"),
        (("--all",), LEASE, "--all"),
    ],
)
def test_pause_and_resume(call: Call, arguments: tuple[str, ...], path: str, words: str) -> None:
    """One workload, a namespace, or all by the Lease: the annotation comes and goes, and each names the other."""
    api, done = call(cluster(applied()), "pause", *arguments, "--yes")
    (patch,) = api.patches
    assert (patch.path, patch.body) == (path, {"metadata": {"annotations": {"probetuner.dev/paused": "true"}}})
    assert f"probetuner resume {words} lets changes begin again" in done.stderr

    api, done = call(cluster(applied()), "resume", *arguments, "--yes")
    (patch,) = api.patches
    assert (patch.path, patch.body) == (path, {"metadata": {"annotations": {"probetuner.dev/paused": None}}})


def test_a_workload_in_a_paused_namespace_is_told_so(call: Call) -> None:
    """Resuming it alone lets nothing begin."""
    there = cluster(applied(), said_by_namespace={"probetuner.dev/paused": "true"})
    _, done = call(there, "resume", "deployment/web", "--yes")

    assert "Namespace shop is paused as a whole; probetuner resume -n shop" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pause",), "say where"),
        (("pause", "deployment/web", "--all"), "leave out"),
        (("pause", "--all", "--lease", "Nowhere"), "NAMESPACE/NAME"),
        (("pause", "--all", "--lease", "a/b"), "--lease names the Lease"),
        (("pause", "deployment/gone"), "there is no deployment/gone in namespace shop"),
        (("why", "pod/web"), "deployment/NAME"),
        (("why", "web"), "deployment/NAME"),
        (("why", "deployment/other"), "probetuner mode deployment/other Recommend -n shop"),
        (("approve", "x", "--context", "none"), "KUBECONFIG"),
    ],
)
def test_each_error_has_its_next_step(call: Call, arguments: tuple[str, ...], said: str) -> None:
    """One sentence that names what was meant and what to do; exit code 2."""
    api, done = call(cluster(applied()), *arguments, *(("--yes",) if arguments[0] != "why" else ()))

    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (api.patches, done.exit_code) == ([], 2)


def test_mode_is_written_where_it_comes_from(call: Call) -> None:
    """On the workload; into the policy where that has a mode; and the workload's own Off goes with it."""
    api, _ = call(cluster(applied()), "mode", "deployment/web", "apply", "--yes")
    assert [(patch.path, patch.body) for patch in api.patches] == [
        (WEB, {"metadata": {"annotations": {"probetuner.dev/mode": "Apply"}}})
    ]

    there = cluster(applied(), spec={"mode": "Recommend"}, raw=deployment(annotations={"probetuner.dev/mode": "Off"}))
    api, done = call(there, "mode", "deployment/web", "Apply", "--yes")
    assert [(patch.path, patch.body) for patch in api.patches] == [
        (f"{OURS}/namespaces/shop/probepolicies/deployment-web", {"spec": {"mode": "Apply"}}),
        (WEB, {"metadata": {"annotations": {"probetuner.dev/mode": "Apply"}}}),
    ]
    assert "ProbePolicy/shop/deployment-web" in done.stderr


def test_a_word_that_is_no_mode_is_refused(call: Call) -> None:
    """Before anything is asked."""
    api, done = call(cluster(applied()), "mode", "deployment/web", "Sometimes", "--yes")

    assert (sum(api.asked.values()), done.exit_code) == (0, 2)


def test_a_cluster_without_the_definitions_is_told(call: Call) -> None:
    """Nothing is installed there."""
    documents = {f"{OURS}/namespaces/shop/probepolicies": None}
    _, done = call(Cluster(objects=[], documents=documents), "status")

    assert "knows no ProbePolicies: install the chart" in done.stderr
    assert done.exit_code == 2


@pytest.mark.parametrize("reason", BlockReason)
def test_each_refusal_has_a_cure(reason: BlockReason) -> None:
    """In the commands and in docs/refusals.md, so that nobody is told no and nothing else."""
    assert cure_of(reason, REF, "0123456789")
    assert f"`{reason}`" in (ROOT / "docs" / "refusals.md").read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_what_the_shell_reads(shell: str) -> None:
    """It asks this very program for the words."""
    done = probetuner("completion", shell)

    assert "_PROBETUNER_COMPLETE" in done.stdout
    assert done.exit_code == 0


def test_the_shell_is_answered() -> None:
    """By the very variable that the lines for it set."""
    asked = {"_PROBETUNER_COMPLETE": "complete_bash", "COMP_WORDS": "probetuner sta", "COMP_CWORD": "1"}
    program = Path(sys.executable).with_name("probetuner")
    done = subprocess.run([program], env={**os.environ, **asked}, capture_output=True, text=True, check=False)

    assert done.stdout.split() == ["status"]


def test_commands_and_workloads_are_completed(
    call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As kubectl asks for it: candidates, and in the last line that files are none."""
    from probetuner.cli.candidates import main  # noqa: PLC0415 - as its entry point does

    call(cluster(applied()), "status")
    for words, expected in ((["sta"], ["status"]), (["why", "deployment/"], ["deployment/web"])):
        monkeypatch.setattr("sys.argv", ["kubectl_complete-probetuner", *words])
        main()
        assert capsys.readouterr().out.splitlines() == [*expected, ":4"]


def test_as_a_plugin_it_calls_itself_one(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next command is one that can be typed as this one was."""
    monkeypatch.setattr("sys.argv", ["/usr/local/bin/kubectl-probetuner", "status"])
    _, done = call(cluster(looked_at()), "status")

    assert "kubectl probetuner why deployment/web -n shop" in done.stderr
