"""Where the API server is and who we are to it: the pod's service account, or a kubeconfig."""

from collections.abc import Callable
from dataclasses import dataclass

from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config


class NoClusterError(Exception):
    """Neither a service account nor a kubeconfig leads to a cluster; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A way to the API server, and the credentials that the kubelets of the same cluster take too.

    `bearer_token` gives the token that is good now (a service account's is re-read from its file), None where a
    client certificate is used instead. The files are paths, None where there are none.
    """

    client: ApiClient
    in_cluster: bool
    server: str
    bearer_token: Callable[[], str | None]
    authority_file: str | None
    certificate_file: str | None
    key_file: str | None


def connect() -> Connection:
    """Connect as the pod that this runs in, else by KUBECONFIG. No request is made. Raises NoClusterError."""
    configuration = Configuration()
    in_cluster = _load(configuration)
    # A request that changes something is never repeated behind the reconciler's back.
    configuration.retries = False
    return Connection(
        client=ApiClient(configuration),
        in_cluster=in_cluster,
        server=str(configuration.host),
        bearer_token=lambda: _bare_token(configuration.get_api_key_with_prefix("BearerToken")),
        authority_file=configuration.ssl_ca_cert,
        certificate_file=configuration.cert_file,
        key_file=configuration.key_file,
    )


def _load(configuration: Configuration) -> bool:
    try:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # not annotated
    except ConfigException:
        try:
            load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # as above
        except (ConfigException, OSError) as problem:
            raise NoClusterError(
                f"no cluster is configured: {problem}. Run inside a cluster, or set KUBECONFIG to a kubeconfig file."
            ) from None
        return False
    return True


def _bare_token(header: str | None) -> str | None:
    return header.rpartition(" ")[2].strip() if header else None
