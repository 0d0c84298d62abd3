# SPDX-License-Identifier: GPL-3.0-or-later
"""The synthetic LAN client's own network: a namespace and a veth that the ruleset treats as LAN.

systemd-networkd leaves both ends alone: no .network file matches them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from relais.core.model import Drill
from relais.shell.drill.command import run, succeeds

NAME = "relais-drill"
PATH = f"/run/netns/{NAME}"
_CLIENT_SIDE = "client0"


@contextmanager
def client_network(drill: Drill) -> Iterator[None]:
    """The namespace, up and routed, for as long as the context lasts. Raises CommandError."""
    remove(drill)
    try:
        _create(drill)
        yield
    finally:
        remove(drill)


def remove(drill: Drill) -> None:
    """Remove namespace, veth and the client's conntrack entries, also of a run that crashed."""
    succeeds("ip", "link", "delete", "dev", drill.interface)
    succeeds("ip", "netns", "delete", NAME)
    # our own flows only: a later drill must not meet their marks
    succeeds("conntrack", "--delete", "--src", drill.client_address.partition("/")[0])


def _create(drill: Drill) -> None:
    near = drill.interface
    router = drill.gateway_address.partition("/")[0]
    run("ip", "netns", "add", NAME)
    run("ip", "link", "add", near, "type", "veth", "peer", "name", _CLIENT_SIDE, "netns", NAME)
    run("ip", "address", "add", drill.gateway_address, "dev", near)
    run("ip", "link", "set", "dev", near, "up")
    inside = ("ip", "-netns", NAME)
    run(*inside, "link", "set", "dev", "lo", "up")
    run(*inside, "address", "add", drill.client_address, "dev", _CLIENT_SIDE)
    run(*inside, "link", "set", "dev", _CLIENT_SIDE, "up")
    run(*inside, "route", "add", "default", "via", router)
