"""What of a cluster could not be seen, told in one line with what follows from it."""

from collections import defaultdict

from probetuner.cli.telling import note
from probetuner.sources.failing import Failure
from probetuner.sources.live import AUTOSCALERS, NODES, LiveError, Resource
from probetuner.sources.manifests import Tell

_EFFECT = "what depends on it is not known: findings are less sure, or missing"
_SAID = {401: "HTTP 401: nobody knows you", 403: "HTTP 403: you may not list that"}


class Unseen:
    """Collects what could not be seen until `close`; what comes later is told at once."""

    def __init__(self) -> None:
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        self._sentences: list[str] = []
        self._is_problem = self._closed = False

    def list(self, resource: Resource, problem: LiveError, *, namespace: str | None) -> None:
        """A resource could not be listed, in that namespace where there are several.

        That is a problem, but for those that a person who may see a namespace often may not list.
        """
        where = f" of namespace {namespace}" if namespace else ""
        said = _SAID.get(problem.status or 0, str(problem))
        self._lists[said].append(f"{resource.plural}{where} ({resource.telling})")
        self._is_problem |= problem.failure is not Failure.REFUSED or resource not in (NODES, AUTOSCALERS)

    def tell(self, sentence: str) -> None:
        """Something else could not be seen."""
        if self._closed:
            note(sentence)
        else:
            self._sentences.append(sentence)

    def close(self, tell: Tell) -> None:
        """Tell all of it in one line: as a problem if there is one, else as a note."""
        self._closed = True
        parts = [*(f"{', '.join(names)}: {said}" for said, names in self._lists.items()), *self._sentences]
        if parts:
            (tell if self._is_problem else note)(f"not all was seen: {'; '.join(parts)}; {_EFFECT}")
