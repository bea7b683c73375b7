"""`python -m probetuner.loadtest PLAN`: send a load and print what becomes of it. This is what the Job's pod runs."""

import asyncio
import signal
import sys

import msgspec

from probetuner.loadtest.client import Client
from probetuner.loadtest.figures import Line, write_line
from probetuner.loadtest.plan import Plan

_FAILED = 2


def _print(line: Line) -> None:
    sys.stdout.write(write_line(line) + "\n")
    sys.stdout.flush()


async def _run(plan: Plan) -> None:
    client = Client(plan, _print)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, client.stop)
    await client.run()


def main(arguments: list[str]) -> int:
    """Send the load that the only argument describes in JSON, within the bounds of every plan; return the exit code."""
    try:
        (text,) = arguments
        plan = msgspec.json.decode(text, type=Plan)
    except (ValueError, msgspec.MsgspecError) as problem:
        sys.stderr.write(f"the one argument is no plan of a load: {problem}\n")
        return _FAILED
    asyncio.run(_run(plan))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
