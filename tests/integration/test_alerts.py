# SPDX-License-Identifier: GPL-3.0-or-later
"""People are told of a fault: by a real mail server in the Internet, over the line that is left."""

from __future__ import annotations

import email
import email.policy
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
MAILBOX = CHECKOUT / "tests" / "lab" / "mailbox.py"
HOST, PORT = "198.51.100.10", "2525"
SMS = "/var/lib/relais-alerts/sms-{number}"
ALERTS = {
    "targets": [f"mailto://{HOST}:{PORT}/?from=gw@site.example&to=ops@msp.example"],
    "sms": ["+33199000005"],
    "sms_command": ["/usr/bin/tee", "--append", SMS],
}
TAKE_AWAY = """
systemctl disable --now relais-alerts
rm -rf /etc/systemd/system/relais-alerts.service /etc/relais/alerts.json /var/lib/relais-alerts
systemctl daemon-reload
"""


@pytest.fixture(scope="module")
def mails(gateway: Any, tmp_path_factory: Any) -> Iterator[Path]:
    """The folder of a mail server in the lab's Internet; the gateway's alerts go there."""
    folder: Path = tmp_path_factory.mktemp("mails")
    namespace = gateway.lab.status()["nodes"]["internet"]["namespace"]
    argv = ["ip", "netns", "exec", namespace, "python3", "-I", MAILBOX, HOST, PORT, folder]
    gateway.lab.at_rest()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        try:
            assert gateway.site(relais_alerts=ALERTS) > 0
            yield folder
        finally:
            server.kill()
            gateway.lab.at_rest()
            gateway.run("sh", "-ec", TAKE_AWAY)


def received(folder: Path) -> list[EmailMessage]:
    """The mails in the order in which they came."""
    read = [
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for file in sorted(folder.glob("*.eml"))
    ]
    return [mail for mail in read if isinstance(mail, EmailMessage)]


def subjects(folder: Path) -> list[str]:
    return [str(mail["Subject"]) for mail in received(folder)]


def told(folder: Path, after: int, words: str) -> str:
    """Texts of the mails behind a number with these words in the subject; earlier tests have left
    incidents that have something to tell too."""
    bodies = [
        mail.get_body(("plain", "html"))
        for mail in received(folder)[after:]
        if words in str(mail["Subject"])
    ]
    return "".join(str(body.get_content()) for body in bodies if body is not None)


def listed(gateway: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gateway.lab.relais("alerts", "list")["alerts"]
    return found


def of_site(gateway: Any, known: set[str]) -> list[dict[str, Any]]:
    """Alerts of the whole site's incidents that have begun since."""
    alerts = [one for one in listed(gateway) if one["incident"] not in known]
    return [one for one in alerts if one["incident"].endswith("-site")]


def arrives(gateway: Any, condition: Callable[[], bool]) -> None:
    """Wait for a mail; what the service knows is shown when it does not come."""
    try:
        gateway.lab.wait("a mail arrives", condition, within_s=150)
    except AssertionError as late:
        known = json.dumps(listed(gateway), indent=1)
        said = gateway.run("journalctl", "--no-pager", "-n", "30", "-u", "relais-alerts")
        raise AssertionError(f"{late}\n{known}\n{said}") from None


def test_a_second_run_changes_nothing(gateway: Any, mails: Path) -> None:
    assert gateway.site(relais_alerts=ALERTS) == 0


def test_the_test_mail_arrives_and_the_service_is_locked_in(gateway: Any, mails: Path) -> None:
    answer = gateway.lab.relais("alerts", "test")
    assert [target["error"] for target in answer["targets"]] == [None, None]
    assert subjects(mails)[-1] == "Cabinet Exemple : essai des alertes"
    assert gateway.run("systemctl", "is-active", "relais-alerts") == "active\n"
    analyze = ("systemd-analyze", "security", "--no-pager", "relais-alerts.service")
    verdict = gateway.run(*analyze)
    exposed = verdict.split("Overall exposure level for ")[1].split(": ")[1].split()[0]
    assert float(exposed) <= 2.0, verdict


def test_a_fault_is_told_by_mail_over_the_line_that_is_left_and_so_is_its_end(
    gateway: Any, mails: Path
) -> None:
    gateway.lab.at_rest()
    known = {alert["incident"] for alert in listed(gateway)}
    before = len(subjects(mails))
    gateway.lab.do("fault", "isp-fibre", "silent")
    # A line that another test had cut within ten minutes is told of again after one minute only.
    arrives(gateway, lambda: told(mails, before, "Lien fibre") != "")
    (ours,) = {
        one["incident"] for one in listed(gateway) if one["incident"].endswith("-fibre")
    } - known
    assert ours in told(mails, before, "Lien fibre")
    gateway.lab.do("fault", "isp-fibre", "clear")
    back = "Retour à la normale"
    gateway.lab.wait("its end is told", lambda: ours in told(mails, before, back), within_s=120)
    (fingerprint,) = re.findall(r"Empreinte du journal : (\S+)", told(mails, before, back))
    assert gateway.lab.relais("verify", "--fingerprint", fingerprint)["ok"] is True


def test_while_every_line_is_cut_an_sms_leaves_and_the_mail_follows(
    gateway: Any, mails: Path
) -> None:
    gateway.lab.at_rest()
    known = {alert["incident"] for alert in listed(gateway)}
    before = len(subjects(mails))
    gateway.lab.do("fault", "all", "silent")
    sms = SMS.replace("{number}", "+33199000005")
    gateway.lab.wait(
        "an SMS leaves",
        lambda: "plus aucun accès Internet" in gateway.lab.exec("gw", "cat", sms).stdout,
    )
    dark = of_site(gateway, known)
    waiting = [one["target"].partition("#")[0] for one in dark if one["state"] == "waiting"]
    assert waiting == [f"mailto://{HOST}"]
    nothing = "Plus aucun accès Internet"
    assert told(mails, before, nothing) == ""
    gateway.lab.do("fault", "all", "clear")
    gateway.lab.wait("the mail follows", lambda: told(mails, before, nothing) != "", within_s=120)
    gateway.lab.wait(
        "all has left", lambda: {one["state"] for one in of_site(gateway, known)} == {"sent"}
    )
    kinds = [one["kind"] for one in of_site(gateway, known)]
    assert sorted(kinds) == ["began", "began", "recovery", "recovery"]
