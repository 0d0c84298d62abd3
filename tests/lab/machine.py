# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway: a Debian machine, booted by systemd-nspawn on a layer over the base tree."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from pathlib import Path

from lab import network, processes
from lab.errors import LabError
from lab.run import attempt, run, say, wait_until
from lab.state import Places, Process, Record, make_folder
from lab.topology import Topology

BOOT_WITHIN_S = 90
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Named to sort after the files of the gateway role, which take over when they arrive.
BOOTSTRAP_NETWORK = "etc/systemd/network/90-lab-bootstrap.network"

# Run by systemd-shutdown(8) as the very last thing.
AT_SHUTDOWN = "usr/lib/systemd/system-shutdown/lab-empty-kernel"
EMPTY_KERNEL = """\
#!/bin/sh
# A machine boots with an empty kernel. The network of this one outlives it, so it is emptied here.
# The links go first: until then it is a gateway with its firewall.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
for path in /sys/class/net/*; do
  ip link set "${path##*/}" down
  ip address flush dev "${path##*/}"
done
ip link set lo up
for version in -4 -6; do
  ip $version route flush table all scope global
  ip $version rule flush
  ip $version rule add priority 32766 lookup main
done
ip -4 rule add priority 32767 lookup default
nft flush ruleset
conntrack --flush
sysctl --quiet net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
"""

# nspawn that is not in charge of its cgroup ends with status 133 when the machine reboots.
SUPERVISOR = 'while "$@"; [ $? -eq 133 ]; do :; done'
SUPERVISOR_NAME = "gateway"
NSPAWN_RUN = Path("/run/systemd/nspawn")


def prepare_disk(places: Places, base: Path, topology: Topology, disk_mb: int | None) -> None:
    """Layer over the base tree, made this machine: its name, its keys, a first address.

    With `disk_mb` the layer has that much room and no more.
    """
    if disk_mb is not None:
        make_folder(places.disk)
        run(["mount", "-t", "tmpfs", places.machine, "-o", f"size={disk_mb}m", str(places.disk)])
    layers = {name: places.disk / name for name in ("upper", "work", "root")}
    for folder in layers.values():
        make_folder(folder)
    options = f"lowerdir={base},upperdir={layers['upper']},workdir={layers['work']}"
    run(["mount", "-t", "overlay", places.machine, "-o", options, str(places.root)])
    short = topology.host.partition(".")[0]
    _write(places, "etc/hostname", f"{short}\n")
    _write(places, "etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {topology.host} {short}\n")
    _write(places, "etc/machine-id", f"{uuid.uuid4().hex}\n")
    _write(
        places,
        BOOTSTRAP_NETWORK,
        f"[Match]\nName={topology.lan_interface}\n\n"
        f"[Network]\nAddress={topology.lan}\nLinkLocalAddressing=no\nConfigureWithoutCarrier=yes\n",
    )
    _write(places, AT_SHUTDOWN, EMPTY_KERNEL).chmod(0o755)
    _keys(places, topology)


def boot(places: Places, record: Record) -> Process:
    """Start the machine; it is up when `wait` returns."""
    argv = [
        "systemd-nspawn", "--quiet", "--boot", "--register=no", "--link-journal=no",
        "--resolv-conf=off", "--timezone=off", f"--machine={places.machine}",
        f"--hostname={record.host.partition('.')[0]}",
        f"--network-namespace-path={network.NETNS / record.namespaces['gw']}",
        "--capability=CAP_NET_ADMIN,CAP_NET_RAW", f"--directory={places.root}",
    ]  # fmt: skip
    if not _host_runs_systemd():
        # Nobody to ask for a scope: stay in the cgroups that make_cgroups gave us. Where the host
        # runs systemd, nspawn has it make a scope, which also outlives the caller's session.
        argv.insert(1, "--keep-unit")
    # Without this the machine may not set its own net.* sysctls; it owns its namespace alone.
    argv = ["env", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network", *argv]
    log = places.run / "gw-console.log"
    supervisor = ["sh", "-c", SUPERVISOR, "lab-gateway", *argv]
    return processes.spawn(SUPERVISOR_NAME, supervisor, log, cgroups=record.cgroups)


def cgroup_paths(places: Places) -> list[str]:
    """Own cgroups for the machine: two machines in one would end each other's processes."""
    if _host_runs_systemd():
        return []
    mine = dict(
        line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines()
    )
    paths = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _unused, point, kind, options = line.split()[:4]
        if kind == "cgroup" and "name=systemd" in options.split(","):
            paths.append(point + mine.get("name=systemd", "/").rstrip("/"))
        elif kind == "cgroup2":
            paths.append(point + mine.get("", "/").rstrip("/"))
    return [f"{path}/relais-lab-{places.name}" for path in paths]


def init_pid(record: Record) -> int | None:
    """Pid, as the host sees it, of the machine's systemd; None when it does not run."""
    for process in record.processes:
        if process.what == SUPERVISOR_NAME and processes.alive(process):
            for nspawn in processes.children(process.pid):
                return next(processes.children(nspawn), None)
    return None


def entry(pid: int, *argv: str) -> list[str]:
    """Command line that runs argv inside the machine."""
    terminal = os.environ.get("TERM", "dumb")
    return [
        "nsenter", "--target", str(pid), "--all", "--", "/usr/bin/env", "-i", f"PATH={PATH}",
        "HOME=/root", "LANG=C.UTF-8", f"TERM={terminal}", *argv,
    ]  # fmt: skip


def wait(places: Places, record: Record) -> None:
    """Return when the machine has booted and answers by SSH from the LAN."""
    console = places.run / "gw-console.log"
    address = record.lan["address"].partition("/")[0]
    probe = network.within(record.namespaces["lan"], "nc", "-z", "-w", "1", address, "22")

    def answers() -> bool:
        if init_pid(record) is None and not processes.alive(record.processes[-1]):
            tail = "\n".join(console.read_text(errors="replace").splitlines()[-15:])
            raise LabError(f"the gateway machine ended while booting; its console:\n{tail}")
        return attempt(probe).returncode == 0

    wait_until(f"gateway's SSH (its console: {console})", answers, within_s=BOOT_WITHIN_S)
    ssh = ["ssh", "-F", str(places.run / "ssh_config"), record.host]
    state = attempt([*ssh, "systemctl", "is-system-running", "--wait"], timeout_s=BOOT_WITHIN_S)
    verdict = state.stdout.strip()
    if verdict == "degraded":
        failed = run([*ssh, "systemctl", "--failed", "--plain", "--no-legend"]).stdout
        units = ", ".join(line.split()[0] for line in failed.splitlines() if line)
        say(f"warning: units of the gateway failed to start on this host: {units}")
    elif verdict != "running":
        raise LabError(f"the gateway did not come up: {verdict or state.stderr.strip()}")


def remove(places: Places, cgroups: list[str]) -> None:
    """Take away the disk, what nspawn leaves when it is killed, and the cgroups."""
    if places.root.is_mount():
        _forget_lock(places.root)
        wait_until(
            f"unmount of {places.root}",
            lambda: attempt(["umount", str(places.root)]).returncode == 0,
            within_s=10,
        )
    if places.disk.is_mount():
        run(["umount", str(places.disk)])
    shutil.rmtree(places.disk, ignore_errors=True)
    for leftover in ("propagate", "unix-export"):
        shutil.rmtree(NSPAWN_RUN / leftover / places.machine, ignore_errors=True)
    for cgroup in cgroups:
        for folder, _unused, _unused in os.walk(cgroup, topdown=False):
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(folder)


def members(cgroups: list[str]) -> list[Process]:
    """Processes of the machine that its own cgroups know: found even if nspawn was killed."""
    found = []
    for cgroup in cgroups:
        for folder, _unused, _unused in os.walk(cgroup):
            for pid in _listed(Path(folder, "cgroup.procs")):
                with contextlib.suppress(LabError):
                    found.append(processes.identify("a process of the gateway", pid))
    return found


def _listed(procs: Path) -> list[int]:
    """Processes of one cgroup; a machine that ends removes its cgroups while we look."""
    try:
        return [int(pid) for pid in procs.read_text().split()]
    except OSError:
        return []


def _forget_lock(root: Path) -> None:
    """Remove the lock file that a killed nspawn could not; it is named after the tree's inode."""
    tree = root.stat()
    (NSPAWN_RUN / "locks" / f"inode-{tree.st_dev}:{tree.st_ino}").unlink(missing_ok=True)


def _keys(places: Places, topology: Topology) -> None:
    """A host key and a user key for this lab only; nothing is asked, nothing is trusted blindly."""
    user, host = places.run / "key", places.root / "etc/ssh/ssh_host_ed25519_key"
    for key, comment in ((user, f"lab {places.name}"), (host, f"root@{topology.host}")):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(key)])
    authorized = _write(places, "root/.ssh/authorized_keys", user.with_suffix(".pub").read_text())
    authorized.chmod(0o600)
    authorized.parent.chmod(0o700)
    kind, key_text = host.with_suffix(".pub").read_text().split()[:2]
    (places.run / "known_hosts").write_text(f"{topology.lan.ip} {kind} {key_text}\n")


def _write(places: Places, path: str, text: str) -> Path:
    target = places.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def _host_runs_systemd() -> bool:
    return Path("/run/systemd/system").is_dir()  # sd_booted(3)
