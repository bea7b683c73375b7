"""What the operator may do, asked of the API server itself; whose rights were asked is part of the answer."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from probetuner.diagnosis.wording import first_of
from probetuner.doctor.check import Area, ChartValue, Check, State
from probetuner.doctor.installed import Installed, user_of
from probetuner.doctor.rights import Right, needed, to_apply, to_read_kubelets
from probetuner.sources.live import LiveCluster, LiveError

_AUTHORIZATION = "authorization.k8s.io/v1"
_AUTHENTICATION = "authentication.k8s.io/v1"
_AT_ONCE = 8
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose rights were asked; `by` is the kind of review.

    `instead` says why they are not the operator's, empty where they are.
    """

    user: str
    by: str
    instead: str = ""


def who_am_i(cluster: LiveCluster) -> str:
    """How the API server calls whoever asks; "you" where it does not say."""
    review = {"apiVersion": _AUTHENTICATION, "kind": "SelfSubjectReview"}
    try:
        answer = cluster.post(f"/apis/{_AUTHENTICATION}/selfsubjectreviews", review)
    except LiveError:
        return "you"
    return str(((answer.get("status") or {}).get("userInfo") or {}).get("username") or "you")


def whose(cluster: LiveCluster, installed: Installed, *, me: str) -> Asked:
    """Whose rights can be asked: the operator's, where the caller is it or may ask for others, else the caller's.

    Raises LiveError where reviews are not answered at all.
    """
    if me == installed.user:
        return Asked(user=me, by="SelfSubjectAccessReview")
    try:
        _may(cluster, installed.user, {"verb": "list", "resource": "pods"})
    except LiveError as problem:
        return Asked(user=me, by="SelfSubjectAccessReview", instead=str(problem))
    return Asked(user=installed.user, by="SubjectAccessReview")


def check_permissions(
    cluster: LiveCluster, installed: Installed, asked: Asked, *, applying: Sequence[str]
) -> Iterator[Check]:
    """Ask for everything that the operator needs; `applying` are namespaces with workloads in mode Apply.

    Raises LiveError.
    """
    rights = [*needed(installed), *(to_apply(tuple(applying)) if applying else ())]
    missing = list(_missing(cluster, asked, rights))
    if asked.instead:
        yield _not_the_operators(installed, asked, missing)
        return
    yield from (_check(asked.user, lack) for lack in missing)
    if asked.by == "SubjectAccessReview" and installed.kubelet_account is not None and installed.asks_kubelets:
        account = Asked(user=user_of(installed.kubelet_account), by=asked.by)
        lacking = list(_missing(cluster, account, [to_read_kubelets()]))
        yield from (_check(account.user, lack) for lack in lacking)
        missing += lacking
    if not missing:
        asked_for = sum(len(list(right.reviews())) for right in rights)
        message = f"{asked.user} may do all {asked_for} things that it needs, by {asked.by}"
        yield Check(area=Area.PERMISSIONS, state=State.OK, message=message)
    if not applying:
        yield _may_apply(cluster, asked)


def in_pod(installed: Installed) -> str:
    """What to do to ask as the operator, from where it is."""
    pod = f"-n {installed.namespace} deploy/{installed.name}"
    return f"run it in the operator's pod: kubectl exec {pod} -- probetuner doctor"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lack:
    """Verbs of a right that are missing, in these namespaces."""

    right: Right
    verbs: tuple[str, ...]
    namespaces: tuple[str, ...]


def _missing(cluster: LiveCluster, asked: Asked, rights: Sequence[Right]) -> Iterator[_Lack]:
    """What is missing of these rights. Raises LiveError."""
    reviews = [(right, verb, about) for right in rights for verb, about in right.reviews()]
    other = asked.user if asked.by == "SubjectAccessReview" else None
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="review") as threads:
        answers = list(threads.map(lambda review: _may(cluster, other, review[2]), reviews))
    refused = [review for review, may in zip(reviews, answers, strict=True) if not may]
    for right in rights:
        lacking = [(verb, about["namespace"]) for of, verb, about in refused if of is right]
        if lacking:
            verbs, namespaces = (tuple(dict.fromkeys(part)) for part in zip(*lacking, strict=True))
            yield _Lack(right=right, verbs=verbs, namespaces=namespaces)


def _may(cluster: LiveCluster, user: str | None, attributes: Mapping[str, str]) -> bool:
    """Whether that user may do that, the caller where none is named. Raises LiveError."""
    kind = "SelfSubjectAccessReview" if user is None else "SubjectAccessReview"
    spec: dict[str, Any] = {"resourceAttributes": {key: value for key, value in attributes.items() if value}}
    if user is not None:
        spec["user"] = user
    review = {"apiVersion": _AUTHORIZATION, "kind": kind, "spec": spec}
    answer = cluster.post(f"/apis/{_AUTHORIZATION}/{kind.lower()}s", review)
    return bool((answer.get("status") or {}).get("allowed"))


def _check(user: str, lack: _Lack) -> Check:
    right = lack.right
    named = f" {right.name}" if right.name else ""
    where = f" in {', '.join(lack.namespaces)}" if any(lack.namespaces) else ""
    values, step = _cure(right)
    return Check(
        area=Area.PERMISSIONS,
        state=State.WRONG,
        message=f"{user} may not {', '.join(lack.verbs)} {right.resource}{named}{where}: {right.without}",
        values=values,
        step=step,
        rule=right.rule(lack.verbs),
    )


def _cure(right: Right) -> tuple[tuple[ChartValue, ...], str]:
    """The chart values that give a right, and what to do besides."""
    if right.verbs == ("patch",) and right.group == "apps":
        return (ChartValue.APPLY, ChartValue.APPLY_NAMESPACES), ""
    if right.resource == "leases":
        return (ChartValue.LEASE_NAMESPACE,), "name a namespace where the operator may write Leases"
    return (ChartValue.RULES,), "with it helm upgrade gives the rule again; without it, whoever makes the roles has to"


def _not_the_operators(installed: Installed, asked: Asked, missing: Sequence[_Lack]) -> Check:
    """What whoever asks may not do is nobody's fault, and what the operator may do is not known."""
    lacking = [f"{'/'.join(lack.verbs)} {lack.right.resource}" for lack in missing]
    own = f"they lack {first_of(lacking, _NAMED)}" if missing else "they would be enough"
    return Check(
        area=Area.PERMISSIONS,
        state=State.UNKNOWN,
        message=f"the rights of {installed.user} were not asked ({asked.instead}); yours were, {asked.user}: {own}",
        step=f"{in_pod(installed)}; or ask for create on subjectaccessreviews.authorization.k8s.io",
    )


def _may_apply(cluster: LiveCluster, asked: Asked) -> Check:
    lacking = list(_missing(cluster, asked, to_apply(("",))))
    if lacking:
        message = (
            "it may not patch workloads in all namespaces; no workload is in mode Apply, so nothing waits for that"
        )
        return Check(area=Area.PERMISSIONS, state=State.NOTE, message=message, values=(ChartValue.APPLY,))
    return Check(
        area=Area.PERMISSIONS,
        state=State.OK,
        message="it may patch workloads that ask for mode Apply, in all namespaces",
    )
