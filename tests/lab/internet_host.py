# SPDX-License-Identifier: GPL-3.0-or-later
"""What every host of the lab's Internet serves: echo, a byte stream, and HTTP.

Run inside the `internet` namespace with the addresses as arguments; prints `ready` when all is
bound. Sockets are bound per address, so that an answer leaves from the address that was asked.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Awaitable, Callable
from typing import cast

TCP_ECHO_PORTS = (7, 443, 500, 4500, 5060, 5061, 9000, 51820)
UDP_ECHO_PORTS = (7, 443, 500, 4500, 5060, 5061, *range(9000, 9011), 51820)
STREAM_PORT = 19000
STREAM_BYTES = 1024
STREAM_PAUSE_S = 0.02
HTTP_PORT = 80
HTTP_WITHIN_S = 30
BACKLOG = 1024

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class UdpEcho(asyncio.DatagramProtocol):
    """Sends every datagram back to where it came from (RFC 862)."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data, addr)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends bytes back until the other side ends; an idle connection stays open."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def stream(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends for ever and hears nothing: the client that only reads is the hard case."""
    while not writer.is_closing():
        writer.write(b"." * STREAM_BYTES)
        await writer.drain()
        await asyncio.sleep(STREAM_PAUSE_S)


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers any request with the address it came from: a client sees which WAN it took."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HTTP_WITHIN_S)
    body = f"{writer.get_extra_info('peername')[0]}\n".encode()
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
    )
    if not head.startswith(b"HEAD "):
        writer.write(body)
    await writer.drain()


def closing(serve: Handler) -> Handler:
    """A handler that takes a broken connection for what it is: the end."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass
        finally:
            writer.close()

    return handle


async def main(addresses: list[str]) -> None:
    loop = asyncio.get_running_loop()
    tcp = {port: echo for port in TCP_ECHO_PORTS} | {STREAM_PORT: stream, HTTP_PORT: http}
    for port, serve in tcp.items():
        await asyncio.start_server(closing(serve), addresses, port, backlog=BACKLOG)
    for address in addresses:
        for port in UDP_ECHO_PORTS:
            await loop.create_datagram_endpoint(UdpEcho, local_addr=(address, port))
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    _unused, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main(sys.argv[1:]))
