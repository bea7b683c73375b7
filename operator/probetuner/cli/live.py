"""A live cluster as a command names it, and what was seen of it."""

from dataclasses import dataclass

from probetuner.cli.words import KubeletRoute
from probetuner.sources.gathering import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A live cluster and where in it to look: the kubeconfig's own context and namespace where nothing is said.

    `kubelets` is how the kubelets' counters are asked for.
    """

    context: str | None = None
    namespaces: tuple[str, ...] = ()
    all_namespaces: bool = False
    selector: str | None = None
    kubelets: KubeletRoute = KubeletRoute.PROXY


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is to be judged; `before` is what one look saw before the cluster was watched, None where it was not."""

    subjects: list[Subject]
    before: list[Subject] | None = None
