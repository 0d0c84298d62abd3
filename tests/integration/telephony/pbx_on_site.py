# SPDX-License-Identifier: GPL-3.0-or-later
"""The double of the PBX's API on an address of the LAN, and what it was asked, in a folder.

pbx_on_site.py ADDRESS PORT SECRET FOLDER: writes `pbx.crt` there, then `asked.json` with each
request (method and path) and `pbx.json` with what a refresh may change, ten times a second.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.pbx import Pbx

STALE_ADDRESS = "203.0.113.9"


def main(address: str, port: str, secret: str, folder: str) -> int:
    """Serve until told to stop. Its public address is one that no line has."""
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(0))
    place = Path(folder)
    pbx = Pbx(listen=address, port=int(port), client_secret=secret)
    pbx.state["NetworkSettings"] |= {"PublicStaticIP": STALE_ADDRESS, "StunDisabled": True}
    with pbx:
        assert pbx.ca_path is not None
        (place / "pbx.crt").write_bytes(pbx.ca_path.read_bytes())
        print("ready", flush=True)
        while True:
            asked = [f"{one.method} {one.path.partition('?')[0]}" for one in pbx.requests]
            network = {"PublicStaticIP": pbx.state["NetworkSettings"]["PublicStaticIP"]}
            for name, content in (("asked.json", asked), ("pbx.json", network)):
                fresh = place / f".{name}"
                fresh.write_text(json.dumps(content), encoding="utf-8")
                fresh.replace(place / name)
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
