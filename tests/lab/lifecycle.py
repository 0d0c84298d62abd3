# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's life: up, looked at, down. Down needs the record only, so it also ends a crashed lab."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from lab import base, inventory, machine, network, processes, services, state, topology
from lab.errors import LabError
from lab.run import attempt, say, wait_until
from lab.state import Places, Process, Record
from lab.topology import INTERNET_HOSTS, INTERNET_HOSTS6, SIP_HOST, Topology

KINDS = {"gw": "machine", "lan": "client", "internet": "internet"}


def up(
    places: Places,
    source: Path,
    host: str | None,
    suite: str,
    more: Sequence[str] = (),
    disk_mb: int | None = None,
) -> Record:
    """Build and boot a lab; one that runs already is left as it is.

    `more` names packages that its gateway has beyond those of every gateway; `disk_mb` is the room
    that it has on its disk, where it shall be little.
    """
    with state.locked(places):
        record = state.load(places)
        if record is not None and health(record) == "up":
            _refuse_another(record, source)
            say(f"{places.name} is already up")
            return record
        if record is not None:
            say(f"{places.name} did not end well; clearing it away")
            _take_down(places, record)
        name, variables = inventory.read_gateway(source, host)
        site = topology.from_variables(name, variables)
        tree = base.ensure(suite, more)
        try:
            return _build(places, source, site, variables, tree, disk_mb)
        except BaseException:
            say(f"{places.name}: failed; taking it down again")
            left = state.load(places)
            if left is not None:
                _take_down(places, left)
            raise


def provision(record: Record) -> int:
    """Run the site playbook against the lab; its exit status."""
    argv, environment = inventory.provision_command(Path(record.inventory), record.host)
    say(f"provisioning {record.host}")
    return subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def down(places: Places) -> bool:
    """Take a lab away, in whatever state it is; False when there is none."""
    with state.locked(places):
        record = state.load(places)
        if record is None:
            return False
        _take_down(places, record)
        return True


def health(record: Record) -> str:
    """`up`, or `broken` when something of it is missing."""
    complete = (
        record.phase == "up"
        and all(map(network.exists, record.namespaces.values()))
        and all(map(processes.alive, record.processes))
        and machine.init_pid(record) is not None
    )
    return "up" if complete else "broken"


def status(places: Places) -> dict[str, Any]:
    """The lab as it is now, for people and programs."""
    record = state.load(places)
    if record is None:
        return {"name": places.name, "state": "down"}
    pid = machine.init_pid(record)
    return {
        "name": record.name,
        "state": health(record),
        "checkout": record.checkout,
        "suite": record.suite,
        "inventory": record.inventory,
        "host": record.host,
        "nodes": {
            node: {
                "kind": KINDS.get(node, "isp"),
                "namespace": namespace,
                "pid": pid if node == "gw" else None,
                "addresses": record.addresses.get(node, []),
                "fault": record.faults.get(node),
            }
            for node, namespace in record.namespaces.items()
        },
        "wans": record.wans,
        "lan": record.lan,
        "ssh": {
            "argv": ["ssh", "-F", str(places.run / "ssh_config"), record.host],
            "config": str(places.run / "ssh_config"),
            "key": str(places.run / "key"),
            "host": record.lan["address"].partition("/")[0],
        },
    }


def command_in(record: Record, node: str, argv: list[str]) -> list[str]:
    """Command line that runs argv in a node."""
    namespace = record.namespace(node)
    if node != "gw":
        return network.within(namespace, *argv)
    pid = machine.init_pid(record)
    if pid is None:
        raise LabError(f"the gateway of lab {record.name} does not run; run up again")
    return machine.entry(pid, *argv)


def _build(
    places: Places,
    source: Path,
    site: Topology,
    variables: Any,
    tree: Path,
    disk_mb: int | None,
) -> Record:
    record = _intention(places, source, site, tree)
    say(f"{places.name}: {', '.join(site.nodes)}")
    network.build(site, record.namespaces)
    for wan in site.wans:
        if wan.served:
            namespace = record.namespaces[wan.node]
            _started(places, record, services.start_operator(places, wan, namespace))
    _started(places, record, services.start_dns(places, record.namespaces["internet"]))
    _started(places, record, services.start_hosts(places, record.namespaces["internet"]))
    anchor = services.start_anchor(places, record.namespaces["internet"], variables)
    if anchor is not None:
        _started(places, record, anchor)
    machine.prepare_disk(places, tree, site, disk_mb)
    inventory.write_ssh_config(places, site)
    say(f"booting {site.host} ({record.suite})")
    for cgroup in record.cgroups:
        Path(cgroup).mkdir(exist_ok=True)
    _started(places, record, machine.boot(places, record))
    machine.wait(places, record)
    inventory.write(places, source, site, variables)
    record.phase = "up"
    state.save(places, record)
    return record


def _intention(places: Places, source: Path, site: Topology, tree: Path) -> Record:
    """Write down all that is about to be made; refuse what somebody else made."""
    namespaces = {node: places.namespace(node) for node in site.nodes}
    strangers = [name for name in namespaces.values() if network.exists(name)]
    if strangers:
        raise LabError(f"not made by this lab, but in its way: namespaces {', '.join(strangers)}")
    cgroups = machine.cgroup_paths(places)
    machine.remove(places, cgroups)
    for folder in (places.run, places.build):
        shutil.rmtree(folder, ignore_errors=True)
    state.make_folder(places.run, mode=0o700)
    record = Record(
        name=places.name,
        suite=tree.name.partition("-")[0],
        inventory=str(places.build / "inventory"),
        source=str(source.resolve()),
        host=site.host,
        lan={"interface": site.lan_interface, "address": str(site.lan)},
        wans=[
            {"name": wan.name, "interface": wan.interface, "node": wan.node,
             "method": "dhcp" if wan.pool else "static", "isp_address": str(wan.isp)}
            for wan in site.wans
        ],
        namespaces=namespaces,
        addresses={
            "gw": [str(site.lan)],
            "lan": [str(site.client)],
            **{wan.node: [str(a) for a in (wan.isp, wan.ipv6 and wan.ipv6.isp) if a]
               for wan in site.wans},
            "internet": [*(f"{a}/32" for a in (*INTERNET_HOSTS.values(), SIP_HOST)),
                         *(f"{address}/128" for address in INTERNET_HOSTS6.values())],
        },
        cgroups=cgroups,
    )  # fmt: skip
    state.save(places, record)
    return record


def _started(places: Places, record: Record, process: Process) -> None:
    record.processes.append(process)
    state.save(places, record)


def _take_down(places: Places, record: Record) -> None:
    record.phase = "ending"
    state.save(places, record)
    for socket in places.run.glob("cm-*"):
        attempt(["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "gw"])
    for process in record.processes:
        processes.kill(process)
    _end(f"the gateway of {record.name}", partial(machine.members, record.cgroups))
    for namespace in record.namespaces.values():
        # Services, and what somebody started by exec and left.
        _end(namespace, partial(processes.residents, namespace))
        network.remove(namespace)
    machine.remove(places, record.cgroups)
    build = Path(record.inventory).parent  # of the checkout that started it, not of ours
    for folder in (build, places.run):
        shutil.rmtree(folder, ignore_errors=True)
    for parent in (build.parent, places.disk.parent, network.RESOLVERS):
        state.remove_if_empty(parent)


def _end(what: str, find: Callable[[], list[Process]]) -> None:
    """Kill until nothing is found any more; what dies may have just started something else."""

    def gone() -> bool:
        left = find()
        for process in left:
            processes.kill(process)
        return not left

    wait_until(f"end of all processes in {what}", gone, within_s=15)


def _refuse_another(record: Record, source: Path) -> None:
    if record.source != str(source.resolve()):
        raise LabError(
            f"lab {record.name} is up with another inventory ({record.source}): "
            "take it down first, or choose another --name"
        )
