"""The kubelet of each node: whether it is reached, whose certificate it serves, and whether it gives its counters."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from probetuner.diagnosis.wording import first_of
from probetuner.doctor.check import Area, ChartValue, Check, State
from probetuner.doctor.rights import to_read_kubelets
from probetuner.facts.page import Page
from probetuner.model.problem import InvalidObjectError
from probetuner.sources.asking import Asking, Door
from probetuner.sources.certificates import Certificate, certificate_of
from probetuner.sources.failing import Failure
from probetuner.sources.kubelet import PATHS, KubeletAccess, KubeletAddress, KubeletError, parse_address
from probetuner.sources.live import LiveCluster, LiveError
from probetuner.sources.scraping import read_page

MOST_OF_A_KIND = 48
"""Each node is of interest here, so more are asked than `sources.asking` would: three rounds of sixteen that wait two
seconds each for nobody are six seconds."""

PROBES_PAGE, _ = PATHS
_COUNTER = "prober_probe_total{"
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAnswer:
    """What came of asking a node. `failure` is None where both pages came, `status` the HTTP status of a no.

    `probes` counts the series of probes; `partial` says what of a page could not be taken. `certificate` is None where
    it was not asked for, or none is served.
    """

    node: str
    failure: Failure | None = None
    status: int | None = None
    problem: str = ""
    partial: str = ""
    probes: int = 0
    certificate: Certificate | None = None


def ask_kubelets(
    cluster: LiveCluster, access: KubeletAccess | None, nodes: Sequence[Mapping[str, Any]], *, step: Callable[[], None]
) -> list[NodeAnswer]:
    """Ask each node, 16 at once, itself where `access` says as whom, else by the API server; sorted by name."""
    answers: dict[str, NodeAnswer] = {}
    doors = []
    for raw in nodes:
        name, address, problem = _addressed(raw)
        if access is not None and address is None:
            answers[name] = NodeAnswer(node=name, failure=Failure.UNASKED, problem=problem)
        else:
            doors.append(Door(node=name, address=address if access is not None else None))
    round_ = _Round(cluster, access)
    asking = Asking(doors, round_.read, of_a_kind=MOST_OF_A_KIND)
    probes: defaultdict[str, int] = defaultdict(int)
    for scrape in asking.answers(step):
        if scrape.path == PROBES_PAGE:
            probes[scrape.node] = sum(line.startswith(_COUNTER) for line in scrape.text.splitlines())
    for door in doors:
        node = door.node
        failure, problem = asking.failed.get(node, (None, ""))
        if node in asking.left_out:
            failure, problem = Failure.UNASKED, f"{MOST_OF_A_KIND} others failed in the same way"
        answers[node] = NodeAnswer(
            node=node,
            failure=failure,
            status=round_.statuses.get(node),
            problem=problem,
            partial=asking.partial.get(node, ""),
            probes=probes[node],
            certificate=round_.certificates.get(node),
        )
    return [answers[node] for node in sorted(answers)]


class _Round:
    """Reads pages for `Asking`, and remembers what that does not: HTTP statuses and certificates, by node."""

    def __init__(self, cluster: LiveCluster, access: KubeletAccess | None) -> None:
        self._cluster, self._access = cluster, access
        self.statuses: dict[str, int] = {}
        self.certificates: dict[str, Certificate] = {}

    def read(self, door: Door, path: str) -> Page:
        """One page of a node. Raises LiveError, KubeletError."""
        try:
            page = read_page(self._cluster, self._access, door, path)
        except (LiveError, KubeletError) as problem:
            if problem.status is not None:
                self.statuses[door.node] = problem.status
            if problem.failure is not Failure.UNREACHABLE:  # who says nothing is not waited for again
                self._look_at_certificate(door)
            raise
        if path == PROBES_PAGE:
            self._look_at_certificate(door)
        return page

    def _look_at_certificate(self, door: Door) -> None:
        served = None if door.address is None else certificate_of(door.address)
        if served is not None:
            self.certificates[door.node] = served


def _addressed(raw: Mapping[str, Any]) -> tuple[str, KubeletAddress | None, str]:
    """A node's name, where its kubelet listens, and why that is not known."""
    name = str((raw.get("metadata") or {}).get("name") or "?")
    try:
        return name, parse_address(raw), "its Node has no internal IP address"
    except InvalidObjectError as invalid:
        return name, None, str(invalid)


def check_kubelets(answers: Sequence[NodeAnswer], *, direct: bool, verified: bool) -> Iterator[Check]:
    """What the answers of all nodes show, those that are alike together."""
    alike: defaultdict[tuple[Failure | None, int | None, bool], list[NodeAnswer]] = defaultdict(list)
    for answer in answers:
        alike[answer.failure, answer.status, bool(answer.partial)].append(answer)
    for (failure, _, in_part), group in alike.items():
        nodes = tuple(answer.node for answer in group)
        where = f"{len(nodes)} of {len(answers)} nodes ({first_of(nodes, _NAMED)})"
        if failure is not None:
            yield _failed(failure, group, where, nodes, direct=direct)
        elif in_part:
            message = f"{where} give a part of their counters: {group[0].partial}"
            yield Check(area=Area.KUBELETS, state=State.NOTE, message=message, nodes=nodes)
        else:
            yield _answered(group, where, nodes, direct=direct, verified=verified)


def _answered(
    group: Sequence[NodeAnswer], where: str, nodes: tuple[str, ...], *, direct: bool, verified: bool
) -> Check:
    probes = sum(answer.probes for answer in group)
    way = "give /metrics/probes and /metrics/cadvisor" if direct else "give their counters to the API server"
    message = f"{where} {way}, {probes} series of probes{_signed(group)}"
    if direct and not verified:
        message += "; certificates are not checked, so whoever answers at a node's address gets the token"
    return Check(area=Area.KUBELETS, state=State.OK, message=message, nodes=nodes)


def _signed(group: Sequence[NodeAnswer]) -> str:
    issuers = sorted({answer.certificate.issuer for answer in group if answer.certificate is not None})
    return f"; their certificates are signed by {first_of(issuers, _NAMED)}" if issuers else ""


def _failed(
    failure: Failure, group: Sequence[NodeAnswer], where: str, nodes: tuple[str, ...], *, direct: bool
) -> Check:
    # The next step of whoever asks by hand comes after the first part; here it is another.
    problem, status = group[0].problem.partition(";")[0].rstrip("."), group[0].status
    told = partial(Check, area=Area.KUBELETS, nodes=nodes)
    wrong, unknown = partial(told, state=State.WRONG), partial(told, state=State.UNKNOWN)
    match failure:
        case Failure.UNTRUSTED:
            certificate = group[0].certificate
            whose = f"; {_whose(certificate)}" if certificate is not None else ""
            return wrong(
                message=f"{where} serve a certificate that is not believed, so there are no counters: {problem}{whose}",
                values=_believing(certificate),
                step="or have the cluster sign them: serverTLSBootstrap in the kubelets' configuration, and their "
                "certificate signing requests approved",
            )
        case Failure.REFUSED if not direct:
            return unknown(message=f"{where} could not be asked: {problem}", step="ask for get on nodes/proxy")
        case Failure.REFUSED if status == HTTPStatus.UNAUTHORIZED:
            return wrong(
                message=f"{where} take no token (HTTP 401): {problem}",
                step="set authentication.webhook.enabled in the kubelets' configuration; no chart value mends that",
            )
        case Failure.REFUSED:
            return wrong(
                message=f"{where} refuse (HTTP {status}): {problem}",
                values=(ChartValue.RULES,),
                step="with it helm upgrade gives the rule again, where authorization.mode of the kubelets is Webhook",
                rule=to_read_kubelets().rule(("get",)),
            )
        case Failure.UNREACHABLE:
            return wrong(
                message=f"{where} do not answer: {problem}",
                step="let the operator's pod reach the nodes at that port; no chart value mends that",
            )
        case Failure.UNASKED:
            return unknown(message=f"{where} were not asked: {problem}", step="mend what the others say first")
        case Failure.BROKEN:
            page = " has no such page (an old or virtual kubelet)" if status == HTTPStatus.NOT_FOUND else ""
            return wrong(
                message=f"{where} give no counters: {problem}{page}",
                step="look at the kubelet's log; no chart value mends that",
            )


def _believing(certificate: Certificate | None) -> tuple[ChartValue, ...]:
    """What has the operator believe it: no authority signed all of those that kubelets make themselves."""
    if certificate is not None and not certificate.is_self_made:
        return (ChartValue.KUBELET_AUTHORITY, ChartValue.INSECURE_KUBELETS)
    return (ChartValue.INSECURE_KUBELETS,)


def _whose(certificate: Certificate) -> str:
    names = ", ".join(certificate.names[:_NAMED]) or certificate.subject
    if certificate.is_self_made:
        return f"the kubelet signed it itself ({certificate.issuer}), for {names}"
    return f"it is signed by {certificate.issuer}, for {names}, until {certificate.not_after}"
