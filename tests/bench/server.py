# SPDX-License-Identifier: GPL-3.0-or-later
"""The other end of the load: `python3 -m bench.server`, in the lab's Internet."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable
from typing import cast

from bench import wire

BACKLOG = 2048
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Answer(asyncio.DatagramProtocol):
    """Sends a datagram back, with the address that it came from."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data + addr[0].encode(), addr)


async def greet(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Says nothing but the address, and ends."""


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()


def streaming(pause_s: float) -> Handler:
    async def stream(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(wire.CHUNK)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return stream


def greeting(serve: Handler) -> Handler:
    """Tell the client its address, then serve; a broken connection is the end of it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(f"{writer.get_extra_info('peername')[0]}\n".encode())
            await serve(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    return handle


async def main() -> None:
    loop = asyncio.get_running_loop()
    for port in (wire.VITAL_PORT, wire.ORDINARY_PORT, wire.FIXED_PORT):
        await loop.create_datagram_endpoint(Answer, local_addr=(wire.HOST, port))
    served = {
        wire.CONNECT_PORT: greet,
        wire.STREAM_PORT: streaming(wire.STREAM_PAUSE_S),
        wire.SLOW_PORT: streaming(wire.SLOW_PAUSE_S),
        wire.IDLE_PORT: echo,
    }
    for port, serve in served.items():
        await asyncio.start_server(greeting(serve), wire.HOST, port, backlog=BACKLOG)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    _unused, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(main())
