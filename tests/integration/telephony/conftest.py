# SPDX-License-Identifier: GPL-3.0-or-later
"""A SIP operator in the lab's Internet, a telephone in the LAN, and a PBX's API beside it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
OPERATOR = CHECKOUT / "tests" / "lab" / "sip" / "sip_operator.py"
SIP_HOST, PASSWORD = "198.51.100.210", "of-the-lab"
PHONE = "192.0.2.10"
BARESIP = """\
poll_method epoll
sip_listen 0.0.0.0:5060
audio_source aufile,{folder}/tone.wav
rtp_ports 10020-10040
module_path {modules}
module g711.so
module aufile.so
module_app account.so
module_app menu.so
"""
MODULES = ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules")


@contextlib.contextmanager
def inside(lab: Any, node: str, *argv: object, ready: str = "") -> Iterator[subprocess.Popen[str]]:
    """A program in a node for as long as the block lasts; it must say `ready`, if that is given."""
    namespace = lab.status()["nodes"][node]["namespace"]
    words = ["ip", "netns", "exec", namespace, *map(str, argv)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if ready:
                assert process.stdout is not None
                said = process.stdout.readline()
                assert said.startswith(ready), f"{argv[0]}: {said}{process.stdout.read()}"
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=30)


@pytest.fixture(scope="module")
def operator(site_lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Registrar, trunk and a number that sends the voice back; the folder has their words."""
    folder = tmp_path_factory.mktemp("operator")
    with inside(site_lab, "internet", sys.executable, OPERATOR, folder, ready="ready"):
        yield folder


class Telephone:
    """baresip in the LAN, in a call with the number that sends the voice back."""

    def __init__(self, folder: Path) -> None:
        self._counts = folder / "ear.json"

    def counts(self) -> dict[str, int]:
        """How often it registered, and packets of voice so far."""
        counts: dict[str, int] = json.loads(self._counts.read_text(encoding="utf-8"))
        return counts

    def gaps(self) -> dict[str, float]:
        """The longest silences of a telephone that has been switched off, in ms."""
        told = json.loads(self._counts.read_text(encoding="utf-8"))
        return {
            name: round(max(b - a for a, b in zip(told[name], told[name][1:], strict=False)))
            for name in ("spoken_ms", "heard_ms")
        }


@contextlib.contextmanager
def telephone(lab: Any, folder: Path) -> Iterator[Telephone]:
    """Register, call, talk; hang up with the block."""
    with wave.open(str(folder / "tone.wav"), "wb") as tone:
        tone.setparams((1, 2, 8000, 0, "NONE", ""))
        tone.writeframes(bytes(range(256)) * 125 * 600)
    modules = next((path for path in MODULES if Path(path).is_dir()), MODULES[0])
    (folder / "config").write_text(BARESIP.format(folder=folder, modules=modules))
    # It registers each ten seconds or so: regint is when at the latest.
    account = f"<sip:100@{SIP_HOST}>;auth_user=100;auth_pass={PASSWORD};regint=12\n"
    (folder / "accounts").write_text(account)
    (folder / "contacts").write_text("")
    one = Telephone(folder)
    ear = inside(lab, "lan", sys.executable, HERE / "ear.py", "eth0", folder / "ear.json")
    call = ("baresip", "-f", folder, "-e", f"/dial sip:echo@{SIP_HOST}")
    with ear:
        lab.wait("the wire is listened to", (folder / "ear.json").exists)
        with inside(lab, "lan", "sh", "-c", 'exec "$@" >"$0" 2>&1', folder / "said", *call):
            lab.wait("the telephone is registered", lambda: one.counts()["registered"] > 0)
            lab.wait("voice is heard", lambda: one.counts()["heard"] > 100)
            yield one
