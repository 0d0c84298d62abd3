# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with a line, at the operator's end of the cable: the gateway cannot know.

A node has one fault at a time. Each is found again in the kernel by its nft table or link state,
so setting it twice is setting it once, and `clear` ends whatever is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lab import network
from lab.errors import LabError
from lab.network import CUSTOMER_SIDE
from lab.run import run

Change = Callable[[str], None]  # takes the namespace

FORWARD_TABLE = "inet lab_fault"
CABLE_TABLE = "netdev lab_fault"

SILENT = f"""
table {FORWARD_TABLE} {{
  chain through {{ type filter hook forward priority -200; policy drop; }}
}}
"""


def inject(namespace: str, kind: str, arguments: Sequence[str]) -> None:
    """Replace the node's fault by this one. Raises LabError for an unknown kind or argument."""
    if kind not in KINDS:
        raise LabError(f"no fault {kind!r}: choose one of {', '.join(KINDS)} or clear")
    wanted, prepare = KINDS[kind]
    if len(arguments) != len(wanted):
        usage = " ".join([kind, *wanted])
        raise LabError(f"fault {kind}: {len(arguments)} arguments given; usage: {usage}")
    change = prepare(*arguments)  # checks the arguments before anything is touched
    clear(namespace)
    change(namespace)


def clear(namespace: str) -> None:
    """End the node's fault, if it has one."""
    for table in (FORWARD_TABLE, CABLE_TABLE):
        if network.nft_has(namespace, table):
            network.nft(namespace, f"delete table {table}\n")
    run(["ip", "-n", namespace, "link", "set", CUSTOMER_SIDE, "up"])
    network.put_ipv6_back(namespace)


def _silent() -> Change:
    return lambda namespace: network.nft(namespace, SILENT)


def _blackhole() -> Change:
    return _cable("counter drop")


def _carrier() -> Change:
    def pull(namespace: str) -> None:
        run(["ip", "-n", namespace, "link", "set", CUSTOMER_SIDE, "down"])

    return pull


def _loss(percent: str) -> Change:
    share = round(_number("loss", "PERCENT", percent, 0.01, 100) * 100)
    # ARP and its like are spared: on a real line they never cross the part that loses.
    spared = "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, "
    spared += "nd-neighbor-advert } accept"
    lost = f"numgen random mod 10000 <= {share - 1}"
    return _cable(f"{spared}\n    meta protocol {{ ip, ip6 }} {lost} counter drop")


def _hiccup(milliseconds: str) -> Change:
    duration = round(_number("hiccup", "MS", milliseconds, 1, 600_000))
    elements = ", ".join(f"{kind} timeout {duration}ms" for kind in ("ip", "ip6", "arp"))
    # The elements time out in the kernel: it ends by itself, whatever becomes of us.
    armed = f"set armed {{ type ether_type; flags timeout; elements = {{ {elements} }}; }}"
    return _cable("meta protocol @armed counter drop", armed)


def _cable(rule: str, extra: str = "") -> Change:
    """A rule for both directions of the customer's cable, below everything else."""
    chains = "".join(
        f"""
  chain {direction} {{
    type filter hook {direction} device "{CUSTOMER_SIDE}" priority -500; policy accept;
    {rule}
  }}"""
        for direction in ("ingress", "egress")
    )
    table = f"table {CABLE_TABLE} {{\n  {extra}{chains}\n}}\n"
    return lambda namespace: network.nft(namespace, table)


def _number(kind: str, name: str, text: str, least: float, most: float) -> float:
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise LabError(f"fault {kind}: {name} is a number from {least:g} to {most:g}, not {text!r}")
    return value


KINDS: dict[str, tuple[tuple[str, ...], Callable[..., Change]]] = {
    "silent": ((), _silent),
    "blackhole": ((), _blackhole),
    "carrier": ((), _carrier),
    "loss": (("PERCENT",), _loss),
    "hiccup": (("MS",), _hiccup),
}
