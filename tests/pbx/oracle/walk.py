# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows one call from hop to hop until it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import hours, lines
from .outcome import Hop, Kind, Outcome
from .people import Circumstances, People

Entity = Mapping[str, Any]
_ROUTES = {
    "closed": "OutOfOfficeRoute",
    "break": "BreakRoute",
    "holiday": "HolidaysRoute",
}


@dataclass
class Walk:
    """A call on its way. `external` says that it came from outside."""

    entities: Mapping[str, Any]
    people: People
    around: Circumstances
    number: str
    external: bool = False
    hops: list[Hop] = field(default_factory=list)
    _visited: set[tuple[str, str]] = field(default_factory=set)
    _held: dict[str, int] = field(default_factory=dict)

    def outcome(self) -> Outcome:
        """Return all hops."""
        return Outcome(self.number, tuple(self.hops))

    def hop(self, kind: Kind, number: str, why: str, name: str = "", trunk: str = "") -> None:
        """Add a step."""
        self.hops.append(Hop(kind, number, why, name, trunk))

    def from_extension(self, user: Entity, target: Entity | None) -> None:
        """Let an extension call an internal number, or one outside."""
        beside = self.around.pbx_is_dark and self.people.is_dark(user, self.around)
        if self.around.pbx_is_dark and not beside:
            self.hop("lost", self.number, "the PBX is on the dark site")
            return
        # Whoever sits beside the PBX reaches it without any Internet.
        if not beside and (obstacle := self.people.obstacle(user, self.around)):
            self.hop("lost", self.number, f"{user['Number']} cannot call: {obstacle}")
            return
        caller = self.people.caller(user)
        if target is not None:
            self.to(target, "dialled", caller)
        elif self.around.pbx_is_dark:
            self.hop("lost", self.number, "no trunk reaches the PBX on the dark site")
        elif user.get("Internal"):
            self.hop("lost", self.number, "the extension makes internal calls only")
        else:
            self._dial(self.number, f"dialled by {user['Number']}", caller)

    def from_outside(self, number: str) -> None:
        """Let a call come in over the trunk that the number belongs to."""
        self.external = True
        trunk = lines.inbound_trunk(self.entities.get("Trunks", []), number)
        if trunk is None:
            self.hop("lost", number, "no trunk has this number")
            return
        name = lines.trunk_name(trunk)
        obstacle = "the PBX is on the dark site" if self.around.pbx_is_dark else ""
        if not obstacle and not lines.is_reachable(trunk):
            obstacle = f"trunk {name} is not registered"
        if obstacle:
            self._carrier(number, obstacle)
            return
        self.hop("trunk", trunk["Number"], f"{number} belongs to it", name)
        self._held[trunk["Number"]] = self._held.get(trunk["Number"], 0) + 1
        self._by_rule(trunk, number)

    def _carrier(self, number: str, why: str) -> None:
        forward = self.around.carrier_forward
        target = forward.get(number) or forward.get("*")
        if target is None:
            self.hop("lost", number, f"{why}, and the operator forwards nothing")
            return
        self.hop("carrier", number, f"{why}: the operator forwards")
        self.hop("external", target, "the operator's forward-on-unreachable")

    def _by_rule(self, trunk: Entity, number: str) -> None:
        rules = self.entities.get("InboundRules", [])
        rule = lines.inbound_rule(rules, trunk, number, self.around.caller)
        if rule is None:
            self.hop("lost", number, f"no inbound rule of {lines.trunk_name(trunk)} takes it")
            return
        group = self.people.department_of(rule.get("OfficeHoursDestination") or {})
        status = self._status(rule, group)
        name = str(rule.get("RuleName") or "")
        self.hop("inbound_rule", str(rule.get("Data") or ""), f"{group['Name']} is {status}", name)
        caller = lines.Caller(frozenset([group["Id"]]))
        if status == "operator":
            self.to(group.get("CustomOperator"), "custom operator", caller)
        elif status == "closed" and rule.get("AlterDestinationDuringOutOfOfficeHours"):
            self.to(rule.get("OutOfOfficeHoursDestination"), "closed", caller)
        elif status == "holiday" and rule.get("AlterDestinationDuringHolidays"):
            self.to(rule.get("HolidaysDestination"), "holiday", caller)
        else:
            self.to(rule.get("OfficeHoursDestination"), "by the rule", caller)

    def _status(self, rule: Entity, group: Entity) -> hours.Status:
        schedule = rule.get("Hours") or {}
        if schedule.get("Type") in (None, "OfficeHours", "OutOfOfficeHours", "BreakTime"):
            return self.people.status(group, self.around.at)
        local = self.people.local(group, self.around.at)
        return hours.of_schedule(schedule, local)

    def to(self, destination: Entity | None, why: str, caller: lines.Caller) -> None:
        """Go on to a destination; `caller` is whose rules a call outside is made by."""
        destination = destination or {}
        kind, number = destination.get("To") or "None", str(destination.get("Number") or "")
        if kind == "External":
            self._outside(str(destination.get("External") or ""), why, caller)
            return
        if (kind, number) in self._visited:
            self.hop("lost", number, f"{why}: in a loop, back at {kind} {number}")
            return
        self._visited.add((kind, number))
        steps: dict[str, Callable[[str, str], None]] = {
            "Extension": self._user,
            "RingGroup": self._ring_group,
            "Queue": self._queue,
            "IVR": self._menu,
            "VoiceMail": self._voicemail,
            "VoiceMailOfDestination": self._voicemail,
        }
        if kind in steps:
            steps[kind](number, why)
        else:
            self.hop("lost", number, f"{why}: the call ends ({kind})")

    def _outside(self, number: str, why: str, caller: lines.Caller) -> None:
        allowed = (self.entities.get("GeneralSettingsForPbx") or {}).get("AllowFwdToExternal")
        if allowed is False:
            self.hop("lost", number, f"{why}: forwarding outside is not allowed on this PBX")
            return
        self._dial(number, why, caller)

    def _dial(self, number: str, why: str, caller: lines.Caller) -> None:
        way = lines.way_out(self.entities, number, caller, self._held)
        if not way.trunk:
            self.hop("lost", number, f"{why}: {way.why}")
            return
        if lines.inbound_trunk(self.entities.get("Trunks", []), number) is not None:
            if ("External", number) in self._visited:
                self.hop("lost", number, f"{why}: in a loop, out and in again by {number}")
                return
            self._visited.add(("External", number))
            self.from_outside(number)
            return
        self.hop("external", number, f"{why}; {way.why}, dialled {way.dialled}", trunk=way.trunk)

    def _voicemail(self, number: str, why: str) -> None:
        user = self.people.user(number)
        if user is None or user.get("VMEnabled") is False:
            self.hop("lost", number, f"{why}: no voicemail")
            return
        self.hop("voicemail", number, why, self.people.name(user))

    def _user(self, number: str, why: str) -> None:
        user = self.people.user(number)
        if user is None:
            self.hop("lost", number, f"{why}: no such extension")
            return
        self.hop("user", number, why, self.people.name(user))
        caller = self.people.caller(user)
        profile = self.people.profile(user)
        side = "External" if self.external else "Internal"
        if (away := profile.get("AwayRoute")) is not None:
            self._leave(user, away.get(side), f"profile {profile.get('Name')}", caller)
            return
        route = profile.get("AvailableRoute") or {}
        obstacle = self.people.obstacle(user, self.around)
        if obstacle:
            self._leave(user, route.get(f"NotRegistered{side}"), obstacle, caller)
        elif self.around.is_busy(number):
            self._leave(user, route.get(f"Busy{side}"), "busy", caller)
        else:
            self.hop("extension", number, "rings", self.people.name(user))
            if self.around.is_silent(number):
                seconds = profile.get("NoAnswerTimeout")
                self._ring_mobile(user, profile, caller)
                self._leave(user, route.get(f"NoAnswer{side}"), f"no answer in {seconds} s", caller)

    def _ring_mobile(self, user: Entity, profile: Entity, caller: lines.Caller) -> None:
        """Note that the mobile rings along; who does not answer the desk answers neither here."""
        mobile = user.get("Mobile")
        if profile.get("RingMyMobile") and mobile:
            way = lines.way_out(self.entities, mobile, caller, self._held)
            if way.trunk:
                self.hop("external", mobile, "rings along with the extension", trunk=way.trunk)

    def _leave(
        self, user: Entity, destination: Entity | None, why: str, caller: lines.Caller
    ) -> None:
        if (destination or {}).get("To") == "External" and user.get("Internal"):
            self.hop("lost", user["Number"], f"{why}: the extension makes internal calls only")
            return
        self.to(destination, why, caller)

    def _ring_group(self, number: str, why: str) -> None:
        group = self._answering("RingGroups", "ring_group", number, why)
        if group is None:
            return
        found = self.people.members(group.get("Members") or [], self.around)
        found = [user for user in found if not self.people.declines_groups(user)]
        self._ring(group, found, f"no answer in {group.get('RingTime')} s", "no member can ring")

    def _queue(self, number: str, why: str) -> None:
        queue = self._answering("Queues", "queue", number, why)
        if queue is None:
            return
        found = self.people.members(queue.get("Agents") or [], self.around)
        found = [user for user in found if user.get("QueueStatus") == "LoggedIn"]
        waited = f"after {queue.get('MasterTimeout')} s in the queue"
        self._ring(queue, found, f"no answer {waited}", f"no agent can ring, {waited}")

    def _ring(self, group: Entity, found: list[Entity], silent: str, empty: str) -> None:
        for user in found:
            self.hop("extension", user["Number"], "rings", self.people.name(user))
            hunts = (group.get("RingStrategy") or group.get("PollingStrategy")) == "Hunt"
            if hunts and not self.around.is_silent(user["Number"]):
                return
        if any(not self.around.is_silent(user["Number"]) for user in found):
            return
        why = silent if found else empty
        self.to(group.get("ForwardNoAnswer"), why, self.people.caller(group))

    def _menu(self, number: str, why: str) -> None:
        menu = self._answering("Receptionists", "menu", number, why)
        if menu is None:
            return
        target = str(menu.get("TimeoutForwardType") or "EndCall")
        destination = {"To": target, "Number": menu.get("TimeoutForwardDN")}
        if target in ("EndCall", "RepeatPrompt", "CustomInput", "CallByName"):
            destination = {"To": "None", "Number": ""}
        self.to(destination, f"no key in {menu.get('Timeout')} s", self.people.caller(menu))

    def _answering(self, set_name: str, kind: Kind, number: str, why: str) -> Entity | None:
        """Return what has a number, or None when its department's hours sent the call on."""
        entity = self.people.numbered(set_name, number)
        if entity is None:
            self.hop("lost", number, f"{why}: nothing has this number")
            return None
        self.hop(kind, number, why, str(entity.get("Name") or ""))
        group = self.people.department(entity)
        status = self.people.status(group, self.around.at)
        if status not in _ROUTES:
            return entity
        for owner in (entity, group):
            destination = ((owner.get(_ROUTES[status]) or {}).get("Route")) or {}
            if destination.get("To") not in (None, "None"):
                if owner is group:
                    self.hop("department", group["Number"], f"is {status}", group["Name"])
                self.to(destination, status, self.people.caller(entity))
                return None
        return entity
