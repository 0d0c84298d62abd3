# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais check` as Nagios calls it, on states of the real core."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from relais.cli import main
from relais.core.model import Admin
from supervised import INCIDENT, Gateway

OK, WARNING, CRITICAL, UNKNOWN = range(4)
FIGURE = re.compile(r"'[^'=]+'=-?[\d.e-]+(s|%|B|c)?(;[\d.]*){4}$|'[^'=]+'=[\d.e-]+s;;;0$")


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


class Plugin:
    """Runs the command and holds it to the conventions of plugins."""

    def __init__(self, gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
        self._gateway, self._capsys = gateway, capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        status = main(["check", *words, *self._gateway.options])
        shown = self._capsys.readouterr()
        assert shown.err == ""
        assert shown.out.count("\n") == 1
        assert shown.out.count("|") <= 1
        text, _bar, figures = shown.out.rstrip("\n").partition(" | ")
        name = ("OK", "WARNING", "CRITICAL", "UNKNOWN")[status]
        assert text.startswith(f"RELAIS {name} - ")
        assert all(FIGURE.match(one) for one in re.findall(r"'[^']*'=\S*", figures))
        return status, text.partition(" - ")[2] + (f" | {figures}" if figures else "")


@pytest.fixture
def check(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> Plugin:
    return Plugin(gateway, capsys)


def test_a_site_at_rest_is_ok(check: Plugin) -> None:
    status, text = check()
    assert status == OK
    assert text.startswith("voice on fibre, web on fibre+lte, default on fibre, fibre up, lte up |")
    assert "'fibre rtt'=0.008s;;;0" in text
    assert "'fibre loss'=0%;;;0;100" in text


def test_a_failover_is_critical_for_the_link_and_a_warning_for_the_service(
    gateway: Gateway, check: Plugin
) -> None:
    gateway.cut("fibre")
    assert check("wan", "fibre")[0] == CRITICAL
    assert check("wan", "lte")[0] == OK
    status, text = check("service", "voice")
    assert status == WARNING
    assert text.startswith("voice on lte since ")
    status, text = check()
    assert status == CRITICAL
    assert text.startswith("fibre down")
    gateway.mend()
    assert check()[0] == OK


def test_a_service_without_a_living_link_is_critical(gateway: Gateway, check: Plugin) -> None:
    gateway.cut("fibre", "lte")
    status, text = check("service", "voice")
    assert status == CRITICAL
    assert "no WAN works" in text


def test_a_silent_daemon_is_critical_and_of_the_rest_nothing_is_known(
    gateway: Gateway, check: Plugin
) -> None:
    gateway.write(age_s=60)
    status, text = check()
    assert status == CRITICAL
    assert text.startswith("relaisd is silent")
    assert check("wan", "fibre")[0] == UNKNOWN
    assert check("service", "voice")[0] == UNKNOWN
    gateway.file.unlink()
    assert check()[0] == CRITICAL


def test_a_link_that_starts_is_unknown(gateway: Gateway, check: Plugin) -> None:
    gateway.more = {"wans": gateway.state()["wans"]}
    gateway.more["wans"]["lte"]["state"] = "unknown"
    gateway.write()
    assert check("wan", "lte")[0] == UNKNOWN


def test_what_an_engineer_should_look_at_is_a_warning(gateway: Gateway, check: Plugin) -> None:
    gateway.world.month("lte", 46)
    gateway.write()
    assert check("wan", "lte")[0] == WARNING
    gateway.world.admin("fibre", Admin.DRAIN)
    gateway.world.run(2)
    gateway.write()
    status, text = check("wan", "fibre")
    assert status == WARNING
    assert "asked to drain by hand" in text
    assert check("service", "voice")[0] == WARNING
    gateway.more = {"degraded": [{"part": "journal", "since": "x", "why": "disk full | now"}]}
    gateway.write()
    assert "relaisd: journal degraded: disk full / now" in check()[1]


def test_open_incidents_are_named(gateway: Gateway, check: Plugin) -> None:
    gateway.incident()
    assert INCIDENT in check()[1]


@pytest.mark.parametrize(
    "words", [("wan", "fiber"), ("service", "voise"), ("wan",), ("link", "fibre")]
)
def test_a_mistake_in_the_command_is_unknown_and_says_what_would_be_right(
    check: Plugin, words: tuple[str, ...]
) -> None:
    status, text = check(*words)
    assert status == UNKNOWN
    assert "known: " in text or "write wan NAME or service NAME" in text


def test_the_verdict_is_told_to_programs_too(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "wan", "fibre", "--json", *gateway.options]) == OK
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["text"]) == ("OK", "fibre up")
