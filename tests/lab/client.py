# SPDX-License-Identifier: GPL-3.0-or-later
"""A client for the lab's Internet that needs no package: run it in any node with `exec`.

client.py udp|tcp ADDRESS PORT...        send bytes to each port, print what comes back
client.py dns-udp|dns-tcp ADDRESS NAME   print the IPv4 address of a name
client.py read ADDRESS PORT BYTES        say nothing, print how many bytes came
Exit status 1: no answer within two seconds.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable

WITHIN_S = 2.0
DNS_PORT = 53


def udp(address: str, *ports: str) -> str:
    return "\n".join(udp_echo(address, int(port)) for port in ports)


def tcp(address: str, *ports: str) -> str:
    return "\n".join(tcp_echo(address, int(port)) for port in ports)


def udp_echo(address: str, port: int) -> str:
    with socket.socket(family(address), socket.SOCK_DGRAM) as client:
        client.settimeout(WITHIN_S)
        client.connect((address, port))  # an answer from another address is not heard
        client.send(f"hello {port}".encode())
        return client.recv(2048).decode()


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def tcp_echo(address: str, port: int) -> str:
    with socket.create_connection((address, port), WITHIN_S) as client:
        client.sendall(f"hello {port}".encode())
        return client.recv(2048).decode()


def read(address: str, port: str, wanted: str) -> str:
    with socket.create_connection((address, int(port)), WITHIN_S) as client:
        got = 0
        while got < int(wanted) and (data := client.recv(65536)):
            got += len(data)
        return str(got)


def dns_udp(address: str, name: str) -> str:
    with socket.socket(family(address), socket.SOCK_DGRAM) as client:
        client.settimeout(WITHIN_S)
        client.connect((address, DNS_PORT))
        client.send(question(name))
        return last_address(client.recv(2048))


def dns_tcp(address: str, name: str) -> str:
    with socket.create_connection((address, DNS_PORT), WITHIN_S) as client:
        query = question(name)
        client.sendall(struct.pack("!H", len(query)) + query)
        return last_address(client.recv(2048))


def question(name: str) -> bytes:
    """A query for a name's A record (RFC 1035, section 4)."""
    header = struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return header + labels + b"\x00" + struct.pack("!2H", 1, 1)


def last_address(answer: bytes) -> str:
    """The address at the end of an answer whose last record is an A record."""
    return socket.inet_ntoa(answer[-4:])


if __name__ == "__main__":
    verbs: dict[str, Callable[..., str]] = {
        "udp": udp,
        "tcp": tcp,
        "read": read,
        "dns-udp": dns_udp,
        "dns-tcp": dns_tcp,
    }
    try:
        print(verbs[sys.argv[1]](*sys.argv[2:]))
    except OSError as error:
        sys.exit(f"{' '.join(sys.argv[1:])}: {error}")
