"""Where the operator is told to ask no kubelet."""

import time
from typing import cast

import pytest

from probetuner.cluster.api import Api
from probetuner.cluster.connection import Connection
from probetuner.cluster.names import NamespacedName
from probetuner.controller.options import Options
from probetuner.controller.working import _access, _kubelet_token
from probetuner.sources.kubelet import KubeletAddress, KubeletError, Kubelets


class Unconnected:
    """A connection with a client certificate, and an API server that is asked for no token."""

    certificate_file = key_file = authority_file = None

    async def ask(self, path: str, _: object) -> None:
        """Fail, because nobody is to ask."""
        raise AssertionError(f"{path} was asked for")


async def test_neither_a_kubelet_nor_a_token_is_asked_for() -> None:
    """What is said instead names the option, so that nobody looks for a fault."""
    account = NamespacedName(namespace="system", name="kubelet")
    options = Options(asks_kubelets=False, kubelet_account=account)
    connection = cast("Connection", Unconnected())
    token = _kubelet_token(connection, cast("Api", connection), options, clock=time.monotonic)
    kubelets = Kubelets(_access(connection, options, token))

    try:
        with pytest.raises(KubeletError, match="--kubelet-source=none"):
            await kubelets.read(KubeletAddress(node="n1", host="127.0.0.1", port=1), "/metrics/probes", ())
    finally:
        await kubelets.close()
