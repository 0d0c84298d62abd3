# SPDX-License-Identifier: GPL-3.0-or-later
"""One drill from the pre-checks to the evidence: baseline, fault, watch, failback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import relais
from relais.core.drill.evidence import evidence
from relais.core.drill.model import TOTAL, Event, LocalRun, Run, ServiceRun
from relais.core.instants import rfc3339
from relais.core.model import Config, Drill, Failback
from relais.shell.clock import monotonic_ms, wall_at, wall_now, wall_text
from relais.shell.control_client import ControlClient, ControlError, DaemonUnreachable
from relais.shell.drill import faults, flows
from relais.shell.drill.alerts import alerts_of
from relais.shell.drill.checks import Options, check, request_of
from relais.shell.drill.client_process import ClientProcess
from relais.shell.drill.namespace import client_network
from relais.shell.drill.sip.account import AccountError, await_talk, felt, password
from relais.shell.drill.store import single_drill

BASELINE_MS = 2000.0
_JUDGED_MS = 1000.0
_BASELINE_ANSWERS = 15  # of the 50 requests of the last second; a lossy line may still be drilled
_TAIL_MS = 2000.0
_STATUS_EVERY_MS = 500.0
_LATE_SESSIONS_AT = 0.6  # share of the fault that has passed when the second batch opens
_LOOK_BEFORE_END_MS = 800.0
_FAILBACK_GRACE_S = 60.0
# The client reports every 25 ms and answers take a round trip: a breach is called this much later.
_REPORT_DELAY_MS = 150.0

_LOCAL_WITHIN_MS = 3000.0

Say = Callable[[str], None]


class CannotMeasure(Exception):
    """The baseline does not hold, so no fault was injected."""


class Interrupted(Exception):
    """A signal asked the runner to end; raised by the handlers that the CLI installs."""


class _Breach(Exception):
    """A service was without answers for longer than its budget."""


@dataclass
class _Observed:
    """What the runner notes down on the way."""

    started_at: str = ""
    id: str = ""
    injected_ms: float = 0.0
    cleared_ms: float = 0.0
    back_ms: float | None = None
    aborted: str | None = None
    before: dict[str, str | None] = field(default_factory=dict)
    during: dict[str, str | None] = field(default_factory=dict)
    after: dict[str, str | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    rtt_ms: dict[str, float] = field(default_factory=dict)


def run_drill(
    config: Config, options: Options, control: ControlClient, say: Say
) -> dict[str, object]:
    """Run one drill and return its evidence, verdict included.

    Raises Busy, Refused, CannotMeasure, CommandError, ClientDied; whatever happens, the fault ends.
    """
    with single_drill():
        check(config, options, control)
        if (drill := config.drill) is None:
            raise CannotMeasure("the configuration holds no drill")
        faults.remove_leftovers()
        local = local_hosts(config, drill) if options.kind == TOTAL else ()
        with client_network(drill), _client(drill, local) as client:
            return _Runner(config, drill, options, control, client, local, say).run()


def local_hosts(config: Config, drill: Drill) -> tuple[str, ...]:
    """The gateway by its address in the LAN, and those hosts of the LAN that a drill shall ask."""
    own = () if config.lan is None else (config.lan.address.partition("/")[0],)
    return tuple(dict.fromkeys((*own, *drill.local)))


@contextmanager
def _client(drill: Drill, local: tuple[str, ...]) -> Iterator[ClientProcess]:
    """The client process, ended with the context."""
    try:
        secret = password(drill.sip)
    except AccountError as error:
        raise CannotMeasure(f"{error}; nothing was injected") from None
    client = ClientProcess(drill, secret, local)
    try:
        yield client
    finally:
        client.kill()


class _Runner:
    def __init__(
        self,
        config: Config,
        drill: Drill,
        options: Options,
        control: ControlClient,
        client: ClientProcess,
        local: tuple[str, ...],
        say: Say,
    ) -> None:
        self._local = local
        self._config, self._drill, self._options = config, drill, options
        self._control, self._client, self._say = control, client, say
        self._request = request_of(config, options)
        self._total = self._request.total
        self._wans = config.wans if self._total else (config.wan(options.wan),)
        self._fault = faults.make(options.kind, *(wan.interface for wan in self._wans))
        self._seen = _Observed()
        self._opened_late = False
        self._interrupted = False

    def run(self) -> dict[str, object]:
        started = wall_now()
        self._seen.started_at = rfc3339(started)
        self._seen.id = f"{started:%Y%m%dT%H%M%SZ}-{self._options.kind}-{self._options.wan}"
        self._baseline()
        status = check(self._config, self._options, self._control)  # the last look before the cut
        try:
            self._break_and_watch()
        finally:
            self._fault.clear()
        if not self._interrupted:
            self._failback(status)
        self._client.finish()
        return evidence(self._result(status.get("last_event", 0)))

    def _baseline(self) -> None:
        """See every service work, and note which WAN carries it. Raises CannotMeasure."""
        self._say(f"baseline: every service for {BASELINE_MS / 1000:.0f} s before the fault")
        self._client.follow_for(BASELINE_MS)
        since = monotonic_ms() - _JUDGED_MS
        broken = []
        for service in self._drill.services:
            good = [
                a.answered_ms - a.sent_ms
                for a in self._client.record.fresh[service.name]
                if a.answered_ms is not None and a.sent_ms >= since
            ]
            if len(good) < _BASELINE_ANSWERS:
                broken.append(
                    f"{service.name} ({service.protocol} {service.probe} to {service.address} "
                    f"port {service.port}: {len(good)} answers in the last second)"
                )
            else:
                self._seen.rtt_ms[service.name] = median(good)
        if broken:
            raise CannotMeasure(
                f"these services do not work before the fault: {'; '.join(broken)}; "
                "nothing was injected"
            )
        if self._drill.sessions and self._drill.sessions.count:
            opened = len(self._client.record.sessions("before"))
            if not opened:
                raise CannotMeasure("no TCP session could be opened; nothing was injected")
        if (sip := self._drill.sip) is not None:
            try:
                await_talk(self._client, sip)
            except AccountError as error:
                raise CannotMeasure(f"{error}; nothing was injected") from None
        self._seen.before = self._wans_of(monotonic_ms() - _JUDGED_MS)
        if not {wan.name for wan in self._wans} & set(self._seen.before.values()):
            raise CannotMeasure(
                f"no drilled service went through {self._options.wan} in the baseline "
                f"(seen: {self._seen.before}); nothing was injected"
            )

    def _wans_of(self, since_ms: float) -> dict[str, str | None]:
        """By service: the WAN of the flows that were answered since a moment."""
        marks = flows.marks_of(self._drill.client_address)
        return {
            service.name: flows.wan_of(
                marks,
                service.protocol,
                service.port,
                (
                    attempt.source_port
                    for attempt in self._client.record.fresh[service.name]
                    if attempt.ok and attempt.sent_ms >= since_ms
                ),
                self._config.wans,
            )
            for service in self._drill.services
        }

    def _break_and_watch(self) -> None:
        seconds, seen = self._options.seconds, self._seen
        self._fault.prepare(seconds)
        # What follows is our doing: no penalty for flapping, or the next drill waits an hour.
        for wan in self._wans:
            self._control.call("excuse", wan=wan.name, for_s=seconds + 5)
        seen.injected_ms = self._fault.inject(seconds)
        self._say(f"fault: {self._options.kind} on {self._options.wan} for {seconds} s")
        end = seen.injected_ms + seconds * 1000
        try:
            self._client.follow(lambda: self._watch(end))
            seen.cleared_ms = end
        except (_Breach, Interrupted) as reason:
            seen.aborted = str(reason)
            seen.cleared_ms = monotonic_ms()
            self._interrupted = isinstance(reason, Interrupted)
            self._say(f"aborted: {reason}")

    def _watch(self, end: float) -> bool:
        """Look for a breach, do what is due. Raises _Breach."""
        now, started = monotonic_ms(), self._seen.injected_ms
        record = self._client.record
        if self._total:
            self._watch_local(now, started)
            return now >= end
        for service in self._drill.services:
            last = max(record.last_good_ms.get(service.name, 0.0), started)
            budget = self._request.budget_ms or 0
            allowed = budget + _REPORT_DELAY_MS + 2 * self._seen.rtt_ms[service.name]
            if record.until_ms - last > allowed:
                raise _Breach(f"{service.name} got no answer for more than {budget} ms")
        if not self._opened_late and now - started >= (end - started) * _LATE_SESSIONS_AT:
            self._opened_late = True
            self._client.open_sessions()
        if not self._seen.during and now >= end - _LOOK_BEFORE_END_MS:
            self._seen.during = self._wans_of(now - 1000)
        return now >= end

    def _watch_local(self, now: float, started: float) -> None:
        """Nothing else can be asked while every WAN is cut. Raises _Breach."""
        record = self._client.record
        for address in self._local:
            last = max(record.last_good_ms.get(address, 0.0), started)
            if record.until_ms - last > _LOCAL_WITHIN_MS:
                raise _Breach(f"{address}, a host of the site, does not answer")

    def _failback(self, status: dict[str, Any]) -> None:
        """Follow until the daemon has put everything back, or for as long as that may take."""
        limit_s = self._config.policy.failback_after_s + _FAILBACK_GRACE_S
        self._say(f"fault over; waiting up to {limit_s:.0f} s for the services to return")
        before = self._standing(status)
        began = monotonic_ms()
        asked = 0.0

        def settled() -> bool:
            nonlocal asked
            now = monotonic_ms()
            if now - asked < _STATUS_EVERY_MS:
                return False
            asked = now
            if self._seen.back_ms is None and self._is_back(before):
                self._seen.back_ms = now
            done = self._seen.back_ms is not None and (not self._total or self._resumed())
            return done or now - began > limit_s * 1000

        try:
            self._client.follow(settled)
            if self._seen.back_ms is None:
                self._seen.notes.append(
                    f"not every service was back where it came from {limit_s:.0f} s after the fault"
                )
            self._client.follow_for(_TAIL_MS)
        except Interrupted as reason:
            self._seen.notes.append(f"the watch over the failback was cut short: {reason}")
        self._seen.after = self._wans_of(monotonic_ms() - 1000)

    def _resumed(self) -> bool:
        """Whether each session goes on or was told; TCP may take as long again as the cut did."""
        cleared = self._seen.cleared_ms
        return all(
            session.told_ms is not None or (session.heard_ms and session.heard_ms[-1] > cleared)
            for session in self._client.record.sessions("before")
        )

    def _choices(self, status: dict[str, Any]) -> dict[str, list[str]]:
        """WANs by service, without those that return by hand, or not while the drill talks."""
        late = (Failback.MANUAL, Failback.BETWEEN_CALLS)
        left_out = {s.name for s in self._config.services if s.failback in late}
        return {
            name: [choice["wan"] for choice in service["wans"]]
            for name, service in status["services"].items()
            if name not in left_out
        }

    def _standing(self, status: dict[str, Any]) -> dict[str, object]:
        """What the daemon must be back at: its choices, and after a total cut the WANs, too, which
        it may never have left."""
        up = {name: wan["state"] == "up" for name, wan in status["wans"].items()}
        return {"services": self._choices(status), "up": up if self._total else None}

    def _is_back(self, before: dict[str, object]) -> bool:
        try:
            return self._standing(self._control.call("status")) == before
        except (DaemonUnreachable, ControlError):
            return False

    def _daemon_events(self, after: int) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self._control.call("events", after=after)["events"]
        except (DaemonUnreachable, ControlError) as error:
            self._seen.notes.append(f"the daemon's own account is missing: {error}")
            return []
        return found

    def _result(self, last_event: int) -> Run:
        seen, options, record = self._seen, self._options, self._client.record
        events = self._daemon_events(last_event)
        confirmed = [
            event["mono_ms"]
            for event in events
            if event["kind"] == "link"
            and event["what"] in {f"{wan.name} down" for wan in self._wans}
            and seen.injected_ms <= event["mono_ms"] < seen.cleared_ms
        ]
        return Run(
            id=seen.id,
            version=relais.__version__,
            site=self._config.site,
            gateway=self._config.gateway,
            timezone=self._config.timezone,
            started_at=seen.started_at,
            injected_at=wall_text(seen.injected_ms),
            kind=options.kind,
            wan=options.wan,
            seconds=options.seconds,
            injected_ms=seen.injected_ms,
            cleared_ms=seen.cleared_ms,
            ended_ms=monotonic_ms(),
            services=tuple(self._service(service.name) for service in self._drill.services),
            confirmed_ms=min(confirmed, default=None),
            back_ms=seen.back_ms,
            sessions=record.sessions("before"),
            late_sessions=record.sessions("during"),
            events=tuple(
                Event(event["mono_ms"], event["what"], event.get("why"), "daemon", event["kind"])
                for event in events
            ),
            aborted=seen.aborted,
            notes=tuple(seen.notes),
            alerts=alerts_of(wall_at(seen.injected_ms)),
            local=tuple(
                LocalRun(address, record.attempts("fresh", address)) for address in self._local
            ),
            sip=None if self._drill.sip is None else felt(self._client, self._drill.sip),
        )

    def _service(self, name: str) -> ServiceRun:
        record, seen = self._client.record, self._seen
        told = [at for at in record.told[name] if at >= seen.injected_ms]
        return ServiceRun(
            name=name,
            budget_ms=self._request.budget_ms or 0,
            before=seen.before.get(name),
            during=seen.during.get(name),
            after=seen.after.get(name),
            fresh=record.attempts("fresh", name),
            fixed=record.attempts("fixed", name),
            told_ms=min(told, default=None),
        )
