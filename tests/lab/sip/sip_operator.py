# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's SIP operator: kamailio registers and relays, sipp is a number that sends voice back.

    scripts/lab exec internet -- python3 tests/lab/sip/sip_operator.py FOLDER [ADDRESS [PASSWORD]]

Prints `ready` when both answer; ends them when it is ended. FOLDER takes what they write.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ADDRESS = "198.51.100.210"
PASSWORD = "of-the-lab"  # noqa: S105 - it guards nothing
SIP_PORT, TLS_PORT, ECHO_PORT, MEDIA_PORT = 5060, 5061, 5070, 10_000
READY_WITHIN_S = 30.0


def main(folder: str, address: str = ADDRESS, password: str = PASSWORD) -> int:
    """Run both until told to end; exit status 1 when one of them ends by itself."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    config = (HERE / "kamailio.cfg").read_text(encoding="utf-8")
    config = config.replace("PASSWORD", password).replace("ECHO", f"{address}:{ECHO_PORT}")
    (place / "kamailio.cfg").write_text(config, encoding="utf-8")
    with (place / "operator.log").open("ab") as log:
        programs = [
            subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=place,
                start_new_session=True,
            )
            for argv in (registrar(place, address), answering(address))
        ]
    try:
        signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(0))
        wait_for(programs, address)
        print("ready", flush=True)
        while all(program.poll() is None for program in programs):
            time.sleep(0.2)
        return 1
    finally:
        for program in programs:
            program.terminate()
        for program in programs:
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(10)
            # Processes that it has started hold its ports, and may outlive it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def registrar(place: Path, address: str) -> list[str]:
    """kamailio in the foreground, in little memory, with nothing outside the folder."""
    listen = [
        word
        for kind, port in (("udp", SIP_PORT), ("tcp", SIP_PORT), ("tcp", TLS_PORT))
        for word in ("-l", f"{kind}:{address}:{port}")
    ]
    argv = ["kamailio", "-DD", "-E", "-m", "32", "-M", "4", "-f", str(place / "kamailio.cfg")]
    return [*argv, "-Y", str(place), "-P", str(place / "kamailio.pid"), *listen]


def answering(address: str) -> list[str]:
    """sipp as the called party."""
    argv = ["sipp", "-sf", str(HERE / "answer.xml"), "-i", address, "-p", str(ECHO_PORT)]
    return [*argv, "-mi", address, "-mp", str(MEDIA_PORT), "-rtp_echo", "-nostdin", "-nd"]


def wait_for(programs: list[subprocess.Popen[bytes]], address: str) -> None:
    """Until the registrar answers OPTIONS and both ports are taken. Raises SystemExit."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if any(program.poll() is not None for program in programs):
            raise SystemExit("a program of the operator ended; see operator.log")
        if answers(address) and taken(address, ECHO_PORT) and taken(address, MEDIA_PORT):
            return
    raise SystemExit(f"the operator is not ready after {READY_WITHIN_S:.0f} s; see operator.log")


def answers(address: str) -> bool:
    """Whether the registrar lives."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        client.connect((address, SIP_PORT))
        own, port = client.getsockname()
        lines = [
            f"OPTIONS sip:{address} SIP/2.0",
            f"Via: SIP/2.0/UDP {own}:{port};branch=z9hG4bKready",
            f"From: <sip:lab@{own}>;tag=1",
            f"To: <sip:{address}>",
            f"Call-ID: ready@{own}",
            "CSeq: 1 OPTIONS",
            "Max-Forwards: 1",
            "Content-Length: 0",
        ]
        try:
            client.send("\r\n".join([*lines, "", ""]).encode())
            return client.recv(2048).startswith(b"SIP/2.0 200")
        except OSError:
            return False


def taken(address: str, port: int) -> bool:
    """Whether a UDP port is bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
