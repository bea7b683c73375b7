"""The way into a lab from the machine: connections to sockets that were opened outside go to servers inside.

The sockets listen on the machine's loopback and are handed to this process, which runs in the lab's network
namespace, so that what it dials is inside. Called as `python -m lab.forwarder DESCRIPTOR=ADDRESS:PORT ...`.
"""

import asyncio
import socket
import sys

_SECONDS_TO_CONNECT = 10.0
_CHUNK = 64 * 1024


async def _serve(listener: socket.socket, address: str, port: int) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS_TO_CONNECT):
                inner_reader, inner_writer = await asyncio.open_connection(address, port)
        except OSError:  # the server is away, TimeoutError among them: the client sees its connection close
            writer.close()
            return
        try:
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        finally:
            writer.close()
            inner_writer.close()

    server = await asyncio.start_server(handle, sock=listener)
    await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except ConnectionError:
        writer.close()  # a reset on one side ends the other, as it would without us between


async def _main(routes: list[str]) -> None:
    async with asyncio.TaskGroup() as servers:
        for route in routes:
            descriptor, _, target = route.partition("=")
            address, _, port = target.partition(":")
            servers.create_task(_serve(socket.socket(fileno=int(descriptor)), address, int(port)))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
