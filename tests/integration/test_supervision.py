# SPDX-License-Identifier: GPL-3.0-or-later
"""A monitoring server in the LAN is told the truth before, during and after a drill: by Prometheus
with the role's rules, by Zabbix and by NRPE."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
RULES = CHECKOUT / "roles" / "supervision" / "files" / "prometheus" / "relais.rules.yml"
GATEWAY, SERVER = "192.0.2.1", "192.0.2.10"
PORTS = ["tcp/22", "tcp/9100", "tcp/10050", "tcp/5666"]
AGENTS = {
    "supervision_agents": ["node_exporter", "zabbix", "nrpe"],
    "supervision_allowed_hosts": [SERVER],
    "supervision_interval_s": 5,
}
SCRAPES = f"""
global: {{scrape_interval: 2s, evaluation_interval: 2s}}
rule_files: [{RULES.name}]
scrape_configs:
  - job_name: gateways
    static_configs: [{{targets: ["{GATEWAY}:9100"], labels: {{instance: gw}}}}]
"""
API = "http://127.0.0.1:9090/api/v1"
DRILL_S = 60
"""Longer than the longest `for` of the rules that are to fire."""


@dataclass(frozen=True)
class Server:
    """The monitoring server, which stands in the place of the LAN's client."""

    lab: Any

    def ask(self, path: str) -> Any:
        """Data of an answer of Prometheus; nothing while it does not answer."""
        done = self.lab.exec("lan", "curl", "-sfg", "--max-time", "5", f"{API}/{path}")
        return json.loads(done.stdout)["data"] if done.returncode == 0 else {}

    def firing(self) -> dict[str, dict[str, str]]:
        """Labels of the alerts that fire, by name. An incident's is one of several."""
        alerts = self.ask("alerts").get("alerts", [])
        return {a["labels"]["alertname"]: a["labels"] for a in alerts if a["state"] == "firing"}

    def scraped(self) -> bool:
        """Whether Prometheus knows that fibre works."""
        return bool(self.ask("query?query=relais_wan_up{wan=%22fibre%22}==1").get("result"))

    def zabbix(self, name: str, **labels: str) -> float:
        """A metric, from what Zabbix takes all of them from."""
        get = ("zabbix_get", "-s", GATEWAY, "-p", "10050", "-k", "relais.metrics")
        metrics = json.loads(self.lab.exec("lan", *get).stdout)["metrics"]
        (found,) = [m for m in metrics if m["name"] == name and m["labels"] == labels]
        return float(found["value"])

    def nrpe(self, command: str) -> tuple[int, str]:
        """Exit status and first word of a Nagios check, with what it found."""
        plugin = ("/usr/lib/nagios/plugins/check_nrpe", "-H", GATEWAY, "-t", "30", "-c", command)
        done = self.lab.exec("lan", *plugin)
        return done.returncode, done.stdout.partition(" |")[0].strip()


@pytest.fixture(scope="module")
def server(gateway: Any, tmp_path_factory: Any) -> Iterator[Server]:
    """A monitoring server that scrapes the gateway, whose agents the role has set up."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    shutil.copy(RULES, folder)
    (folder / "prometheus.yml").write_text(SCRAPES)
    gateway.lab.at_rest()
    assert gateway.site(relais_management={"ports": PORTS}) > 0
    first = gateway.play("supervision", **AGENTS)
    assert first.returncode == 0, first.stdout
    within = ["ip", "netns", "exec", gateway.lab.status()["nodes"]["lan"]["namespace"]]
    given = ["--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    argv = [*within, "prometheus", *given, "--web.listen-address=127.0.0.1:9090"]
    log = (folder / "prometheus.log").open("wb")
    with log, subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log) as scraping:
        try:
            yield Server(gateway.lab)
        finally:
            scraping.terminate()
            last = gateway.play("supervision", supervision_agents=[])
            gateway.site()
            gateway.lab.at_rest()
    assert last.returncode == 0, last.stdout
    assert gateway.run("ss", "-Hltn", "( sport = :9100 or sport = :10050 or sport = :5666 )") == ""


def test_a_second_run_changes_nothing(gateway: Any, server: Server) -> None:
    again = gateway.play("supervision", **AGENTS)
    assert again.returncode == 0, again.stdout
    assert " changed=0 " in again.stdout


def test_a_drill_is_seen_by_every_agent(gateway: Any, server: Server) -> None:
    lab = gateway.lab
    lab.at_rest()
    lab.wait("fibre is scraped", server.scraped)
    lab.wait("nothing fires of what is over", lambda: server.firing() == {}, within_s=120)
    assert server.zabbix("relais_wan_up", wan="fibre") == 1
    assert server.zabbix("relais_service_wan", service="voice", wan="fibre") == 1
    status, text = server.nrpe("check_relais")
    assert (status, text.partition(" - ")[0]) == (0, "RELAIS OK")

    check = ("relais", "drill", "check", "--wan", "fibre", "--kind", "silent")
    lab.wait("a drill may run", lambda: lab.exec("gw", *check).returncode == 0, within_s=90)
    words = ["relais", "drill", "run", "--wan", "fibre", "--kind", "silent"]
    options = ["--seconds", str(DRILL_S), "--budget-ms", "8000", "--json"]
    argv = [CHECKOUT / "scripts" / "lab", "--name", lab.name, "exec", "gw", "--", *words, *options]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as drill:
        wanted = {"RelaisWanDown", "RelaisIncident"}
        lab.wait("the rules fire", lambda: wanted <= set(server.firing()), within_s=DRILL_S)
        firing = server.firing()
        assert server.zabbix("relais_wan_up", wan="fibre") == 0
        assert server.zabbix("relais_service_wan", service="voice", wan="lte") == 1
        assert server.zabbix("relais_service_up", service="voice") == 1
        status, text = server.nrpe("check_relais_wan_fibre")
        assert (status, "fibre down" in text) == (2, True), text
        assert server.nrpe("check_relais_wan_lte")[0] == 0
        status, text = server.nrpe("check_relais_service_voice")
        assert (status, text.startswith("RELAIS WARNING - voice on lte since ")) == (1, True), text
        assert drill.poll() is None, "all this was asked during the drill"
        found = json.loads(drill.communicate(timeout=120)[0])
    assert found["verdict"] == "pass", found["reasons"]
    assert firing["RelaisWanDown"]["wan"] == "fibre"
    kept = {one["id"]: one for one in lab.relais("incidents")["incidents"]}
    assert kept[firing["RelaisIncident"]["id"]]["class"] == "drill"

    lab.relais("link", "fibre", "auto")  # Its past is forgiven: nothing waits for a good minute.
    lab.wait("nothing fires any more", lambda: server.firing() == {}, within_s=180)
    assert server.zabbix("relais_wan_up", wan="fibre") == 1
    assert server.zabbix("relais_service_wan", service="voice", wan="fibre") == 1
    status, text = server.nrpe("check_relais")
    assert (status, text.partition(" - ")[0]) == (0, "RELAIS OK")
