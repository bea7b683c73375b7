"""An event loop that something blocks for 2 to 6 s now and then; process 1 without a handler never hears SIGTERM."""

import asyncio
import random
import time

PAUSES_SECONDS = (2, 3, 4, 5.5, 6)
BETWEEN_SECONDS = (3, 8)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer whatever was asked."""
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass  # the client left
    finally:
        writer.close()


async def main() -> None:
    """Serve, and block."""
    await asyncio.start_server(answer, port=8080, backlog=128)
    while True:
        await asyncio.sleep(random.uniform(*BETWEEN_SECONDS))
        time.sleep(random.choice(PAUSES_SECONDS))  # noqa: ASYNC251 - to block the loop is what this is for


if __name__ == "__main__":
    asyncio.run(main())
