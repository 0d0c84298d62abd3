# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the lab."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lab import base, faults, inventory, lifecycle, state
from lab.errors import LabError
from lab.inventory import DEFAULT
from lab.run import accompany, say
from lab.state import CHECKOUT, Places, Record

Command = Callable[[argparse.Namespace], int]

PROGRAMS = (
    "debootstrap", "systemd-nspawn", "ip", "nft", "dnsmasq", "nc", "ssh", "ssh-keygen", "nsenter",
    "sysctl",
)  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Run one command; exit status 0 is success, 1 a failure with one clear line, 2 wrong usage."""
    arguments = _parser().parse_args(argv)
    try:
        if os.geteuid() != 0:
            raise LabError("needs root: it makes network namespaces and boots a machine")
        os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        command: Command = arguments.command
        return command(arguments)
    except LabError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    named = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    named.add_argument("--name", help="the lab (default: $RELAIS_LAB, else this checkout's own)")
    parser = argparse.ArgumentParser(prog="scripts/lab", description=__doc__, parents=[named])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, parents=[named])
        added.set_defaults(command=command)
        return added

    up = add("up", _up, "build and boot a lab")
    up.add_argument("--provision", action="store_true", help="run the site playbook as well")
    up.add_argument("--suite", choices=base.SUITES, default=base.SUITES[0])
    up.add_argument(
        "--package",
        metavar="NAME",
        action="append",
        default=[],
        help="a Debian package that the gateway shall have as well (may be repeated)",
    )
    up.add_argument("--disk-mb", type=int, metavar="N", help="room on the gateway's disk")
    up.add_argument("--host", help="the gateway, when the inventory has several")
    up.add_argument("inventory", metavar="INVENTORY", nargs="?", type=Path, default=DEFAULT)
    add("down", _down, "take a lab away, running or crashed")
    status = add("status", _status, "show a lab's nodes and how to reach them")
    status.add_argument("--json", action="store_true", help="for programs")
    add("list", _list, "name every lab of this machine")
    run = add("exec", _exec, "run a command in a node")
    run.add_argument("node", metavar="NODE")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD")
    ssh = add("ssh", _ssh, "log in to the gateway, or run a command there, by SSH")
    ssh.add_argument("argv", nargs=argparse.REMAINDER, metavar="CMD")
    fault = add("fault", _fault, "break a line at the operator's end, or mend it")
    fault.add_argument("node", metavar="NODE", help="isp-<wan>, or all")
    fault.add_argument("kind", metavar="KIND", help=f"{', '.join(faults.KINDS)} or clear")
    fault.add_argument("arguments", nargs="*", metavar="ARGS")
    return parser


def _places(arguments: argparse.Namespace) -> Places:
    name = getattr(arguments, "name", None)
    return Places(state.default_name() if name is None else state.checked_name(name))


def _running(arguments: argparse.Namespace) -> tuple[Places, Record]:
    places = _places(arguments)
    record = state.load(places)
    if record is None or record.phase != "up":
        raise LabError(f"no lab {places.name} is up: start it with `scripts/lab up`")
    return places, record


def _up(arguments: argparse.Namespace) -> int:
    _prepare()
    places = _places(arguments)
    record = lifecycle.up(
        places,
        arguments.inventory,
        arguments.host,
        arguments.suite,
        arguments.package,
        arguments.disk_mb,
    )
    code = lifecycle.provision(record) if arguments.provision else 0
    if code == 0:
        say(f"{places.name} is up: inventory {os.path.relpath(record.inventory)}")
    return code


def _prepare() -> None:
    """Have what is missing installed by the checkout's own preparation."""

    def missing() -> list[str]:
        tools = [t for t in ("ansible-inventory", "ansible-playbook") if not _has_tool(t)]
        return [program for program in PROGRAMS if not shutil.which(program)] + tools

    helper = CHECKOUT / "scripts" / "_prepare"
    if missing() and helper.exists():
        subprocess.run(["bash", "-c", '. "$1"', "prepare", str(helper)], check=False)
    if left := missing():
        raise LabError(f"programs missing on this machine: {', '.join(left)}")


def _has_tool(name: str) -> bool:
    try:
        return bool(inventory.tool(name))
    except LabError:
        return False


def _down(arguments: argparse.Namespace) -> int:
    places = _places(arguments)
    say(f"{places.name} is down" if lifecycle.down(places) else f"there is no lab {places.name}")
    return 0


def _list(_unused: argparse.Namespace) -> int:
    for name in state.names():
        print(name)
    return 0


def _status(arguments: argparse.Namespace) -> int:
    status = lifecycle.status(_places(arguments))
    if arguments.json:
        print(json.dumps(status, indent=2))
        return 0
    print(f"lab {status['name']}: {status['state']}")
    for node, facts in status.get("nodes", {}).items():
        fault = f"  fault: {' '.join(facts['fault'])}" if facts["fault"] else ""
        print(f"  {node:12} {facts['namespace']:32} {', '.join(facts['addresses'])}{fault}")
    if "ssh" in status:
        print(f"  {'inventory':12} {status['inventory']}")
        print(f"  {'ssh':12} {' '.join(status['ssh']['argv'])}")
    return 0


def _exec(arguments: argparse.Namespace) -> int:
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if not argv:
        raise LabError("exec: no command given; usage: exec NODE -- CMD...")
    _unused, record = _running(arguments)
    command = lifecycle.command_in(record, arguments.node, argv)
    return accompany(command) if command[0] == "nsenter" else _become(command)


def _ssh(arguments: argparse.Namespace) -> int:
    places, record = _running(arguments)
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    return _become(["ssh", "-F", str(places.run / "ssh_config"), record.host, *argv])


def _become(argv: list[str]) -> int:
    """Turn into the command, so that input, output, signals and exit status are its own."""
    sys.stdout.flush()
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is the point
    except FileNotFoundError as error:
        raise LabError(f"program missing: {argv[0]}") from error


def _fault(arguments: argparse.Namespace) -> int:
    places = _places(arguments)
    with state.locked(places):
        _unused, record = _running(arguments)
        for node in _breakable(record, arguments.node):
            if arguments.kind == "clear":
                faults.clear(record.namespace(node))
                record.faults.pop(node, None)
            else:
                faults.inject(record.namespace(node), arguments.kind, arguments.arguments)
                record.faults[node] = [arguments.kind, *arguments.arguments]
            state.save(places, record)
    return 0


def _breakable(record: Record, node: str) -> list[str]:
    nodes = [wan["node"] for wan in record.wans]
    if node == "all":
        return nodes
    if node not in nodes:
        raise LabError(f"no line to break at {node!r}: choose one of {', '.join(nodes)}, all")
    return [node]
