# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes, each bound to its WAN by device and mark, all concurrent in one event loop.

The device binding (SO_BINDTODEVICE) keeps a probe from ever leaving by another link; the mark
selects the WAN's own routing table. Any answer of the far host proves the path: an echo, a DNS
response of any code, an accepted or a refused connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib
import os
import secrets
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from relais.core.evidence import EDGE
from relais.core.model import ProbeKind, Target, Wan
from relais.shell import dns, icmp, sip
from relais.shell.anchor import Asker
from relais.shell.clock import monotonic_ms, wall_ms

Answered = Callable[[str, str, int, float], None]
"""Called with WAN, target, probe number and round-trip time in ms."""

KEEP_MS = 8000.0
CONNECT_MS = 950.0
"""Just short of the first retransmission of a SYN (RFC 6298, 2.1): a handshake that needed one
tells no round-trip time (Karn's algorithm) and counts as lost."""
_ICMP_FILTER = 1
_SOL_RAW = 255
_LINGER_NOW = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class _Pending:
    target: str
    probe: int
    sent_ms: float


class Prober:
    """Sends probes through one WAN and reports each answer once."""

    def __init__(
        self,
        wan: Wan,
        targets: tuple[Target, ...],
        answered: Answered,
        anchor_key: bytes | None = None,
    ) -> None:
        self._wan = wan
        self._asker = None if anchor_key is None else Asker(anchor_key)
        self._targets = {target.name: target for target in targets}
        self._answered = answered
        self._loop = asyncio.get_running_loop()
        self._identifier = secrets.randbelow(1 << 16)
        self._pending: dict[tuple[str, int], _Pending] = {}
        self._sockets: dict[str, socket.socket] = {}
        self._connecting: dict[socket.socket, asyncio.TimerHandle] = {}
        self._told = False

    def observed(self, gateway: str | None) -> None:
        """The line is another than before, or is told of for the first time; `gateway` is its next
        hop, and the target `edge` when it has an address.

        What was asked before the first time was asked on this line: its answers may be on the way.
        """
        if self._told:
            self.reset()
        self._told = True
        self._targets.pop(EDGE, None)
        if gateway is not None and gateway[0].isdigit():
            self._targets[EDGE] = Target(EDGE, gateway, ProbeKind.ICMP)

    def send(self, target_name: str, probe: int) -> None:
        """Ask one target. A probe that cannot leave is simply not answered."""
        target = self._targets.get(target_name)
        if target is None:
            return
        self._forget_old()
        try:
            match target.probe:
                case ProbeKind.ICMP:
                    self._send_icmp(target, probe)
                case ProbeKind.DNS | ProbeKind.SIP:
                    self._send_datagram(target, probe)
                case ProbeKind.ANCHOR:
                    self._ask_anchor(target, probe)
                case ProbeKind.TCP | ProbeKind.HTTP | ProbeKind.HTTPS:
                    self._connect(target, probe)
        except OSError:
            self._drop(_key(target))

    def reset(self) -> None:
        """Close every socket: a binding is to an interface index, which may have changed."""
        for key in list(self._sockets):
            self._drop(key)
        for channel in list(self._connecting):
            self._end(channel)
        self._pending.clear()

    def _send_icmp(self, target: Target, probe: int) -> None:
        six = ":" in target.address
        key = f"icmp:{'6' if six else '4'}"
        channel = self._sockets.get(key) or self._open_icmp(key, six=six)
        sequence = probe & 0xFFFF
        build = icmp.echo_request6 if six else icmp.echo_request
        self._pending[(key, sequence)] = _Pending(target.name, probe, monotonic_ms())
        channel.sendto(build(self._identifier, sequence), (target.address, 0))

    def _open_icmp(self, key: str, *, six: bool) -> socket.socket:
        protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
        channel = self._bound(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, protocol)
        if not six:
            only_replies = struct.pack("=I", ~(1 << icmp.ECHO_REPLY) & 0xFFFFFFFF)
            channel.setsockopt(_SOL_RAW, _ICMP_FILTER, only_replies)
        self._sockets[key] = channel
        parse = icmp.parse_reply6 if six else icmp.parse_reply
        self._loop.add_reader(channel, self._read_icmp, key, channel, parse)
        return channel

    def _read_icmp(
        self,
        key: str,
        channel: socket.socket,
        parse: Callable[[bytes], tuple[int, int] | None],
    ) -> None:
        for packet in self._drain(key, channel):
            found = parse(packet)
            if found is not None and found[0] == self._identifier:
                self._arrived((key, found[1]))

    def _send_datagram(self, target: Target, probe: int) -> None:
        key = _key(target)
        parse = dns.response_to if target.probe is ProbeKind.DNS else sip.response_to
        channel = self._sockets.get(key) or self._open_datagram(key, target, parse)
        identifier = secrets.randbelow(1 << 16)
        self._pending[(key, identifier)] = _Pending(target.name, probe, monotonic_ms())
        if target.probe is ProbeKind.DNS:
            channel.send(dns.query(identifier, target.query or "example.com"))
        else:
            local = channel.getsockname()[0]
            channel.send(sip.options(identifier, target.query or target.address, local))

    def _ask_anchor(self, target: Target, probe: int) -> None:
        """Without a key nothing is asked, and the anchor counts as silent."""
        if self._asker is None:
            return
        key = _key(target)
        parse = self._asker.answered
        channel = self._sockets.get(key) or self._open_datagram(key, target, parse)
        self._pending[(key, probe)] = _Pending(target.name, probe, monotonic_ms())
        channel.send(self._asker.question(probe, wall_ms()))

    def _open_datagram(
        self, key: str, target: Target, parse: Callable[[bytes], int | None]
    ) -> socket.socket:
        channel = self._bound(_family(target), socket.SOCK_DGRAM, 0)
        self._sockets[key] = channel
        self._loop.add_reader(channel, self._read_datagram, key, channel, parse)
        channel.connect((target.address, target.port or 53))
        return channel

    def _read_datagram(
        self, key: str, channel: socket.socket, parse: Callable[[bytes], int | None]
    ) -> None:
        for message in self._drain(key, channel):
            identifier = parse(message)
            if identifier is not None:
                self._arrived((key, identifier))

    def _connect(self, target: Target, probe: int) -> None:
        channel = self._bound(_family(target), socket.SOCK_STREAM, 0)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOW)
        self._pending[(_key(target), probe)] = _Pending(target.name, probe, monotonic_ms())
        timer = self._loop.call_later(CONNECT_MS / 1000, self._end, channel)
        self._connecting[channel] = timer
        try:
            channel.connect((target.address, target.port or 443))
        except BlockingIOError:
            pass
        except OSError:
            self._end(channel)
            return
        self._loop.add_writer(channel, self._connected, channel, target, probe)

    def _connected(self, channel: socket.socket, target: Target, probe: int) -> None:
        self._loop.remove_writer(channel)
        error = channel.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        greeting = _greeting(target)
        if error == errno.ECONNREFUSED or (not error and greeting is None):
            self._arrived((_key(target), probe))
            self._end(channel)
        elif error or greeting is None:
            self._end(channel)
        else:
            try:
                channel.send(greeting)
            except OSError:
                self._end(channel)
                return
            self._loop.add_reader(channel, self._greeted, channel, target, probe)

    def _greeted(self, channel: socket.socket, target: Target, probe: int) -> None:
        try:
            answered = bool(channel.recv(512))
        except OSError:
            answered = False
        if answered:
            self._arrived((_key(target), probe))
        self._end(channel)

    def _bound(self, family: int, kind: int, protocol: int) -> socket.socket:
        channel = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
        try:
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, self._wan.mark)
            channel.setsockopt(
                socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(self._wan.interface)
            )
        except OSError:
            channel.close()
            raise
        return channel

    def _drain(self, key: str, channel: socket.socket) -> list[bytes]:
        """All that has arrived; an ICMP error about an earlier packet costs only the socket."""
        packets: list[bytes] = []
        try:
            for _unused in range(64):
                packets.append(channel.recv(2048))
        except BlockingIOError:
            pass
        except OSError:
            self._drop(key)
        return packets

    def _arrived(self, key: tuple[str, int]) -> None:
        pending = self._pending.pop(key, None)
        if pending is not None:
            rtt_ms = monotonic_ms() - pending.sent_ms
            self._answered(self._wan.name, pending.target, pending.probe, rtt_ms)

    def _forget_old(self) -> None:
        if len(self._pending) > 64:
            limit = monotonic_ms() - KEEP_MS
            self._pending = {k: p for k, p in self._pending.items() if p.sent_ms >= limit}

    def _drop(self, key: str) -> None:
        channel = self._sockets.pop(key, None)
        if channel is not None:
            self._loop.remove_reader(channel)
            channel.close()

    def _end(self, channel: socket.socket) -> None:
        timer = self._connecting.pop(channel, None)
        if timer is None:
            return
        timer.cancel()
        with contextlib.suppress(ValueError):
            self._loop.remove_writer(channel)
            self._loop.remove_reader(channel)
        channel.close()


def _key(target: Target) -> str:
    return f"{target.probe}:{target.name}"


def _greeting(target: Target) -> bytes | None:
    """What to say once connected; None when the handshake is answer enough."""
    if target.probe is ProbeKind.HTTP:
        lines = (f"HEAD {target.query or '/'} HTTP/1.1", f"Host: {target.address}")
        return "\r\n".join((*lines, "Connection: close", "", "")).encode()
    if target.probe is ProbeKind.HTTPS:
        return importlib.import_module("relais.shell.tls").client_hello(target.query)  # type: ignore[no-any-return]
    return None


def _family(target: Target) -> int:
    return socket.AF_INET6 if ":" in target.address else socket.AF_INET
