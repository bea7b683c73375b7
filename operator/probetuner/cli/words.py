"""The words that options take."""

from enum import StrEnum

COMPLETE_VARIABLE = "_PROBETUNER_COMPLETE"
"""By this variable of the environment a shell asks for the words that complete a line."""


class KubeletRoute(StrEnum):
    """How the kubelets' counters are asked for: through the API server, or of each kubelet as who one is."""

    PROXY = "proxy"
    DIRECT = "direct"


KUBELETS_HELP = (
    "How the kubelets' counters are asked for: through the API server's proxy, or of each kubelet directly, which then "
    "gets to see your token."
)


class KubeletSource(StrEnum):
    """Where the operator has the counters of probes from."""

    KUBELET = "kubelet"
    NONE = "none"


class LogFormat(StrEnum):
    """How the log is written: for people, or one JSON object a line."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """The least important messages that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
