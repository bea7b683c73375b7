"""Where the API server is and who we are to it: the pod's service account, or a kubeconfig."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, list_kube_config_contexts, load_incluster_config, load_kube_config

_UNREADABLE = (ConfigException, OSError, yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError)
"""What the client raises for a kubeconfig that is not there, or is not what it should be in whatever way."""

_CONNECTIONS = 64
"""So many are kept: watches, and kubelets by the proxy, 16 at once. Those beyond are dropped, with a warning each."""

_SERVICE_ACCOUNT_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class NoClusterError(Exception):
    """Neither a service account nor a kubeconfig leads to a cluster; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A way to the API server, and the credentials that the kubelets of the same cluster take too.

    `user` is whose credentials they are, in words. `bearer_token` gives the token that is good now (a service account's
    is re-read from its file), None where a client certificate is used instead. The files are paths, None where there
    are none. `namespace` is the one that is meant where none is named.
    """

    client: ApiClient
    in_cluster: bool
    namespace: str
    user: str
    server: str
    bearer_token: Callable[[], str | None]
    authority_file: str | None
    certificate_file: str | None
    key_file: str | None


def connect(*, context: str | None = None) -> Connection:
    """Connect as the pod that this runs in, else by KUBECONFIG; by that in any case where a *context* of it is named.

    No request is made. Raises NoClusterError.
    """
    configuration = Configuration()
    in_cluster = _load(configuration, context)
    named = None if in_cluster else _named_context(context)
    # A request that changes something is never repeated behind the reconciler's back.
    configuration.retries = False
    configuration.connection_pool_maxsize = _CONNECTIONS
    return Connection(
        client=ApiClient(configuration),
        in_cluster=in_cluster,
        namespace=_namespace(named),
        user=_user(named),
        server=str(configuration.host),
        bearer_token=lambda: _bare_token(configuration.get_api_key_with_prefix("BearerToken")),
        authority_file=configuration.ssl_ca_cert,
        certificate_file=configuration.cert_file,
        key_file=configuration.key_file,
    )


def _load(configuration: Configuration, context: str | None) -> bool:
    if context is None:
        try:
            load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # not annotated
        except ConfigException:
            pass  # not in a cluster: the kubeconfig says where one is
        else:
            return True
    try:
        load_kube_config(context=context, client_configuration=configuration)  # type: ignore[no-untyped-call]  # so too
    except _UNREADABLE as problem:
        raise NoClusterError(
            f"no cluster is configured: {_shown(problem)}. "
            "Run inside a cluster, or set KUBECONFIG to a kubeconfig file."
        ) from None
    return False


def _named_context(context: str | None) -> Mapping[str, Any]:
    """The kubeconfig's context of that name, or the current one."""
    try:
        contexts, active = list_kube_config_contexts()  # type: ignore[no-untyped-call]  # as above
        named = next((entry for entry in contexts if entry["name"] == context), active)
        return {"name": named["name"], **named["context"]}
    except _UNREADABLE:
        return {}  # the client has read the file already, so this much of it is simply not there


def _namespace(named: Mapping[str, Any] | None) -> str:
    if named is None:
        return _SERVICE_ACCOUNT_NAMESPACE.read_text(encoding="utf-8").strip() or "default"
    return str(named.get("namespace") or "default")


def _user(named: Mapping[str, Any] | None) -> str:
    if named is None:
        return "this pod's service account"
    return f"user {named.get('user', '?')} of context {named.get('name', '?')}"


def _shown(problem: Exception) -> str:
    return " ".join(f"{type(problem).__name__}: {problem}".split()).removeprefix("ConfigException: ")


def _bare_token(header: str | None) -> str | None:
    return header.rpartition(" ")[2].strip() if header else None
