# SPDX-License-Identifier: GPL-3.0-or-later
"""The few small netfilter netlink requests that the daemon makes in process.

Message formats: linux/netfilter/nfnetlink.h, nf_tables.h, nfnetlink_conntrack.h. All attribute
integers are in network byte order.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from relais.shell.netlink_socket import (
    ACK,
    DUMP,
    NetlinkSocket,
    attribute,
    attributes,
    messages,
)
from relais.shell.nudge import Connection

NETLINK_NETFILTER = 12
_SUBSYS_CTNETLINK, _SUBSYS_NFTABLES = 1, 10
_CT_GET, _CT_DELETE = 1, 2
_CTA_TUPLE_ORIG, _CTA_STATUS, _CTA_PROTOINFO, _CTA_STATUS_MASK = 1, 3, 4, 26
_SEEN_REPLY, _SOURCE_TRANSLATED = 0x2, 0x10  # nf_conntrack_common.h: IPS_SEEN_REPLY, IPS_SRC_NAT
_ESTABLISHED, _CLOSE_WAIT = 3, 5  # nf_conntrack_tcp.h
_NFT_GETOBJ = 19
_OBJ_TABLE, _OBJ_NAME, _OBJ_TYPE, _OBJ_DATA = 1, 2, 3, 4
_OBJECT_COUNTER = 1
_COUNTER_BYTES, _COUNTER_PACKETS = 1, 2
_CTA_MARK, _CTA_MARK_MASK = 8, 21
_CTA_COUNTERS_ORIG, _CTA_COUNTERS_REPLY, _CTA_ID = 9, 10, 12
_CTA_COUNTERS_PACKETS = 1
_NFPROTO_INET = 1
_NESTED = 0x8000
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_BYTES = 32_000_000
"""Of an answer about flows: some 100,000 of them. Those beyond are not nudged; they are reset when
they next speak."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One tracked flow: its original tuple and its id as the kernel writes them, its protocol, and
    its packets both ways (None when the kernel does not count them)."""

    family: int
    tuple_: bytes
    id: bytes
    protocol: int
    packets: int | None

    @property
    def key(self) -> bytes:
        """Tells the flow from every other, also from a later one of the same tuple."""
        return self.id + self.tuple_

    @property
    def source(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        """Who began it."""
        return _source({_CTA_TUPLE_ORIG: self.tuple_})


class Nfnetlink:
    """One request socket; not for use by several threads."""

    def __init__(self) -> None:
        self._socket = NetlinkSocket(NETLINK_NETFILTER)

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()

    def counters(self, table: str) -> dict[str, tuple[int, int]]:
        """Packets and bytes of every named counter of `inet <table>`. Raises OSError."""
        wanted = _text(_OBJ_TABLE, table) + _u32(_OBJ_TYPE, _OBJECT_COUNTER)
        kind = (_SUBSYS_NFTABLES << 8) | _NFT_GETOBJ
        found: dict[str, tuple[int, int]] = {}
        for body in self._request(kind, DUMP, _NFPROTO_INET, wanted):
            named = dict(attributes(body))
            name = named.get(_OBJ_NAME, b"").rstrip(b"\0").decode()
            data = dict(attributes(named.get(_OBJ_DATA, b"")))
            packets = int.from_bytes(data.get(_COUNTER_PACKETS, b"\0"), "big")
            found[name] = (packets, int.from_bytes(data.get(_COUNTER_BYTES, b"\0"), "big"))
        return found

    def tcp_connections(self, marks: Collection[tuple[int, int]]) -> Iterator[list[Connection]]:
        """Open TCP connections with `connmark & mask == mark` for one of these, some at a time.

        The kernel is asked at once, what it said is read as it is taken: a hundred thousand take
        the kernel a moment, and us some seconds. Raises OSError.
        """
        packets = self._conntrack(*_common(marks))
        return (_marked(packet, marks) for packet in packets)

    def flows(self, mark: int, mask: int) -> Iterator[list[Flow]]:
        """Tracked flows with `connmark & mask == mark`, some at a time likewise. Raises OSError."""
        packets = self._conntrack(mark, mask)
        return ([_flow(entry) for entry in _entries(packet)] for packet in packets)

    def _conntrack(self, mark: int, mask: int) -> Iterator[bytes]:
        """The kernel's answer in packets, which are forgotten as they are taken."""
        wanted = _u32(_CTA_MARK, mark) + _u32(_CTA_MARK_MASK, mask)
        payload = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0) + wanted
        kind = (_SUBSYS_CTNETLINK << 8) | _CT_GET
        packets = deque(self._socket.unread(kind, payload, MOST_BYTES))
        return (packets.popleft() for _unused in range(len(packets)))

    def untranslated(self, networks: Collection[Network]) -> list[Flow]:
        """Flows from these networks that kept their source and that nobody has answered.

        Raises OSError. Kernels that do not filter by status tell of all flows.
        """
        unlike = _SEEN_REPLY | _SOURCE_TRANSLATED
        wanted = _u32(_CTA_STATUS, 0) + _u32(_CTA_STATUS_MASK, unlike)
        kind = (_SUBSYS_CTNETLINK << 8) | _CT_GET
        found: list[Flow] = []
        for body in self._request(kind, DUMP, socket.AF_UNSPEC, wanted):
            entry = dict(attributes(body))
            status = int.from_bytes(entry.get(_CTA_STATUS, b"\xff"), "big")
            if not status & unlike and any(_source(entry) in network for network in networks):
                found.append(_flow(entry))
        return found

    def forget(self, flows: Iterable[Flow]) -> None:
        """Forget these flows; one that is gone already is no error. Raises OSError."""
        kind = (_SUBSYS_CTNETLINK << 8) | _CT_DELETE
        for flow in flows:
            wanted = attribute(_CTA_TUPLE_ORIG | _NESTED, flow.tuple_) + attribute(_CTA_ID, flow.id)
            for _unused in self._request(kind, ACK, flow.family, wanted):
                pass

    def flush_conntrack(self, mark: int, mask: int) -> None:
        """Forget every tracked connection with `connmark & mask == mark`. Raises OSError."""
        wanted = _u32(_CTA_MARK, mark) + _u32(_CTA_MARK_MASK, mask)
        kind = (_SUBSYS_CTNETLINK << 8) | _CT_DELETE
        for _unused in self._request(kind, ACK, socket.AF_UNSPEC, wanted):
            pass

    def _request(self, kind: int, flags: int, family: int, wanted: bytes) -> Iterator[bytes]:
        payload = struct.pack("=BBH", family, 0, 0) + wanted
        for body in self._socket.ask(kind, flags, payload):
            yield body[4:]


def _common(marks: Collection[tuple[int, int]]) -> tuple[int, int]:
    """One mark and mask that fit all of these: the bits in which they agree."""
    first, mask = next(iter(marks))
    for mark, each in marks:
        mask &= each & ~(mark ^ first)
    return first & mask, mask


def _entries(packet: bytes) -> Iterator[Mapping[int, bytes]]:
    """The flows in a packet of a dump, by attribute."""
    for kind, _unused, body in messages(packet):
        if kind >> 8 == _SUBSYS_CTNETLINK:
            yield dict(attributes(body[4:]))


def _marked(packet: bytes, marks: Collection[tuple[int, int]]) -> list[Connection]:
    """The open TCP connections in a packet that have one of these marks."""
    found = []
    for entry in _entries(packet):
        marked = int.from_bytes(entry.get(_CTA_MARK, b""), "big")
        if any(marked & mask == mark for mark, mask in marks):
            connection = _open_tcp(entry)
            if connection is not None:
                found.append(connection)
    return found


def _open_tcp(entry: Mapping[int, bytes]) -> Connection | None:
    """An established (or half closed by the server) TCP connection, seen from its client."""
    info = dict(attributes(dict(attributes(entry.get(_CTA_PROTOINFO, b""))).get(1, b"")))
    if info.get(1, b"")[:1] not in (bytes([_ESTABLISHED]), bytes([_CLOSE_WAIT])):
        return None
    tuple_ = dict(attributes(entry.get(_CTA_TUPLE_ORIG, b"")))
    addresses = dict(attributes(tuple_.get(1, b"")))
    ports = dict(attributes(tuple_.get(2, b"")))
    source = addresses.get(1) or addresses.get(3)
    target = addresses.get(2) or addresses.get(4)
    if ports.get(1, b"")[:1] != bytes([socket.IPPROTO_TCP]) or not source or not target:
        return None
    return Connection(
        _address(source),
        int.from_bytes(ports[2][:2], "big"),
        _address(target),
        int.from_bytes(ports[3][:2], "big"),
    )


def _flow(entry: Mapping[int, bytes]) -> Flow:
    """A flow as a dump tells it."""
    original = entry.get(_CTA_TUPLE_ORIG, b"")
    tuple_ = dict(attributes(original))
    addresses = dict(attributes(tuple_.get(1, b"")))
    protocol = dict(attributes(tuple_.get(2, b""))).get(1, b"\0")[0]
    counted = [_packets(entry.get(kind)) for kind in (_CTA_COUNTERS_ORIG, _CTA_COUNTERS_REPLY)]
    both = [packets for packets in counted if packets is not None]
    return Flow(
        socket.AF_INET if 1 in addresses else socket.AF_INET6,
        original,
        entry.get(_CTA_ID, b""),
        protocol,
        sum(both) if both else None,
    )


def _source(entry: Mapping[int, bytes]) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Who began a flow."""
    addresses = dict(attributes(dict(attributes(entry[_CTA_TUPLE_ORIG]))[1]))
    return ipaddress.ip_address(addresses.get(1) or addresses[3])


def _packets(counters: bytes | None) -> int | None:
    if counters is None:
        return None
    return int.from_bytes(dict(attributes(counters)).get(_CTA_COUNTERS_PACKETS, b"\0"), "big")


def _address(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def _u32(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack(">I", value))
