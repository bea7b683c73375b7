"""Names of namespaced objects as they are written on the command line, and the paths of lists of objects."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespacedName:
    """An object's namespace and name."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read NAMESPACE/NAME. Raises ValueError with a sentence for the user."""
        namespace, _, name = text.partition("/")
        if not _LABEL.fullmatch(namespace) or not _SUBDOMAIN.fullmatch(name):
            raise ValueError(f"{text!r} does not name an object; write NAMESPACE/NAME in lower case")
        return cls(namespace=namespace, name=name)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


LEASE = NamespacedName(namespace="kube-system", name="probetuner")
"""One for the whole cluster, since each operator watches all of it: not one for each namespace that has a release."""


def parse_namespace(text: str) -> str:
    """Read the name of a namespace. Raises ValueError with a sentence for the user."""
    if not _LABEL.fullmatch(text):
        raise ValueError(f"{text!r} does not name a namespace; write its name in lower case")
    return text


def lists_of(api_version: str, plural: str, namespaces: Collection[str]) -> list[str]:
    """Return the paths of the lists of a kind: one for each of the namespaces, one for all where none is named."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    if not namespaces:
        return [f"{root}/{plural}"]
    return [f"{root}/namespaces/{namespace}/{plural}" for namespace in sorted(namespaces)]
