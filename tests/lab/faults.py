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

FORWARD_TABLE = "inet lab_fault"
CABLE_TABLE = "netdev lab_fault"

SILENT = f"""
table {FORWARD_TABLE} {{
  chain through {{ type filter hook forward priority -200; policy drop; }}
}}
"""

# Both directions of the customer's cable, below everything: even ARP and DHCP die.
CABLE = f"""
table {CABLE_TABLE} {{
  {{extra}}
  chain from_customer {{{{
    type filter hook ingress device "{CUSTOMER_SIDE}" priority -500; policy accept;
    {{rule}}
  }}}}
  chain to_customer {{{{
    type filter hook egress device "{CUSTOMER_SIDE}" priority -500; policy accept;
    {{rule}}
  }}}}
}}
"""
# The elements time out in the kernel: a hiccup ends by itself, whatever becomes of us.
ARMED = (
    "set armed {{ type ether_type; flags timeout; "
    "elements = {{ ip timeout {ms}ms, ip6 timeout {ms}ms, arp timeout {ms}ms }}; }}"
)


def inject(namespace: str, kind: str, arguments: Sequence[str]) -> None:
    """Replace the node's fault by this one. Raises LabError for an unknown kind or argument."""
    if kind not in KINDS:
        raise LabError(f"no fault {kind!r}: choose one of {', '.join(KINDS)} or clear")
    wanted, apply = KINDS[kind]
    if len(arguments) != len(wanted):
        usage = " ".join([kind, *wanted])
        raise LabError(f"fault {kind}: {len(arguments)} arguments given; usage: {usage}")
    change = apply(*arguments)  # checks the arguments before anything is touched
    clear(namespace)
    change(namespace)


def clear(namespace: str) -> None:
    """End the node's fault, if it has one."""
    for table in (FORWARD_TABLE, CABLE_TABLE):
        if network.nft_has(namespace, table):
            network.nft(namespace, f"delete table {table}\n")
    run(["ip", "-n", namespace, "link", "set", CUSTOMER_SIDE, "up"])


def _silent() -> Callable[[str], None]:
    return lambda namespace: network.nft(namespace, SILENT)


def _blackhole() -> Callable[[str], None]:
    return lambda namespace: network.nft(namespace, CABLE.format(extra="", rule="counter drop"))


def _carrier() -> Callable[[str], None]:
    return lambda namespace: _discard(
        run(["ip", "-n", namespace, "link", "set", CUSTOMER_SIDE, "down"])
    )


def _loss(percent: str) -> Callable[[str], None]:
    share = _number("loss", "PERCENT", percent, 0.01, 100)
    # ARP is spared: on a real line it never crosses the part that loses.
    rule = f"meta protocol {{ ip, ip6 }} numgen random mod 10000 < {round(share * 100)} counter drop"
    return lambda namespace: network.nft(namespace, CABLE.format(extra="", rule=rule))


def _hiccup(milliseconds: str) -> Callable[[str], None]:
    duration = round(_number("hiccup", "MS", milliseconds, 1, 600_000))
    extra, rule = ARMED.format(ms=duration), "meta protocol @armed counter drop"
    return lambda namespace: network.nft(namespace, CABLE.format(extra=extra, rule=rule))


def _number(kind: str, name: str, text: str, least: float, most: float) -> float:
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise LabError(f"fault {kind}: {name} is a number from {least:g} to {most:g}, not {text!r}")
    return value


def _discard(_: object) -> None:
    return None


KINDS: dict[str, tuple[tuple[str, ...], Callable[..., Callable[[str], None]]]] = {
    "silent": ((), _silent),
    "blackhole": ((), _blackhole),
    "carrier": ((), _carrier),
    "loss": (("PERCENT",), _loss),
    "hiccup": (("MS",), _hiccup),
}
