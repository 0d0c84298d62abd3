# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate of its own for the double, made by openssl."""

from __future__ import annotations

import ipaddress
import subprocess
from pathlib import Path


def make(folder: Path, host: str) -> tuple[Path, Path]:
    """Write a key and a certificate for a host and the loopback names; return their paths."""
    names = ["DNS:localhost", "DNS:pbx.example", "IP:127.0.0.1", "IP:::1"]
    try:
        names.append(f"IP:{ipaddress.ip_address(host)}")
    except ValueError:
        names.append(f"DNS:{host}")
    key, certificate = folder / "pbx.key", folder / "pbx.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=pbx.example",
         "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-addext", f"subjectAltName={','.join(dict.fromkeys(names))}",
         "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )  # fmt: skip
    key.chmod(0o600)
    return key, certificate
