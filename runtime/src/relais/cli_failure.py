# SPDX-License-Identifier: GPL-3.0-or-later
"""How every command says that it has failed: to programs and to people."""

from __future__ import annotations

import argparse
import json
import sys


def fail(arguments: argparse.Namespace, code: str, message: str, status: int) -> int:
    """Say what went wrong, as JSON on the standard output where that was asked for; `status`."""
    if getattr(arguments, "json", False):
        print(json.dumps({"error": {"code": code, "message": message}}))
    else:
        print(f"relais: {message}", file=sys.stderr)
    return status
