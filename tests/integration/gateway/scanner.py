# SPDX-License-Identifier: GPL-3.0-or-later
"""A connect scan of all TCP ports of an address, and of some UDP ports, that needs no package.

scanner.py ADDRESS [--udp PORT...]     print {"open": [...], "closed": [...], "udp": [...]}
A closed port answered with a reset; `udp` are the ports that answered in any way.
"""

from __future__ import annotations

import argparse
import errno
import json
import resource
import select
import socket

BATCH = 4096
QUIET_S = 0.5  # a namespace answers in less than a millisecond
DNS_QUERY = bytes.fromhex("000101000001000000000000076578616d706c6503636f6d0000010001")


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def tcp(address: str, ports: range) -> tuple[list[int], list[int]]:
    """Open and closed ports of a range."""
    pending: dict[int, tuple[socket.socket, int]] = {}
    poller = select.epoll()
    for port in ports:
        one = socket.socket(family(address), socket.SOCK_STREAM)
        one.setblocking(False)
        one.connect_ex((address, port))
        poller.register(one, select.EPOLLOUT)
        pending[one.fileno()] = (one, port)
    found: dict[int, list[int]] = {0: [], errno.ECONNREFUSED: []}
    while answered := poller.poll(QUIET_S):
        for descriptor, _event in answered:
            one, port = pending.pop(descriptor)
            poller.unregister(descriptor)
            outcome = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            found.setdefault(outcome, []).append(port)
            one.close()
    for one, _port in pending.values():
        one.close()
    return found[0], found[errno.ECONNREFUSED]


def udp(address: str, port: int) -> bool:
    """Whether a port answers, be it with an error."""
    with socket.socket(family(address), socket.SOCK_DGRAM) as one:
        one.settimeout(QUIET_S)
        one.connect((address, port))
        one.send(DNS_QUERY)
        try:
            one.recv(2048)
        except TimeoutError:
            return False
        except ConnectionRefusedError:
            return True
        return True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--udp", nargs="*", type=int, default=[])
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (BATCH * 2, BATCH * 2))
    opened: list[int] = []
    closed: list[int] = []
    for first in range(1, 65536, BATCH):
        some, none = tcp(arguments.address, range(first, min(first + BATCH, 65536)))
        opened += some
        closed += none
    answering = [port for port in arguments.udp if udp(arguments.address, port)]
    print(json.dumps({"open": sorted(opened), "closed": sorted(closed), "udp": answering}))


if __name__ == "__main__":
    main()
