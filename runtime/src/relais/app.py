# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon: wires the pure core to the shell and does nothing else."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relais import __version__
from relais.answers import Answers
from relais.core import facts, report
from relais.core.actions import (
    Action,
    Announce,
    Evict,
    MeasureFlows,
    Move,
    Record,
    SendProbe,
    Steer,
)
from relais.core.adopt import leave
from relais.core.events import (
    Adopted,
    Event,
    FlowsMeasured,
    LinkObserved,
    ProbeReplied,
    SwitchFailed,
    Tick,
    Traffic,
)
from relais.core.model import Member, Service
from relais.core.state import initial
from relais.core.step import step
from relais.core.ticking import Pace
from relais.shell import clock, handover, history, incidents, ledger, systemd
from relais.shell.config_file import ConfigFile
from relais.shell.control_server import ControlServer
from relais.shell.event_log import EventLog
from relais.shell.files import replace_file
from relais.shell.flows import Flows
from relais.shell.health import Health
from relais.shell.housekeeping import Housekeeping
from relais.shell.journal import Journal
from relais.shell.ledger import Ledger
from relais.shell.netlink import LinkWatcher
from relais.shell.nfnetlink import Nfnetlink
from relais.shell.nft import Nft, NftError
from relais.shell.probes import Prober
from relais.shell.recorder import Recorder
from relais.shell.repair.repairs import Repairs
from relais.shell.telephony.hook import Hook

STATE_EVERY_MS = 5000.0
WATCHDOG_EVERY_MS = 2000.0
log = logging.getLogger("relaisd")


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the daemon keeps its files."""

    run: Path = Path("/run/relais")
    state: Path = Path("/var/lib/relais")


class Daemon:
    """One gateway's failover daemon. Stopping it changes nothing in the kernel."""

    def __init__(self, file: ConfigFile, paths: Paths, anchor_key: bytes | None = None) -> None:
        self.config = config = file.config
        self._file = file
        self._paths = paths
        self._anchor_key = anchor_key
        self.state = initial(config, clock.monotonic_ms())
        self._handover = paths.run / "handover.json"
        schemas = (ledger.SCHEMA, history.SCHEMA, incidents.SCHEMA)
        self._journal = Journal(paths.state / "journal.db", *schemas)
        self._history = history.History(config, self._journal)
        self._events = EventLog(self._journal, lambda: self.state.links)
        self._ledger = Ledger(config, self._journal)
        self._recorder = Recorder(self._journal.record)
        self._nft = Nft(config, paths.run / "nft" / "live.nft")
        self._netfilter = Nfnetlink()
        self._flows = Flows(self._netfilter)
        self._probers: dict[str, Prober] = {}
        self._broken: asyncio.Future[None]
        self._read_ms = 0.0
        self._pace = Pace()
        self._written_ms = self._barked_ms = 0.0
        self._health = Health(self._events.note)
        self._housekeeping = Housekeeping(file, self._journal, self._nft, self._health)
        self._telephony = Hook(config.telephony, paths.run / "telephony", self._events.note)
        self._stop = asyncio.Event()
        self._repairs = Repairs(
            config,
            self._nft,
            self._flows,
            lambda: self.state.steered,
            self._events.note,
            paths.run,
        )

    async def run(self) -> None:
        """Watch and steer until SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        self._events.start(max(self._journal.start(), self._counted()))
        self._ledger.start()
        self._history.start()
        self._probers = {
            wan.name: Prober(wan, self.config.targets, self._answered, self._anchor_key)
            for wan in self.config.wans
        }
        self._adopt()
        self._housekeeping.start()
        self._turn_periods()
        answers, path = Answers(self, self._events), self._paths.run / "control.sock"
        control = ControlServer(path, answers.questions(), answers.orders())
        await control.start()
        watcher = LinkWatcher(self.config.wans, self._observed, self._repairs.changed)
        self._broken = loop.create_future()
        self._read_ms = clock.monotonic_ms()
        watcher.look()  # Before the first probe leaves: a prober begins anew with what is found.
        self._tick()
        self._repairs.start()
        watching = asyncio.create_task(watcher.run())
        stopping = asyncio.create_task(self._stop.wait())
        systemd.notify("READY=1")
        waited: list[asyncio.Future[Any]] = [watching, stopping, self._broken]
        done, _unused = await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        systemd.notify("STOPPING=1")
        self._events.note(Record("daemon", "relaisd stops", "the kernel keeps the last choice"))
        self._write_state()
        self._ledger.keep(self.state.links.values())
        self._history.stop(self.state)
        self._repairs.close()
        await control.stop()
        self._recorder.close()
        self._journal.stop()
        watching.cancel()
        stopping.cancel()
        for task in done:
            task.result()

    def _adopt(self) -> None:
        """Believe the kernel: the choice found there is the current one."""
        try:
            found, dead = self._nft.read()
            members = {
                s.name: self._members(s, found.get(s.name, ())) for s in self.config.services
            }
        except NftError as error:
            found, dead, members = {}, frozenset(), {}
            log.error("cannot read the steering map: %s", error)
        known = {name: chosen for name, chosen in members.items() if chosen}
        now = clock.monotonic_ms()
        legacy = handover.read(self._handover, now)
        self._events.origins.update(legacy.origins)
        self.take(Adopted(now, known, dead, legacy.beliefs))
        why = f"version {__version__}, adopts {found}"
        begun = Record("daemon", "relaisd starts", why, inputs=facts.of_start(self.state))
        self._events.note(begun, now)
        if self.state.steered is not None:  # A predecessor may have kept it in another form.
            self._nft.keep(*self.state.steered)

    def _counted(self) -> int:
        """The number of the last event by the state document: the journal lacks what it could not
        write."""
        try:
            text = (self._paths.run / "state.json").read_text(encoding="utf-8")
            return int(json.loads(text)["last_event"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _members(self, service: Service, wans: tuple[str, ...]) -> tuple[Member, ...]:
        """The kernel's WANs of a service, with the weights that they have there."""
        if len(wans) > 1:
            return self._nft.members(service)
        weights = {member.wan: member for member in service.members}
        return tuple(weights.get(wan, Member(wan)) for wan in wans)

    def _tick(self) -> None:
        """Look at the counters and let time pass for the core; then again, at its pace."""
        now = clock.monotonic_ms()
        try:
            traffic = self._traffic()
            self.take(Tick(now, traffic, self._read_ms))
            if now - self._written_ms >= STATE_EVERY_MS:
                self._turn_periods()
                self._repairs.look_at(self.state.links)
                self._history.look(self.state)
                self._look_after_itself()
                self._write_state()
        except Exception as error:  # A defect must end the daemon, which systemd starts again.
            self._broken.set_exception(error)
            return
        self._read_ms = now
        if now - self._barked_ms >= WATCHDOG_EVERY_MS:
            self._barked_ms = now
            systemd.notify("WATCHDOG=1", f"STATUS={self._summary()}")
        next_ms = self._pace.ticked(self.state, traffic, now)
        # A callback at a time, not a sleeping task: half the wake-ups.
        wait_s = (next_ms - clock.monotonic_ms()) / 1000
        asyncio.get_running_loop().call_later(max(0.0, wait_s), self._tick)

    def _look_after_itself(self) -> None:
        """Notice what fails beside the lines; end when the configuration has become good again."""
        self._housekeeping.look()
        self._health.note("history", self._history.error)
        if self._file.mended():
            why = "systemd starts it again, with the configuration that is good now"
            self._events.note(Record("daemon", "relaisd ends", why))
            self._stop.set()

    def _turn_periods(self) -> None:
        """Begin the month of each quota that is due."""
        for began in self._ledger.due(self.state.links, clock.monotonic_ms()):
            self.take(began)

    def _traffic(self) -> Mapping[str, Traffic]:
        try:
            counted = self._netfilter.counters("relais")
            self._health.note("packet counters", None)
        except OSError as error:
            why = f"cannot be read: {error}; a silent line is found by probes alone"
            self._health.note("packet counters", why)
            return {}
        return {
            wan.name: Traffic(rx[0], tx[0], rx[1], tx[1])
            for wan in self.config.wans
            if (rx := counted.get(f"rx_{wan.name}")) and (tx := counted.get(f"tx_{wan.name}"))
        }

    def _observed(self, event: LinkObserved) -> None:
        self._probers[event.wan].observed(event.gateway)
        self.take(event)

    def _answered(self, wan: str, target: str, probe: int, rtt_ms: float) -> None:
        self.take(ProbeReplied(clock.monotonic_ms(), wan, target, probe, rtt_ms))

    def take(self, event: Event) -> None:
        """Feed the core and do what it says, in its order: the switch, if any, comes first."""
        before = self.state
        self.state, actions = step(before, event)
        switch = next((action for action in actions if isinstance(action, Steer)), None)
        began = clock.monotonic_ms()
        failed = None if switch is None else self._steer(switch)
        took_ms = round(clock.monotonic_ms() - began, 3)
        evictions = [action for action in actions if isinstance(action, Evict)]
        if evictions and failed is None:
            self._evict(evictions)
        noted: dict[int, str] = {}
        for place, action in enumerate(actions):
            if isinstance(action, Record) and action.kind == "switch" and switch is not None:
                action = replace(action, inputs={**action.inputs, "took_ms": took_ms})
            if failed is not None and _needs_the_switch(action):
                continue  # It did not happen; SwitchFailed tells the truth below.
            if isinstance(action, Record):
                noted[place] = self._events.note(action, event.now_ms)
            else:
                self._act(action)
        self._history.took(before, event, self.state)
        self._recorder.took(before, event, self.state, actions, noted)
        if failed is not None:
            self.take(SwitchFailed(clock.monotonic_ms(), failed))
        elif any(isinstance(action, Record) for action in actions):
            self._write_state()

    def _act(self, action: Action) -> None:
        match action:
            case Move():
                self._move(action)
            case Announce():
                self._telephony.announce(action.left, action.wans, clock.monotonic_ms())
            case MeasureFlows():
                self._measure(action)
            case SendProbe():
                self._probers[action.wan].send(action.target, action.probe)
            case _:
                pass  # Switch and evictions came first; records are noted.

    def _steer(self, action: Steer) -> str | None:
        """Make the kernel steer so; the error in words when it refuses."""
        try:
            self._nft.steer(action.choices, action.dead)
        except (NftError, OSError) as error:
            return str(error)
        return None

    def _evict(self, evictions: list[Evict]) -> None:
        marks = [(eviction.mark, eviction.mask) for eviction in evictions]
        try:
            self._flows.evict(marks)
        except OSError as error:
            self._not_done(marks, error)

    def _move(self, action: Move) -> None:
        try:
            sources = [ipaddress.ip_network(source) for source in action.sources]
            self._flows.move(action.mark, action.mask, sources)
        except OSError as error:
            self._not_done([(action.mark, action.mask)], error)

    def _not_done(self, marks: list[tuple[int, int]], error: OSError) -> None:
        told = ", ".join(f"0x{mark:04x}/0x{mask:04x}" for mark, mask in marks)
        self._events.note(Record("evict", "eviction failed", f"marks {told}: {error}"))

    def _measure(self, action: MeasureFlows) -> None:
        """Look for calls, and tell the core once it is done with the present event."""
        now = clock.monotonic_ms()
        try:
            pps = self._flows.fastest_pps(action.mark, action.mask, now)
        except OSError as error:
            log.error("cannot look at the flows of %s: %s", action.service, error)
            pps = None
        answer = FlowsMeasured(now, action.service, action.wan, pps)
        asyncio.get_running_loop().call_soon(self.take, answer)

    def _write_state(self) -> None:
        self._written_ms = clock.monotonic_ms()
        try:
            text = json.dumps(self.document(), indent=1)
            replace_file(self._paths.run / "state.json", text.encode(), mode=0o644)
            legacy = handover.Legacy(leave(self.state), self._events.origins)
            handover.write(self._handover, legacy)
            self._health.note("state files", None)
        except OSError as error:
            why = f"cannot be written: {error}; a successor would know less than this daemon"
            self._health.note("state files", why)

    def document(self) -> dict[str, object]:
        document = report.state_document(self.state, clock.wall_text)
        services = document["services"]
        if isinstance(services, dict):
            for name, entry in services.items():
                event, since = self._events.origin(name)
                entry.update(event=event, since=since)
        document.update(
            version=__version__,
            started_at=self._events.begun_at,
            last_event=self._events.last,
            degraded=self._health.document(),
            repairs=self._repairs.summary(),
            incidents=self._events.open_incidents,
        )
        return document

    def _summary(self) -> str:
        return ", ".join(f"{name} {link.state}" for name, link in self.state.links.items())


def _needs_the_switch(action: Action) -> bool:
    """What must not happen, or be told, when the kernel refused the switch before it."""
    told = isinstance(action, Record) and action.kind in ("switch", "evict")
    return told or isinstance(action, Evict | Move | Announce)


def run(file: ConfigFile, paths: Paths, anchor_key: bytes | None = None) -> None:
    """Run the daemon in the foreground. Raises NftError and OSError when it cannot start."""
    asyncio.run(Daemon(file, paths, anchor_key).run())
