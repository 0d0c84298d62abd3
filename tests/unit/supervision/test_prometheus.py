# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus scrapes a real node exporter, and everything that is asked of it is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from relais.core.supervision.families import FAMILIES
from supervised import INCIDENT

from tests.unit.supervision.running import ROLE, Site, exec_start, free_port, until

RULES = ROLE / "files" / "prometheus" / "relais.rules.yml"
DASHBOARD = ROLE / "files" / "grafana" / "relais.json"
NAMES = {family.name for family in FAMILIES}
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
scrape_configs:
  - job_name: gateways
    static_configs: [{{targets: ["127.0.0.1:{port}"], labels: {{instance: gw}}}}]
"""


class Prometheus:
    """A server, and the gateway that it scrapes."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._scrape = exec_start(site.rendered("relais-metrics.service.j2"))
        exporter, port = free_port(), free_port()
        unit = site.drop_in("node_exporter", supervision_node_exporter_port=exporter)
        given = ["--collector.disable-defaults", "--collector.textfile"]
        given.append(f"--collector.textfile.directory={site.folder}/textfiles")
        words = exec_start(unit)
        place = words.index("$ARGS")
        site.start(*words[:place], *given, *words[place + 1 :])
        shutil.copy(RULES, site.folder / RULES.name)
        config = CONFIG.format(rules=site.folder / RULES.name, port=exporter)
        path = site.write("prometheus.yml", config)
        site.start(
            "prometheus",
            f"--config.file={path}",
            f"--storage.tsdb.path={site.folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def collect(self) -> None:
        """Do what the timer does."""
        assert self.site.run(*self._scrape) == (0, "")

    def get(self, what: str, **words: str) -> Any:
        """Return the data of an answer; nothing while the server is not there yet."""
        url = f"{self._url}/{what}?{urllib.parse.urlencode(words)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own
                return json.load(answer)["data"]
        except OSError as error:
            assert getattr(error, "code", 503) == 503, f"{words}: {error.read()}"  # type: ignore[attr-defined]
            return {}

    def query(self, expr: str) -> list[Any]:
        """Return the samples of an expression now."""
        found: list[Any] = self.get("query", query=expr).get("result", [])
        return found

    def alerts(self) -> dict[str, Any]:
        """Return pending and firing alerts by name."""
        alerts = self.get("alerts").get("alerts", [])
        return {alert["labels"]["alertname"]: alert for alert in alerts}


@pytest.fixture
def prometheus(site: Site) -> Iterator[Prometheus]:
    yield Prometheus(site)


def queries() -> list[tuple[str, str]]:
    """Return title and expression of everything that the dashboard asks."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [(panel["title"], one["expr"]) for panel in panels for one in panel["targets"]]


def test_what_the_rules_and_the_dashboard_ask_for_is_there(prometheus: Prometheus) -> None:
    gateway = prometheus.site.gateway
    prometheus.collect()
    until(lambda: prometheus.query('relais_wan_up{wan="fibre"} == 1'))
    assert prometheus.query("node_textfile_scrape_error == 0")
    assert prometheus.alerts() == {}
    gateway.cut("fibre")
    gateway.incident()
    prometheus.collect()
    alerts = until(
        prometheus.alerts, lambda found: {"RelaisWanDown", "RelaisIncident"} <= set(found)
    )
    assert alerts["RelaisWanDown"]["labels"]["wan"] == "fibre"
    assert alerts["RelaisWanDown"]["state"] == "pending"
    assert alerts["RelaisIncident"]["labels"]["id"] == INCIDENT
    assert alerts["RelaisIncident"]["state"] == "firing"
    for title, expr in queries():
        asked = expr.replace("$instance", "gw").replace("$__rate_interval", "1m")
        assert until(lambda asked=asked: prometheus.query(asked)), title  # type: ignore[misc]
    gateway.mend()
    gateway.more = {}
    gateway.write()
    prometheus.collect()
    until(prometheus.alerts, lambda found: found == {})
    gateway.write(age_s=60)
    prometheus.collect()
    until(prometheus.alerts, lambda found: set(found) == {"RelaisSilent"})
    assert until(lambda: prometheus.query("relais_wan_up"), lambda found: found == []) == []


def test_each_rule_fires_when_it_should_and_none_at_rest() -> None:
    for words in (["check", "rules", RULES], ["test", "rules", "relais.rules.test.yml"]):
        done = subprocess.run(
            ["promtool", *words],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [RULES, DASHBOARD], ids=lambda path: path.name)
def test_only_metrics_that_exist_are_asked_for(path: Path) -> None:
    asked = set(re.findall(r"\brelais_[a-z_]+", path.read_text(encoding="utf-8")))
    assert asked
    assert asked <= NAMES


def test_every_rule_is_tried() -> None:
    tried = Path(__file__).with_name("relais.rules.test.yml").read_text(encoding="utf-8")
    rules = re.findall(r"- alert: (\w+)", RULES.read_text(encoding="utf-8"))
    assert [rule for rule in rules if rule not in tried] == []
