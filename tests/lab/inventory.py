# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an inventory, and writes the same one with the way to the lab's machine laid over it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.run import attempt
from lab.state import CHECKOUT, Places, make_folder
from lab.topology import ECHO_HOST, INTERNET_HOSTS, Topology

DEFAULT = Path(__file__).parent / "site"
VARIABLE_FOLDERS = ("group_vars", "host_vars")

# Used when the inventory names none: the public resolvers of the real world are not in the lab.
TARGETS = [
    {"name": "resolver-a", "address": str(INTERNET_HOSTS["resolver-a"]), "probe": "dns",
     "port": 53, "query": "example.com"},
    {"name": "resolver-b", "address": str(INTERNET_HOSTS["resolver-b"]), "probe": "icmp"},
    {"name": "resolver-c", "address": str(INTERNET_HOSTS["resolver-c"]), "probe": "tcp",
     "port": 53},
]  # fmt: skip


def tool(name: str) -> str:
    """Path of an Ansible program: the checkout's own, else what PATH has."""
    own = CHECKOUT / ".venv" / "bin" / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        raise LabError(f"program missing: {name} (looked in .venv and PATH)")
    return found


def read_gateway(source: Path, wanted: str | None) -> tuple[str, Mapping[str, Any]]:
    """The gateway host of an inventory and its variables: the one host that has relais_wans."""
    if not source.exists():
        raise LabError(f"no inventory at {source}")
    listed = attempt([tool("ansible-inventory"), "-i", str(source), "--list"], timeout_s=120)
    if listed.returncode != 0:
        raise LabError(f"{source} is no inventory: {listed.stderr.strip()}")
    hosts: dict[str, Any] = json.loads(listed.stdout).get("_meta", {}).get("hostvars", {})
    gateways = sorted(host for host, variables in hosts.items() if "relais_wans" in variables)
    if wanted is not None:
        if wanted not in gateways:
            raise LabError(f"{source}: no host {wanted!r} with relais_wans; has: {gateways}")
        return wanted, hosts[wanted]
    if len(gateways) != 1:
        found = ", ".join(gateways) or "none"
        raise LabError(
            f"{source}: the lab builds one host with relais_wans at a time (found: {found}); "
            "choose with --host"
        )
    return gateways[0], hosts[gateways[0]]


def write(places: Places, source: Path, topology: Topology, variables: Mapping[str, Any]) -> Path:
    """The inventory for this lab: links to the given one, and one file that wins over them all."""
    target = places.build / "inventory"
    shutil.rmtree(target, ignore_errors=True)
    make_folder(target)
    source = source.resolve()
    folder = source if source.is_dir() else source.parent
    entries = sorted(source.iterdir()) if source.is_dir() else [source]
    for entry in entries:
        if entry.name not in VARIABLE_FOLDERS:
            (target / entry.name).symlink_to(entry)
    if (folder / "group_vars").is_dir():
        (target / "group_vars").symlink_to(folder / "group_vars")
    ours = _link_host_vars(folder / "host_vars", target / "host_vars", topology.host)
    text = json.dumps(_overlay(places, topology, variables), indent=2)
    (ours / "zz-lab.json").write_text(text + "\n")
    return target


def _link_host_vars(given: Path, target: Path, host: str) -> Path:
    """Link every host's variables; our host gets a real folder, with room for one more file."""
    ours = target / host
    ours.mkdir(parents=True)
    for entry in sorted(given.iterdir()) if given.is_dir() else []:
        if entry.name == host and entry.is_dir():
            for inner in sorted(entry.iterdir()):
                (ours / inner.name).symlink_to(inner)
        elif entry.name in {f"{host}{ending}" for ending in ("", ".yml", ".yaml", ".json")}:
            (ours / f"00-{entry.name}").symlink_to(entry)
        else:
            (target / entry.name).symlink_to(entry)
    return ours


def _overlay(places: Places, topology: Topology, variables: Mapping[str, Any]) -> dict[str, Any]:
    config = places.run / "ssh_config"
    overlay: dict[str, Any] = {
        "ansible_connection": "ssh",
        "ansible_host": str(topology.lan.ip),
        "ansible_user": "root",
        "ansible_become": False,
        "ansible_ssh_private_key_file": str(places.run / "key"),
        # The path of the control socket is given here too: Ansible's own depends on the address
        # only, and two labs have the same.
        "ansible_ssh_common_args": f"-F {config} -o ControlPath={control_path(places)}",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    if "relais_targets" not in variables:
        overlay["relais_targets"] = TARGETS
    if "relais_drill" not in variables:
        overlay["relais_drill"] = {"echo_host": str(ECHO_HOST)}
    return overlay


def control_path(places: Places) -> str:
    return f"{places.run}/cm-%C"


def write_ssh_config(places: Places, topology: Topology) -> None:
    """How anything reaches the machine: from the LAN's namespace, by this lab's keys alone."""
    address = topology.lan.ip
    lines = {
        "HostName": address,
        "User": "root",
        "IdentityFile": places.run / "key",
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": places.run / "known_hosts",
        "StrictHostKeyChecking": "yes",
        "ProxyCommand": f"ip netns exec {places.namespace('lan')} nc %h %p",
        "ControlMaster": "auto",
        "ControlPath": control_path(places),
        "ControlPersist": "60",
        "ConnectTimeout": "10",
        "ServerAliveInterval": "5",
        "LogLevel": "ERROR",
    }
    names = " ".join(dict.fromkeys(("gw", topology.host, str(address))))
    text = f"Host {names}\n" + "".join(f"  {key} {value}\n" for key, value in lines.items())
    (places.run / "ssh_config").write_text(text)


def provision_command(inventory: Path, host: str) -> tuple[list[str], dict[str, str]]:
    """Command line and environment of the site playbook against a lab."""
    collections = CHECKOUT / "build" / "collections"
    link = collections / "ansible_collections" / "relais" / "continuity"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../../..")
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(collections))
    argv = [tool("ansible-playbook"), "relais.continuity.site", "-i", str(inventory), "-l", host]
    return argv, environment
