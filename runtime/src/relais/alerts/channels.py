# SPDX-License-Identifier: GPL-3.0-or-later
"""How a message leaves: apprise over whatever line works, or the modem's own command for an SMS.

Each runs in a process of its own with an end, and gets addresses on its standard input or, for a
phone number, as an argument. What it says may hold a password and is thrown away.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from importlib import resources

from relais.alerts.apprise_program import MISSING, SENT, UNKNOWN
from relais.alerts.settings import NUMBER, Channel, Settings, Target
from relais.alerts.texts import Text

Done = subprocess.CompletedProcess[str]
Run = Callable[[Sequence[str], str], Done]
PYTHON = "/usr/bin/python3"
"""The distribution's: its package `apprise` is in no other."""
WITHIN_S = 30.0
_CREATED = re.compile(r"/org/freedesktop/ModemManager1/SMS/\d+")
_UNTOLD = {
    MISSING: "the package apprise is not installed",
    UNKNOWN: "apprise does not know this kind of address, or a part of it is missing",
}


def run(argv: Sequence[str], stdin: str, *, user: str | None = None) -> Done:
    """Run a program and wait for its end, as somebody else where root says so. Raises OSError and
    subprocess.TimeoutExpired."""
    groups: list[str] | None = None if user is None else []
    return subprocess.run(  # noqa: S603 - a program of ours or of the inventory
        list(argv),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
        user=user,
        group=user,
        extra_groups=groups,
    )


def send(target: Target, text: Text, settings: Settings, run: Run = run) -> str | None:
    """Send a message and wait for its end; None when it was taken, else why it was not."""
    try:
        match target.channel:
            case Channel.APPRISE:
                return _by_apprise(target.address, text, run)
            case Channel.SMS if settings.sms_command is None:
                return _by_modem(target.address, text.body, run)
            case Channel.SMS:
                return _by_command(settings.sms_command or (), target.address, text.body, run)
    except subprocess.TimeoutExpired:
        return f"no answer within {WITHIN_S:.0f} s"
    except OSError as error:
        return f"cannot be run: {error.strerror}"


def _by_apprise(url: str, text: Text, run: Run) -> str | None:
    program = resources.files("relais.alerts").joinpath("apprise_program.py").read_text("utf-8")
    asked = {"url": url, "title": text.title, "body": text.body, "type": "warning"}
    status = run([PYTHON, "-I", "-c", program], json.dumps(asked)).returncode
    if status == SENT:
        return None
    return _UNTOLD.get(status, "it was not reached or did not take the message")


def _by_command(command: Sequence[str], number: str, text: str, run: Run) -> str | None:
    done = run([word.replace(NUMBER, number) for word in command], text)
    return None if done.returncode == 0 else f"{command[0]} ended with status {done.returncode}"


def _by_modem(number: str, text: str, run: Run) -> str | None:
    """By ModemManager: mmcli(1) makes an SMS first, then sends it. It takes no quoted quotes."""
    plain = re.sub(r'["\\]', " ", text)
    made = run(["mmcli", "-m", "any", f'--messaging-create-sms=text="{plain}",number={number}'], "")
    found = _CREATED.search(made.stdout)
    if made.returncode != 0 or found is None:
        return f"mmcli could not make the SMS (status {made.returncode})"
    done = run(["mmcli", "-s", found[0], "--send"], "")
    run(["mmcli", "-m", "any", f"--messaging-delete-sms={found[0]}"], "")
    return None if done.returncode == 0 else f"mmcli could not send it (status {done.returncode})"
