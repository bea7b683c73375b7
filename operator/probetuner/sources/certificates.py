"""Whose certificate a kubelet serves, as it says itself: nothing is believed of it, and no token is sent."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from probetuner.sources.kubelet import KubeletAddress

_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a serving certificate says: of whom it is, who signed it, for which names, until when (in its own words)."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_after: str

    @property
    def is_self_made(self) -> bool:
        """Whether the kubelet made it: it signs with an authority of its own then, `<node>-ca@<epoch seconds>`.

        client-go: util/cert/cert.go, GenerateSelfSignedCertKey.
        """
        return self.issuer == self.subject or "-ca@" in self.issuer


def certificate_of(address: KubeletAddress) -> Certificate | None:
    """The certificate that is served there; None where none is, or one that cannot be read.

    Python shows only what it has verified, so the connection is made twice: to fetch the certificate, and to verify it
    against itself.
    """
    try:
        encoded = _fetched(address)
        context = ssl.create_default_context(cadata=encoded)
        context.check_hostname = False
        context.verify_flags = ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        with (
            socket.create_connection((address.host, address.port), timeout=_TIMEOUT_SECONDS) as connection,
            context.wrap_socket(connection) as secured,
        ):
            shown: dict[str, Any] = dict(secured.getpeercert() or {})
    except (OSError, ValueError):
        return None
    return Certificate(
        subject=_name(shown.get("subject")),
        issuer=_name(shown.get("issuer")),
        names=tuple(str(value) for _, value in shown.get("subjectAltName") or ()),
        not_after=str(shown.get("notAfter") or ""),
    )


def _fetched(address: KubeletAddress) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((address.host, address.port), timeout=_TIMEOUT_SECONDS) as connection,
        context.wrap_socket(connection) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def _name(parts: Any) -> str:
    """A distinguished name by its common name, or whole where it has none."""
    pairs = dict(_pairs(parts))
    return pairs.get("commonName") or ", ".join(f"{key}={value}" for key, value in pairs.items()) or "nobody"


def _pairs(parts: Any) -> Iterator[tuple[str, str]]:
    for part in parts or ():
        yield from ((str(key), str(value)) for key, value in part)
