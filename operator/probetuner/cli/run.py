"""`probetuner run`: the operator."""

import asyncio
import sys

from probetuner.cli.logs import set_up_logs
from probetuner.cli.words import LogFormat, LogLevel
from probetuner.cluster.connection import NoClusterError, connect
from probetuner.controller.leading import LeadershipLostError
from probetuner.controller.options import Options
from probetuner.controller.run import run

_LOST, _FAILED = 1, 2


def run_operator(options: Options, *, log_format: LogFormat, log_level: LogLevel) -> int:
    """Run the operator until it is told to end; returns the exit code."""
    set_up_logs(log_format, log_level)
    try:
        asyncio.run(run(connect(), options))
    except NoClusterError as problem:
        print(f"probetuner: {problem}", file=sys.stderr)  # noqa: T201 - the answer to the person who called
        return _FAILED
    except LeadershipLostError as problem:
        print(f"probetuner: the Lease is lost: {problem}", file=sys.stderr)  # noqa: T201 - as above
        return _LOST
    except OSError as problem:
        print(f"probetuner: port {options.http_port} cannot be opened: {problem}", file=sys.stderr)  # noqa: T201
        return _FAILED
    return 0
