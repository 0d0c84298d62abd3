# SPDX-License-Identifier: GPL-3.0-or-later
"""Zabbix, Nagios and SNMP are told the truth before, during and after a failover."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from typing import Any

import pytest

from tests.unit.supervision.running import (
    COMMUNITY,
    Site,
    exec_start,
    free_low_port,
    free_port,
    until,
)

EXTEND = ".1.3.6.1.4.1.8072.1.3.2.3.1"
LINE, STATUS = f"{EXTEND}.1", f"{EXTEND}.4"


def value(answer: str, name: str, **labels: str) -> float:
    """Return one metric of a `relais.metrics/1` document."""
    metrics: list[dict[str, Any]] = json.loads(answer)["metrics"]
    [found] = [one for one in metrics if one["name"] == name and one["labels"] == labels]
    return float(found["value"])


def test_zabbix_is_told_the_truth(site: Site) -> None:
    port = free_low_port()
    ours = site.write(
        "zabbix.d/relais.conf", site.rendered("zabbix.conf.j2", supervision_zabbix_port=port)
    )
    # What the distribution's configuration says before it includes ours.
    theirs = (
        "LogType=console\nServer=192.0.2.50\nServerActive=127.0.0.1\nHostname=Zabbix server\n"
        f"ControlSocket={site.folder}/zabbix.sock\nInclude={ours.parent}/*.conf\n"
    )
    config = site.write("zabbix.conf", theirs)
    site.start("zabbix_agent2", "--foreground", "--config", str(config))

    def get(key: str) -> tuple[int, str]:
        return site.run("zabbix_get", "-s", "127.0.0.1", "-p", str(port), "-k", key)

    until(lambda: get("agent.ping"), lambda answer: answer == (0, "1"))
    assert get("agent.hostname") == (0, "gw")
    before = get("relais.metrics")[1]
    assert value(before, "relais_wan_up", wan="fibre") == 1
    assert value(before, "relais_service_on_backup", service="voice") == 0
    site.gateway.cut("fibre")
    during = get("relais.metrics")[1]
    assert value(during, "relais_wan_up", wan="fibre") == 0
    assert value(during, "relais_service_wan", service="voice", wan="lte") == 1
    assert value(during, "relais_service_on_backup", service="voice") == 1
    assert get("relais.check")[1].startswith("RELAIS CRITICAL - fibre down")
    site.gateway.mend()
    assert value(get("relais.metrics")[1], "relais_service_on_backup", service="voice") == 0
    site.gateway.write(age_s=60)
    silent = get("relais.metrics")[1]
    assert value(silent, "relais_up") == 0
    assert "relais_wan_up" not in silent


def test_nagios_is_told_the_truth(site: Site) -> None:
    port = free_port()
    ours = site.write("nrpe.d/relais.cfg", site.rendered("nrpe.cfg.j2", supervision_nrpe_port=port))
    theirs = (
        f"log_file={site.folder}/nrpe.log\npid_file={site.folder}/nrpe.pid\nserver_port=5666\n"
        "nrpe_user=nagios\nnrpe_group=nagios\nallowed_hosts=192.0.2.50\ndont_blame_nrpe=0\n"
        f"include_dir={ours.parent}/\n"
    )
    site.start("nrpe", "-c", str(site.write("nrpe.cfg", theirs)), "-f")
    plugin = ("/usr/lib/nagios/plugins/check_nrpe", "-H", "127.0.0.1", "-p", str(port), "-t", "30")

    def ask(command: str) -> tuple[int, str]:
        return site.run(*plugin, "-c", command)

    until(lambda: site.run(*plugin), lambda answer: answer[0] == 0)
    status, text = ask("check_relais")
    assert status == 0
    assert text.startswith("RELAIS OK - voice on fibre")
    assert "'fibre rtt'=0.008s" in text
    site.gateway.cut("fibre")
    assert ask("check_relais")[0] == 2
    assert ask("check_relais_wan_fibre")[0] == 2
    assert ask("check_relais_wan_lte")[0] == 0
    status, text = ask("check_relais_service_voice")
    assert status == 1
    assert text.startswith("RELAIS WARNING - voice on lte since ")
    site.gateway.mend()
    assert ask("check_relais")[0] == 0
    site.gateway.write(age_s=60)
    assert ask("check_relais")[0] == 2
    assert ask("check_relais_wan_fibre")[0] == 3


def oid(column: str, name: str) -> str:
    """Return the identifier of a column of nsExtendOutput1Table for a name (RFC 2578, 7.7)."""
    return ".".join([column, str(len(name)), *(str(ord(letter)) for letter in name)])


def test_snmp_is_told_the_truth(site: Site) -> None:
    port = free_port(socket.SOCK_DGRAM)
    config = site.write("snmpd.conf", site.rendered("snmpd.conf.j2", supervision_snmp_port=port))
    words = exec_start(site.drop_in("snmp"))
    words = [str(config) if word == "/etc/snmp/relais.conf" else word for word in words]
    for option in ("-u", "-g"):  # it is nobody already
        place = words.index(option)
        del words[place : place + 2]
    quiet = {"MIBS": "", "SNMP_PERSISTENT_DIR": str(site.folder / "snmp")}
    site.start(*words, **quiet)

    def get(identifier: str, community: str = COMMUNITY) -> str:
        command = ["snmpget", "-v2c", "-c", community, "-r0", "-t5", "-Oqv"]
        done = subprocess.run(
            [*command, f"127.0.0.1:{port}", identifier],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **quiet},
        )
        return done.stdout.strip()

    until(lambda: get(oid(STATUS, "relais")), lambda answer: answer == "0")
    assert get(oid(LINE, "relais")).startswith('"RELAIS OK - voice on fibre')
    assert get(oid(LINE, "relais"), "public") == ""
    site.gateway.cut("fibre")
    # The agent keeps an answer for some seconds.
    until(lambda: get(oid(STATUS, "relais_wan_fibre")), lambda answer: answer == "2")
    until(lambda: get(oid(STATUS, "relais_service_voice")), lambda answer: answer == "1")
    assert get(oid(LINE, "relais_service_voice")).startswith(
        '"RELAIS WARNING - voice on lte since '
    )
    site.gateway.mend()
    until(lambda: get(oid(STATUS, "relais_wan_fibre")), lambda answer: answer == "0")
    until(lambda: get(oid(STATUS, "relais_service_voice")), lambda answer: answer == "0")


@pytest.mark.parametrize("name", ["nrpe.cfg.j2", "snmpd.conf.j2"])
def test_every_wan_and_every_service_can_be_asked_for(site: Site, name: str) -> None:
    text = site.rendered(name)
    for asked in ("wan fibre", "wan lte", "service voice", "service web", "service default"):
        assert f" {asked}\n" in text
