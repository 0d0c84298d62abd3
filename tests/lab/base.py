# SPDX-License-Identifier: GPL-3.0-or-later
"""The cached Debian tree under every gateway machine: built once, then only read."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.errors import LabError
from lab.run import run, say

CACHE = Path("/var/cache/relais-lab")
SUITES = ("bookworm", "trixie")

# All that the roles install must be here: the gateway has no way to a mirror.
PACKAGES = (
    # a machine that boots
    "systemd", "systemd-sysv", "dbus", "libpam-systemd", "kmod", "procps", "udev",
    # reached by Ansible
    "openssh-server", "python3", "python3-apt", "sudo", "ca-certificates", "tzdata", "acl",
    # a gateway
    "nftables", "python3-nftables", "dnsmasq", "conntrack", "iproute2", "iputils-ping",
    "ethtool", "netbase",
    # alerts; debootstrap does not find what a virtual package stands for
    "apprise", "python3-cffi-backend",
    # supervision
    "prometheus-node-exporter", "zabbix-agent2", "nagios-nrpe-server", "snmpd",
    # looking around
    "tcpdump", "less", "netcat-openbsd",
)  # fmt: skip

# A fresh Debian has these packages' services neither running nor enabled.
QUIET_SERVICES = (
    "dnsmasq.service", "nftables.service", "prometheus-node-exporter.service",
    "zabbix-agent2.service", "nagios-nrpe-server.service", "snmpd.service",
)  # fmt: skip


def ensure(suite: str, more: Sequence[str] = ()) -> Path:
    """Path of the base tree of a Debian suite, built now if the cache lacks it.

    `more` names packages beyond those of every gateway; their services are left disabled.
    """
    tree = tree_of(suite, more)
    if tree.is_dir():
        return tree
    CACHE.mkdir(parents=True, exist_ok=True)
    with _building(tree.name):
        if not tree.is_dir():
            _build(suite, tree, more)
    return tree


def tree_of(suite: str, more: Sequence[str] = ()) -> Path:
    """Where the base tree of these packages is kept. Raises LabError for an unknown suite."""
    if suite not in SUITES:
        raise LabError(f"unknown suite {suite!r}: choose one of {', '.join(SUITES)}")
    recipe = "\n".join((suite, *PACKAGES, *sorted(set(more)), *QUIET_SERVICES, "recipe 1"))
    return CACHE / f"{suite}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


@contextmanager
def _building(name: str) -> Iterator[None]:
    """One build of a tree at a time, on the whole machine."""
    with (CACHE / f".{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build of the base tree")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(suite: str, tree: Path, more: Sequence[str]) -> None:
    prefix = f".{tree.name}.building-"
    for stale in CACHE.glob(f"{prefix}*"):  # a killed build; the lock says nobody is at it
        shutil.rmtree(stale)
    say(f"building the {suite} base tree (once, about two minutes)")
    work = Path(tempfile.mkdtemp(prefix=prefix, dir=CACHE))
    work.chmod(0o755)
    try:
        run(
            ["debootstrap", "--variant=minbase", f"--include={','.join((*PACKAGES, *more))}",
             suite, str(work)],
            timeout_s=1200,
        )  # fmt: skip
        _make_generic(work, [*QUIET_SERVICES, *_services_of(work, more)])
        work.rename(tree)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _services_of(root: Path, packages: Sequence[str]) -> list[str]:
    """Units that packages brought, as dpkg lists them."""
    lists = [root / "var/lib/dpkg/info" / f"{package}.list" for package in packages]
    paths = [Path(line) for listed in lists for line in listed.read_text().splitlines()]
    return [path.name for path in paths if path.suffix == ".service" and "@" not in path.name]


def _make_generic(root: Path, quiet: Sequence[str]) -> None:
    """Take out what belongs to one machine, and what debootstrap switched on."""
    run(["systemctl", f"--root={root}", "disable", *quiet])
    run(["systemctl", f"--root={root}", "enable", "ssh.service", "systemd-networkd.service"])
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    (root / "etc/machine-id").write_text("")
    (root / "var/lib/dbus/machine-id").unlink(missing_ok=True)
    (root / "etc/hostname").unlink(missing_ok=True)
    (root / "etc/resolv.conf").unlink(missing_ok=True)  # a copy of this host's own
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    os.sync()
