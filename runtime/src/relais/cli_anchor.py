# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais anchor`: the responder that gateways ask, on a server in the Internet."""

from __future__ import annotations

import argparse
import importlib
import ipaddress
import os
import sys
from pathlib import Path

from relais.shell.anchor import KEY_FILE, KeyFileError

PORT = 8367
USAGE = 2


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of `relais`."""
    anchor = commands.add_parser("anchor", help="answer the gateways' questions, on a server")
    anchor.add_argument("--address", type=_address, help="listen on this address only (all)")
    anchor.add_argument("--port", type=_port, default=PORT, help=f"UDP port ({PORT})")
    anchor.add_argument(
        "--key-file", type=Path, default=credential(), help="the key that gateways sign with"
    )
    anchor.set_defaults(run=_anchor, json=False)


def credential() -> Path | None:
    """Where systemd has put the key (LoadCredential=); None when it has not."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return None if folder is None else Path(folder) / KEY_FILE


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no IP address") from None


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write 1 to 65535")
    return int(text)


def _anchor(arguments: argparse.Namespace) -> int:
    if arguments.key_file is None:
        print("relais: anchor: --key-file is needed", file=sys.stderr)
        return USAGE
    responder = importlib.import_module("relais.shell.responder")
    try:
        responder.run(arguments.address, arguments.port, arguments.key_file)
    except (KeyFileError, OSError) as error:
        print(f"relais: anchor: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        pass
    return 0
