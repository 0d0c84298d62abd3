# SPDX-License-Identifier: GPL-3.0-or-later
"""`relais metrics` as it is called, on states of the real core."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from relais.cli import main
from relais.core.supervision.families import FAMILIES
from supervised import INCIDENT, Gateway

LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


def metrics(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """What the command prints, by name and labels as they are written."""
    assert main(["metrics", *gateway.options]) == 0
    found = LINE.findall(capsys.readouterr().out)
    told = {f"{name}{{{labels}}}" if labels else name: float(v) for name, labels, v in found}
    assert len(told) == len(found)
    return told


def test_a_site_at_rest_is_told_in_base_units(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    told, state = metrics(gateway, capsys), gateway.state()
    fibre, lte = state["wans"]["fibre"], state["wans"]["lte"]
    assert told["relais_up"] == 1
    assert told['relais_wan_up{wan="fibre"}'] == 1
    assert told['relais_wan_state{wan="fibre",state="up"}'] == 1
    assert told['relais_wan_state{wan="fibre",state="down"}'] == 0
    assert told['relais_wan_loss_ratio{wan="fibre"}'] == 0
    assert told['relais_wan_rtt_seconds{wan="fibre"}'] == pytest.approx(fibre["rtt_ms"] / 1000)
    assert told['relais_wan_jitter_seconds{wan="lte"}'] == pytest.approx(lte["jitter_ms"] / 1000)
    assert told['relais_wan_mos{wan="fibre",codec="g711"}'] == fibre["mos"]
    assert told['relais_wan_receive_bytes_total{wan="fibre"}'] == fibre["rx_bytes"] > 0
    assert told['relais_wan_quota_bytes{wan="lte"}'] == 50e9
    assert told['relais_wan_quota_used_bytes{wan="lte"}'] == pytest.approx(4.213e9)
    assert told['relais_wan_probe_budget_bytes{wan="lte"}'] == 45e6
    assert 'relais_wan_quota_bytes{wan="fibre"}' not in told
    assert told['relais_service_wan{service="voice",wan="fibre"}'] == 1
    assert told['relais_service_wan{service="voice",wan="lte"}'] == 0
    assert told['relais_service_on_backup{service="web"}'] == 0
    assert told["relais_incidents_open"] == 0


def test_a_failover_and_the_way_back_are_told(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.cut("fibre")
    during = metrics(gateway, capsys)
    assert during['relais_wan_up{wan="fibre"}'] == 0
    assert during['relais_wan_state{wan="fibre",state="down"}'] == 1
    assert during['relais_service_wan{service="voice",wan="lte"}'] == 1
    assert during['relais_service_on_backup{service="voice"}'] == 1
    assert during['relais_service_on_backup{service="web"}'] == 1
    assert during['relais_service_up{service="voice"}'] == 1
    gateway.mend()
    after = metrics(gateway, capsys)
    assert after['relais_wan_up{wan="fibre"}'] == 1
    assert after['relais_service_on_backup{service="voice"}'] == 0


def test_a_service_without_any_living_link_is_not_up(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.cut("fibre", "lte")
    assert metrics(gateway, capsys)['relais_service_up{service="voice"}'] == 0


def test_a_silent_daemon_is_told_and_nothing_else_is_pretended(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.write(age_s=60)
    assert set(metrics(gateway, capsys)) == {"relais_up", "relais_state_timestamp_seconds"}
    gateway.write(age_s=-60)
    assert metrics(gateway, capsys)["relais_up"] == 0
    gateway.file.write_text("{", encoding="utf-8")
    assert metrics(gateway, capsys) == {"relais_up": 0}
    gateway.file.unlink()
    assert metrics(gateway, capsys) == {"relais_up": 0}


def test_an_open_incident_carries_its_identifier_and_its_class(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.incident()
    name = f'relais_incident_open{{id="{INCIDENT}",class="access",wan="fibre"}}'
    assert metrics(gateway, capsys)[name] == 1
    gateway.journal.unlink()
    told = metrics(gateway, capsys)
    assert told[name.replace("access", "unknown")] == 1
    assert told["relais_incidents_open"] == 1


def test_what_does_not_work_in_the_daemon_is_told(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = {"part": 'a "disk"\\', "since": "2026-11-28T20:05:00Z", "why": "full"}
    gateway.more = {"degraded": [fault]}
    gateway.write()
    told = metrics(gateway, capsys)
    assert told["relais_daemon_degraded"] == 1
    name = 'relais_daemon_degraded_since_timestamp_seconds{part="a \\"disk\\"\\\\"}'
    assert told[name] == 1795896300


def test_the_file_is_replaced_in_one_step_and_may_be_read_by_others(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "relais.prom"
    output.write_text("old", encoding="ascii")
    with output.open(encoding="ascii") as held:
        assert main(["metrics", *gateway.options, "--output", str(output)]) == 0
        assert held.read() == "old"
    assert output.read_text(encoding="utf-8").startswith("# HELP relais_up ")
    assert output.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in tmp_path.glob("*relais.prom*")) == ["relais.prom"]
    assert main(["metrics", *gateway.options, "--output", str(tmp_path / "no" / "way")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_the_document_holds_the_same_samples(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    text = metrics(gateway, capsys)
    assert main(["metrics", *gateway.options, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "relais.metrics/1"
    assert document["silent"] is None
    assert len(document["metrics"]) == len(text)


def test_prometheus_finds_nothing_to_say_against_names_and_units(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.incident()
    gateway.more |= {"degraded": [{"part": "journal", "since": "2026-11-28T20:05:00Z", "why": ""}]}
    gateway.write()
    assert main(["metrics", *gateway.options]) == 0
    text = capsys.readouterr().out
    assert {family.name for family in FAMILIES} == set(re.findall(r"^# HELP (\S+)", text, re.M))
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
