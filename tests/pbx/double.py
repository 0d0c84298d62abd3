# SPDX-License-Identifier: GPL-3.0-or-later
"""The double as a whole: what tests start, look into and turn the knobs of."""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import certificate, readings, rights, site
from .api import Api
from .clock import Clock
from .faults import Fault, Faults
from .model import parse_version
from .oracle import Location, Oracle
from .server import Exchange, Server
from .simulation import Simulation
from .state import Entity, State, named
from .tokens import Tokens

VERSIONS = ("20.0.7", "20.0.8", "20.0.9", "20.0.10")


class Pbx:
    """A 3CX PBX as its configuration API shows it, on a port of this machine.

    `fill` puts the entities in; without it the PBX is that of the made-up firm in `site`.
    """

    def __init__(
        self,
        version: str = "20.0.10",
        *,
        tls: bool = True,
        listen: str = "127.0.0.1",
        port: int = 0,
        client_id: str = "relais",
        client_secret: str = "made-up-secret",  # noqa: S107 - nothing real
        fill: Callable[[State], None] = site.fill,
    ) -> None:
        if version not in VERSIONS:
            raise ValueError(f"no such version: {version} (known: {', '.join(VERSIONS)})")
        self.version = version
        self.client_id, self.client_secret = client_id, client_secret
        self.clock = Clock()
        self.state = State(parse_version(version), self.clock)
        fill(self.state)
        self.simulation = Simulation(self.state)
        self.tokens = Tokens(client_id, client_secret, self.state.version, self.clock)
        self.api = Api(self.state, self.simulation)
        self.faults = Faults()
        self.requests: list[Exchange] = []
        self.errors: list[BaseException | None] = []
        self.current_role, self.current_licence = "system_owners", "enterprise"
        self.location = Location()
        self._folder = tempfile.TemporaryDirectory(prefix="relais-pbx-")
        self._tls, self._address = tls, (listen, port)
        self._server: Server | None = None
        self.host, self.port = listen, port
        self.ca_path = Path(self._folder.name) / "pbx.crt" if tls else None

    @property
    def url(self) -> str:
        """Return the address of the PBX without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}"

    def start(self) -> Pbx:
        """Listen and serve in a thread."""
        made = certificate.make(Path(self._folder.name), self.host) if self._tls else None
        self._server = Server(self, self._address, made)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop listening; the state stays readable."""
        if self._server is not None:
            self._server.stopping.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Pbx:
        return self.start()

    def __exit__(self, *_unused: object) -> None:
        self.stop()
        self._folder.cleanup()
        if self.errors:
            raise AssertionError("the double itself failed") from self.errors[0]

    # What the world does.

    def trunk(self, name: str) -> Entity:
        """Return a trunk by its gateway's name or its number."""
        for trunk in self.state["Trunks"]:
            if name in (trunk["Number"], named("Trunks", trunk)):
                found: Entity = trunk
                return found
        raise KeyError(f"no trunk {name}")

    def user(self, number: str) -> Entity:
        """Return a user by the extension."""
        user = self.state.find("Users", Number=number)
        if user is None:
            raise KeyError(f"no user {number}")
        return user

    def trunk_online(self, name: str, online: bool) -> None:
        """Have a trunk be registered, or not."""
        with self.state.lock:
            self.simulation.set_online(self.trunk(name), online)

    def trunk_registers(self, name: str, after_polls: int | None) -> None:
        """Decide what a refresh brings: online after that many readings, or never (None)."""
        with self.state.lock:
            self.simulation.answers[self.trunk(name)["Number"]] = after_polls

    def user_registered(self, number: str, registered: bool) -> None:
        """Have a user's phones be registered, or not."""
        with self.state.lock:
            user = self.user(number)
            if bool(user["IsRegistered"]) != registered:
                user["IsRegistered"] = registered
                word = "registered" if registered else "unregistered"
                self.state.log(
                    "Info", 8193, "3CX PhoneSystem", f"Extension %1$s is {word}.", number
                )

    def sbc_up(self, name: str, up: bool) -> None:
        """Have a session border controller be connected, or not."""
        with self.state.lock:
            sbc = self.state.find("Sbcs", Name=name)
            if sbc is None:
                raise KeyError(f"no SBC {name}")
            sbc["HasConnection"] = up
            if sbc.get("Connection"):
                sbc["Connection"] = sbc["Connection"] | {"Up": up, "UdpActive": up}

    def public_address(self, address: str) -> None:
        """Have the PBX see itself at another public address."""
        with self.state.lock:
            self.state["SystemStatus"] |= {"Ip": address, "IpV4": address}

    def on_site(self, *departments: str, carrier_forward: Mapping[str, str] | None = None) -> None:
        """Put the PBX into the building of some departments; without any, into the cloud.

        `carrier_forward` says where the operator sends a number, or `*`, that it cannot deliver.
        """
        self.location = Location(frozenset(departments), dict(carrier_forward or {}))

    # What the API does.

    def role(self, name: str) -> None:
        """Give the API client a role, one of `rights.ROLES`."""
        if name not in rights.ROLES:
            raise ValueError(f"no role {name} (known: {', '.join(rights.ROLES)})")
        self.current_role = name

    def licence(self, name: str) -> None:
        """Give the PBX a licence, one of `rights.LICENCES`."""
        if name not in rights.LICENCES:
            raise ValueError(f"no licence {name} (known: {', '.join(rights.LICENCES)})")
        self.current_licence = name

    def expire_tokens(self) -> None:
        """Make the token that is out invalid."""
        with self.state.lock:
            self.tokens.expire()

    def fail_next(
        self, status: int = 503, *, retry_after: int | None = None, times: int = 1, on: str = ""
    ) -> None:
        """Answer the next requests (whose `METHOD /path` contains `on`) with a status."""
        self.faults.add(Fault("status", on, times, status, retry_after))

    def slow_next(self, seconds: float, *, times: int = 1, on: str = "") -> None:
        """Let the next requests wait."""
        self.faults.add(Fault("slow", on, times, seconds=seconds))

    def reset_next(self, *, times: int = 1, on: str = "") -> None:
        """Reset the connection of the next requests, which are not carried out."""
        self.faults.add(Fault("reset", on, times))

    def reset_after(self, *, times: int = 1, on: str = "") -> None:
        """Carry the next requests out and reset the connection instead of answering."""
        self.faults.add(Fault("reset_after", on, times))

    @property
    def oracle(self) -> Oracle:
        """Return who would say where a call ends, from the state of this moment."""
        with self.state.lock:
            return Oracle(self.entities(), self.clock.now(), self.location)

    def entities(self) -> dict[str, Any]:
        """Return everything as the API would serve it, expanded as far as it goes."""
        with self.state.lock:
            return readings.snapshot(self.state)

    # Stand-alone runs keep their state in a file.

    def save(self, path: Path) -> None:
        """Write the entities to a file."""
        with self.state.lock:
            text = json.dumps(dict(self.state), indent=1)
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(path)

    def load(self, path: Path) -> None:
        """Take the entities from a file that `save` wrote."""
        kept: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        with self.state.lock:
            self.state.clear()
            self.state.update(kept)
            self.state.renumber()
