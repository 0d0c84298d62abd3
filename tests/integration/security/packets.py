# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that no honest program sends, and who hears of them; run it in any node with `exec`.

packets.py datagram SOURCE TARGET PORT TEXT [COUNT]   UDP with a forged sender
packets.py echo SOURCE TARGET IDENTIFIER [COUNT]      an ICMP echo request with a forged sender
packets.py timestamp SOURCE TARGET IDENTIFIER         an ICMP timestamp request
packets.py arp INTERFACE ADDRESS...                   addresses that answer ARP, up to the last one
packets.py lease INTERFACE                            the address that a DHCP server offers
packets.py hear ADDRESS PORT                          texts of datagrams, until one says "end"
packets.py hear-icmp VERSION IDENTIFIER               types of ICMP, until this echo is answered
packets.py mtu TARGET PORT BYTES                      path MTU found by sending that much
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import struct
import sys
from collections.abc import Callable

WITHIN_S = 5.0
ICMP, UDP, ICMP6 = socket.IPPROTO_ICMP, socket.IPPROTO_UDP, socket.IPPROTO_ICMPV6
ECHO = {4: 8, 6: 128}
ECHO_REPLY = {4: 0, 6: 129}
IP_MTU, IP_MTU_DISCOVER, IPV6_MTU, IPV6_MTU_DISCOVER, ALWAYS = 14, 10, 24, 23, 2


def checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def with_checksum(source: str, target: str, protocol: int, body: bytes, offset: int) -> bytes:
    """The body with its checksum, over the pseudo header where the protocol has one."""
    one, other = ipaddress.ip_address(source), ipaddress.ip_address(target)
    pseudo = one.packed + other.packed + struct.pack(">II", len(body), protocol)
    total = checksum(body if protocol == ICMP else pseudo + body)
    return body[:offset] + struct.pack(">H", total) + body[offset + 2 :]


def packet(source: str, target: str, protocol: int, body: bytes) -> bytes:
    one, other = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if one.version == 6:
        head = struct.pack(">IHBB", 6 << 28, len(body), protocol, 255)
        return head + one.packed + other.packed + body
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0)
    return head + one.packed + other.packed + body


def send(target: str, whole: bytes, count: str = "1") -> None:
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as channel:
        for _unused in range(int(count)):
            channel.sendto(whole, (target, 0))


def udp_body(source: str, target: str, port: str, text: str) -> bytes:
    body = struct.pack(">HHHH", 40000, int(port), 8 + len(text), 0) + text.encode()
    return with_checksum(source, target, UDP, body, 6)


def datagram(source: str, target: str, port: str, text: str, count: str = "1") -> None:
    send(target, packet(source, target, UDP, udp_body(source, target, port, text)), count)


def icmp(source: str, target: str, body: bytes, count: str = "1") -> None:
    protocol = ICMP6 if ":" in target else ICMP
    body = with_checksum(source, target, protocol, body, 2)
    send(target, packet(source, target, protocol, body), count)


def echo(source: str, target: str, identifier: str, count: str = "1") -> None:
    kind = ECHO[ipaddress.ip_address(target).version]
    icmp(source, target, struct.pack(">BBHHH", kind, 0, 0, int(identifier), 1), count)


def timestamp(source: str, target: str, identifier: str) -> None:
    icmp(source, target, struct.pack(">BBHHH12x", 13, 0, 0, int(identifier), 1))


def arp(interface: str, *addresses: str) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as channel:
        channel.bind((interface, 0x0806))
        channel.settimeout(WITHIN_S)
        own = channel.getsockname()[4]
        for address in addresses:
            asked = socket.inet_aton(address)
            question = struct.pack(
                ">HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, own, bytes(4), bytes(6), asked
            )
            channel.send(b"\xff" * 6 + own + struct.pack(">H", 0x0806) + question)
        answer = ""
        while answer != addresses[-1]:
            frame = channel.recv(2048)
            if frame[20:22] == b"\0\2":
                answer = socket.inet_ntoa(frame[28:32])
                print(answer)


def lease(interface: str) -> None:
    """RFC 2131: a discovery from 0.0.0.0; the offer comes by broadcast, as the flag asks."""
    broadcast = "255.255.255.255"
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as channel,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answers,
    ):
        channel.bind((interface, 0))
        own = channel.getsockname()[4]
        answers.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        answers.settimeout(WITHIN_S)
        answers.bind(("", 68))
        head = struct.pack(">BBBBIHH16x6s202x", 1, 1, 6, 0, 0x72656C61, 0, 0x8000, own)
        bootp = head + bytes([99, 130, 83, 99, 53, 1, 1, 255])
        body = struct.pack(">HHHH", 68, 67, 8 + len(bootp), 0) + bootp
        whole = packet("0.0.0.0", broadcast, UDP, body)  # noqa: S104
        whole = whole[:10] + struct.pack(">H", checksum(whole[:20])) + whole[12:]
        channel.send(b"\xff" * 6 + own + struct.pack(">H", 0x0800) + whole)
        print(socket.inet_ntoa(answers.recv(2048)[16:20]))


def hear(address: str, port: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as channel:
        channel.bind((address, int(port)))
        print("ready", flush=True)
        while (text := channel.recv(2048).decode()) != "end":
            print(text, flush=True)


def hear_icmp(version: str, identifier: str) -> None:
    six = version == "6"
    family = socket.AF_INET6 if six else socket.AF_INET
    with socket.socket(family, socket.SOCK_RAW, ICMP6 if six else ICMP) as channel:
        print("ready", flush=True)
        wanted = (ECHO_REPLY[int(version)], int(identifier))
        seen = (-1, -1)
        while seen != wanted:
            message = channel.recv(2048)
            message = message if six else message[(message[0] & 15) * 4 :]
            seen = message[0], int.from_bytes(message[4:6], "big")
            if seen[0] not in (133, 134, 135, 136, 143):
                print(*seen, flush=True)


def mtu(target: str, port: str, size: str) -> None:
    six = ":" in target
    level = socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.setsockopt(level, IPV6_MTU_DISCOVER if six else IP_MTU_DISCOVER, ALWAYS)
        channel.settimeout(WITHIN_S)
        channel.connect((target, int(port)))
        with contextlib.suppress(OSError):
            channel.send(bytes(int(size)))
            channel.recv(4096)  # the router's word on it, or else the echo
        print(channel.getsockopt(level, IPV6_MTU if six else IP_MTU))


if __name__ == "__main__":
    verbs: dict[str, Callable[..., None]] = {
        "datagram": datagram,
        "echo": echo,
        "timestamp": timestamp,
        "arp": arp,
        "lease": lease,
        "hear": hear,
        "hear-icmp": hear_icmp,
        "mtu": mtu,
    }
    verbs[sys.argv[1]](*sys.argv[2:])
