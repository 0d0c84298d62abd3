# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with the primary line, and how long each part of a run is watched."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lab import faults, network
from lab.network import CUSTOMER_SIDE

from bench import wire

HICCUP_MS = 300
HICCUP_EVERY_S = 20
NOISE_TABLE = "netdev bench_noise"

# Loss on both ways of the cable, and a set that the kernel empties again: total while it is armed.
NOISE = f"""
table {NOISE_TABLE} {{
  set armed {{ type ether_type; flags timeout; }}
  chain arriving {{
    type filter hook ingress device "{CUSTOMER_SIDE}" priority -490; policy accept;
    meta protocol @armed drop
    meta protocol {{ ip, ip6 }} numgen random mod 100 < 2 drop
  }}
  chain leaving {{
    type filter hook egress device "{CUSTOMER_SIDE}" priority -490; policy accept;
    meta protocol @armed drop
    meta protocol {{ ip, ip6 }} numgen random mod 100 < 2 drop
  }}
}}
"""
HICCUP = f"add element {NOISE_TABLE} armed {{ " + (
    ", ".join(f"{kind} timeout {HICCUP_MS}ms" for kind in ("ip", "ip6", "arp")) + " }\n"
)


@dataclass(frozen=True)
class Scenario:
    """One kind of trouble. `fault` is the lab's fault with its arguments; noise has its own.

    `kind` says how a run goes: `cut` holds the fault until new flows work, `steady` for `lasts_s`,
    `idle` is a cut with nothing on the line but what the contender sends itself.
    """

    name: str
    kind: str
    says: str
    fault: tuple[str, ...] = ()
    lasts_s: float = 0
    sessions: int = 20
    stream_port: int = wire.STREAM_PORT


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "silent",
            "cut",
            "the operator drops all that it forwards; the first hop answers",
            ("silent",),
        ),
        Scenario("blackhole", "cut", "nothing comes back, not even ARP", ("blackhole",)),
        Scenario("carrier", "cut", "the cable is pulled", ("carrier",)),
        Scenario(
            "crowd",
            "cut",
            "silent, with 1,000 open TCP sessions",
            ("silent",),
            sessions=1000,
            stream_port=wire.SLOW_PORT,
        ),
        Scenario("idle", "idle", "silent, while the office sends nothing", ("silent",)),
        Scenario("brownout", "steady", "30 % lost in each direction", ("loss", "30"), lasts_s=60),
        Scenario(
            "noise",
            "steady",
            f"2 % lost in each direction, and all for {HICCUP_MS} ms each {HICCUP_EVERY_S} s",
            lasts_s=120,
        ),
    )
}
EXTRAS = {
    "rest": "nobody works: CPU, memory, and what the probes cost on the standby line",
    "forwarding": "iperf3 through relais and through plain masquerade, by turns",
}


@dataclass(frozen=True)
class Pace:
    """How patiently runs are watched; `back_most_s` of 0: the way back is not."""

    warm_s: float
    cut_least_s: float
    cut_hold_s: float
    back_hold_s: float
    back_most_s: float


FULL = Pace(warm_s=2, cut_least_s=10, cut_hold_s=4, back_hold_s=4, back_most_s=1e9)
QUICK = Pace(warm_s=1.5, cut_least_s=3, cut_hold_s=2, back_hold_s=2, back_most_s=12)

Instant = tuple[float, float]  # monotonic clock just before and just after


def inject(scenario: Scenario, isp: str) -> Instant:
    """Break the line at the operator's end; between which instants it broke."""
    if not scenario.fault:
        before = time.monotonic()
        network.nft(isp, NOISE)
        return before, time.monotonic()
    kind, *arguments = scenario.fault
    _unused, prepare = faults.KINDS[kind]
    change = prepare(*arguments)
    before = time.monotonic()
    change(isp)
    return before, time.monotonic()


def clear(isp: str) -> float:
    """Mend the line; the instant just before, from which the way back is counted."""
    before = time.monotonic()
    if network.nft_has(isp, NOISE_TABLE):
        network.nft(isp, f"delete table {NOISE_TABLE}\n")
    faults.clear(isp)
    return before


def hiccups(isp: str, lasts_s: float, stop: threading.Event) -> list[float]:
    """Outages that the kernel ends by itself, one each 20 s at a random offset; when they began."""
    begun = []
    start = time.monotonic()
    for turn in range(int(lasts_s // HICCUP_EVERY_S)):
        offset = random.SystemRandom().uniform(5, HICCUP_EVERY_S - 5)
        wait_or_stop(start + turn * HICCUP_EVERY_S + offset - time.monotonic(), stop)
        network.nft(isp, HICCUP)
        begun.append(time.monotonic())
    wait_or_stop(start + lasts_s - time.monotonic(), stop)
    return begun


def wait_or_stop(seconds: float, stop: threading.Event) -> None:
    """Let time pass. Raises KeyboardInterrupt when the bench is told to end."""
    if stop.wait(max(0.0, seconds)):
        raise KeyboardInterrupt


def wait_for(condition: Callable[[], bool], most_s: float, stop: threading.Event) -> bool:
    """Whether the condition came true in time. Raises KeyboardInterrupt like `wait_or_stop`."""
    deadline = time.monotonic() + most_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        wait_or_stop(0.05, stop)
    return True
