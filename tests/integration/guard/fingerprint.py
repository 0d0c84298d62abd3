# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints everything that relais owns on the gateway, as one JSON document that can be compared.

The live choice is left out, in the kernel and in its file: relaisd may change it at any time.
Run on the gateway with the list of what is owned as JSON on standard input. It shares no code with
the program that restores.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LIVE = "/run/relais/nft/"
MOVING = ("valid_life_time", "preferred_life_time", "ifindex", "link_index", "link_netnsid")


def output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def files(patterns: list[str]) -> dict[str, str]:
    """Kind, mode, owner, size, time, link target and digest of every file, by path."""
    roots = [str(path) for pattern in patterns for path in Path("/").glob(pattern.lstrip("/"))]
    if not roots:
        return {}
    found = {}
    seen = output("find", *roots, "-printf", r"%p\t%y %m %U %G %l\n")
    for line in seen.splitlines():
        path, facts = line.split("\t")
        if path.startswith(LIVE):
            continue
        if Path(path).is_file() and not Path(path).is_symlink():
            facts += f" {Path(path).stat().st_mtime_ns} {output('sha256sum', path).split()[0]}"
        found[path] = facts
    return found


def plain(document: object) -> object:
    """Without counters of time and numbers that the kernel gives out."""
    if isinstance(document, dict):
        return {key: plain(value) for key, value in document.items() if key not in MOVING}
    return [plain(one) for one in document] if isinstance(document, list) else document


def kernel(owned: dict[str, object]) -> dict[str, object]:
    def ip(*words: str) -> object:
        return plain(json.loads(output("ip", "-json", *words) or "[]"))

    def sysctl(name: str) -> str:
        paths = sorted(Path("/proc/sys").glob(name.replace(".", "/")))
        return " ".join(path.read_text().strip() for path in paths)

    addresses = [
        {
            "name": link["ifname"],
            "up": "UP" in link["flags"],
            "addresses": [a for a in link["addr_info"] if a.get("scope") != "link"],
        }
        for link in ip("address")
        if link["ifname"] in owned["interfaces"]
    ]
    return {
        "addresses": addresses,
        "routes": ip("-4", "route", "show", "table", "all"),
        "rules": [ip("-4", "rule"), ip("-6", "rule")],
        "unreachable": ip("-6", "route", "show", "table", "all", "type", "unreachable"),
        "table": output("nft", "-s", "-t", "list", "table", "inet", str(owned["nft"])),
        "sysctls": {name: sysctl(name) for name in owned["sysctls"]},
    }


def main() -> None:
    owned = json.load(sys.stdin)
    seen = {
        "file": files(owned["files"]),
        "kernel": kernel(owned),
        "unit": {
            unit: output("systemctl", "show", "-p", "ActiveState,UnitFileState", unit)
            for unit in owned["units"]
        },
    }
    flat = {f"{kind} {name}": what for kind, found in seen.items() for name, what in found.items()}
    print(json.dumps(flat))


main()
