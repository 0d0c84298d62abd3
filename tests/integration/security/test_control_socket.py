# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may ask the daemon, and who may command it: real users on a real gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

# A member of the group that writes its own request, with a name that is not its own.
FORGED = """
import json, socket
channel = socket.socket(socket.AF_UNIX)
channel.connect("/run/relais/control.sock")
order = {"version": 1, "command": "link", "wan": "fibre", "mode": "drain", "uid": 0, "user": "root"}
channel.sendall(json.dumps(order).encode() + b"\\n")
print(channel.makefile().readline())
"""
# Connects as `reader` until no more are taken, keeps them all, and asks once more as root.
CROWD = """
import grp, json, os, pwd, socket

def ask():
    channel = socket.socket(socket.AF_UNIX)
    channel.connect("/run/relais/control.sock")
    try:
        channel.sendall(b'{"version": 1, "command": "events", "after": 9999999}\\n')
        return channel, channel.makefile().readline()
    except OSError:
        return channel, ""

os.setegid(grp.getgrnam("relais").gr_gid)
os.seteuid(pwd.getpwnam("reader").pw_uid)
kept = [ask()]
while kept[-1][1] and len(kept) < 200:
    kept.append(ask())
os.seteuid(0)
print(json.dumps([len(kept) - 1, json.loads(ask()[1])["ok"]]))
"""


@pytest.fixture(scope="module")
def users(field: Any) -> Iterator[Any]:
    """`reader` is a member of the group, `stranger` is not."""
    field.gateway.run("useradd", "--no-create-home", "--groups", "relais", "reader")
    field.gateway.run("useradd", "--no-create-home", "stranger")
    yield field.gateway
    for name in ("reader", "stranger"):
        field.gateway.run("userdel", name)


def asked(gateway: Any, user: str, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit status and answer of the command line as a user."""
    result = gateway.lab.exec("gw", "runuser", "-u", user, "--", "relais", *words, "--json")
    return result.returncode, json.loads(result.stdout)


def mode_of_fibre(gateway: Any) -> str:
    status = json.loads(gateway.run("relais", "status", "--json"))
    mode: str = status["wans"]["fibre"]["admin"]
    return mode


def test_the_socket_is_for_root_and_the_group(users: Any) -> None:
    shown = users.run("stat", "--format=%a %U %G", "/run/relais/control.sock")
    assert shown == "660 relais relais\n"


@pytest.mark.parametrize("question", [("status",), ("why",), ("events",)])
def test_a_member_of_the_group_may_ask(users: Any, question: tuple[str, ...]) -> None:
    code, answer = asked(users, "reader", *question)
    assert code == 0
    assert "error" not in answer


def test_a_member_of_the_group_may_not_command(users: Any) -> None:
    code, answer = asked(users, "reader", "link", "fibre", "drain")
    assert code == 1
    assert answer["error"]["code"] == "not_allowed"
    assert "for root" in answer["error"]["message"]
    assert mode_of_fibre(users) == "auto"


def test_a_request_cannot_say_who_sends_it(users: Any) -> None:
    told = users.run("runuser", "-u", "reader", "--", "python3", "-c", FORGED)
    assert json.loads(told)["error"]["code"] == "not_allowed"
    assert mode_of_fibre(users) == "auto"


def test_a_stranger_is_not_heard_and_reads_the_state_file(users: Any) -> None:
    for words in (("status",), ("link", "fibre", "drain")):
        code, answer = asked(users, "stranger", *words)
        assert (code, answer["error"]["code"]) == (1, "not_allowed")
    state = users.run("runuser", "-u", "stranger", "--", "cat", "/run/relais/state.json")
    assert json.loads(state)["wans"]["fibre"]["admin"] == "auto"


def test_root_commands(users: Any) -> None:
    assert json.loads(users.run("relais", "link", "lte", "auto", "--json"))["after"] == "auto"


def test_a_crowd_of_readers_does_not_keep_root_out(users: Any) -> None:
    assert json.loads(users.run("python3", "-", stdin=CROWD)) == [16, True]
