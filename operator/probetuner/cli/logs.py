"""Logs: structured, to standard error, ours and those of the libraries in one form."""

import logging
import sys
from typing import Any

import structlog

from probetuner.cli.words import LogFormat, LogLevel

_UNTRUE_HERE = "OS signals are ignored"
"""What kopf says in a thread of its own; our process takes care of signals."""

_REPEATED = "Request attempt #"
"""What kopf says of each try of each of its watches while the API server is away."""

_REPEATED_SECONDS = 30.0


def set_up_logs(log_format: LogFormat, log_level: LogLevel) -> None:
    """Send everything that is logged from here on to standard error."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(log_format)],
        )
    )
    handler.addFilter(_Sparing())
    level = log_level.value.upper()
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # kopf tells of every object that it passes on.
    for library in ("kopf", "asyncio", "urllib3", "kubernetes", "aiohttp"):
        logging.getLogger(library).setLevel("DEBUG" if log_level is LogLevel.DEBUG else "WARNING")


def _renderer(log_format: LogFormat) -> Any:
    if log_format is LogFormat.JSON:
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


class _Sparing(logging.Filter):
    """Lets through what is worth reading of what kopf says."""

    def __init__(self) -> None:
        super().__init__()
        self._repeated_at = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be logged."""
        if not record.name.startswith("kopf"):
            return True
        message = record.getMessage()
        if message.startswith(_REPEATED):
            if record.created - self._repeated_at < _REPEATED_SECONDS:
                return False
            self._repeated_at = record.created
        return not message.startswith(_UNTRUE_HERE)
