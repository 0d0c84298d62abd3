# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults below the probes, each with an expiry that outlives the process that armed it.

`silent` drops everything on the interface in netdev ingress and egress hooks, by set elements with
a kernel timeout: carrier stays up and the daemon hears nothing. `total` does so on every WAN.
`carrier` takes the carrier (or, where the driver cannot, the link) away; a transient systemd timer,
started first, brings it back.
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from relais.core.drill.model import TOTAL
from relais.shell.clock import monotonic_ms
from relais.shell.drill.command import CommandError, run, succeeds

TABLE = "relais_drill"
UNIT = "relais-drill-expiry"
_ETHER_TYPES = ("ip", "ip6", "arp")
# The timer is the expiry of `carrier`; for `silent` it only sweeps the empty table away.
_SWEEP_AFTER_S = 2


class Fault(Protocol):
    """What the runner needs of a fault."""

    def prepare(self, seconds: int) -> None:
        """Everything slow, before the moment: nothing is broken yet. Raises CommandError."""

    def inject(self, seconds: int) -> float:
        """Break the link; return the moment just before it broke (`CLOCK_MONOTONIC` ms)."""

    def clear(self) -> None:
        """End the fault and leave nothing behind; harmless when it has ended already."""


class Silent:
    """A black hole on one interface or several at once; their carrier stays up."""

    def __init__(self, *interfaces: str) -> None:
        self._interfaces = interfaces
        self._nft: Any = None

    def prepare(self, seconds: int) -> None:
        """Load the hooks with an empty set."""
        try:
            # in process, as the moment of the fault is measured: starting nft takes 20 ms and more
            self._nft = importlib.import_module("nftables").Nftables()
        except ImportError as error:
            raise CommandError("install the package python3-nftables on the gateway") from error
        _arm_timer(seconds + _SWEEP_AFTER_S, "nft", "delete", "table", "netdev", TABLE)
        self._command(silent_ruleset(*self._interfaces))

    def inject(self, seconds: int) -> float:
        """Arm the set for `seconds`; the kernel expires it."""
        elements = ", ".join(f"{ether} timeout {seconds}s" for ether in _ETHER_TYPES)
        before = monotonic_ms()
        self._command(f"add element netdev {TABLE} armed {{ {elements} }}")
        return before

    def _command(self, text: str) -> None:
        code, _unused, said = self._nft.cmd(text)
        if code != 0:
            raise CommandError(f"nftables refused the fault: {said.strip()}")

    def clear(self) -> None:
        """Remove the table, then the timer."""
        succeeds("nft", "delete", "table", "netdev", TABLE)
        disarm_timer()


class Carrier:
    """No carrier on one interface. Few drivers can drop it by request; for the rest the link goes
    down as a whole, which the daemon and the network manager see as the same loss."""

    def __init__(self, interface: str) -> None:
        self._device = ("ip", "link", "set", "dev", interface)
        self._off: tuple[str, ...] = ("down",)
        self._on: tuple[str, ...] = ("up",)

    def prepare(self, seconds: int) -> None:
        """Ask the driver, by setting the carrier to what it is."""
        if succeeds(*self._device, "carrier", "on"):
            self._off, self._on = ("carrier", "off"), ("carrier", "on")

    def inject(self, seconds: int) -> float:
        """Start the timer that ends the fault, then take the carrier away."""
        _arm_timer(seconds, *self._device, *self._on)
        before = monotonic_ms()
        run(*self._device, *self._off)
        return before

    def clear(self) -> None:
        """Bring the link back, then remove the timer."""
        run(*self._device, *self._on)
        disarm_timer()


def make(kind: str, *interfaces: str) -> Fault:
    """The fault of a kind. Raises KeyError for an unknown one."""
    kinds: dict[str, type[Silent] | type[Carrier]] = {
        "silent": Silent,
        "carrier": Carrier,
        TOTAL: Silent,
    }
    return kinds[kind](*interfaces)


def silent_ruleset(*interfaces: str) -> str:
    """Hooks that drop every ether type in the one set `armed`, below all else on the devices."""
    chains = "".join(
        f"""\
  chain {name}{number} {{
    type filter hook {hook} device "{interface}" priority -500; policy accept;
    meta protocol @armed drop;
  }}
"""
        for number, interface in enumerate(interfaces)
        for name, hook in (("heard", "ingress"), ("sent", "egress"))
    )
    return f"""\
table netdev {TABLE} {{
  set armed {{ type ether_type; flags timeout; }}
{chains}}}
"""


def active() -> bool:
    """Whether a fault is armed now, be its runner alive or not."""
    return succeeds("systemctl", "is-active", "--quiet", f"{UNIT}.timer")


def expiry_problem() -> str | None:
    """Why a fault could not be given an end of its own now; None when it could. Try it only when no
    fault is `active`."""
    try:
        _arm_timer(3600, "true")
        return None if active() else "the timer does not stay armed"
    except CommandError as error:
        return str(error)
    finally:
        disarm_timer()


def remove_leftovers() -> None:
    """Sweep what a crashed run left. Call it only when no fault is `active`."""
    succeeds("nft", "delete", "table", "netdev", TABLE)
    succeeds("systemctl", "reset-failed", f"{UNIT}.service", f"{UNIT}.timer")


def disarm_timer() -> None:
    """Stop the expiry timer; the fault itself must be gone before."""
    succeeds("systemctl", "stop", f"{UNIT}.timer")
    succeeds("systemctl", "reset-failed", f"{UNIT}.service")


def _arm_timer(seconds: int, *command: str) -> None:
    """Run a command later, by systemd. Raises CommandError: no drill without a way back."""
    try:
        run(
            "systemd-run",
            "--quiet",
            "--collect",
            f"--unit={UNIT}",
            f"--on-active={seconds}",
            "--timer-property=AccuracySec=10ms",
            "--",
            *command,
        )
    except CommandError as error:
        raise CommandError(f"the timer that ends the fault could not be armed: {error}") from error
    if not active():
        raise CommandError("the timer that ends the fault was armed and is gone")
