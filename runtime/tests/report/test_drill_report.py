# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as a browser would read it: parsed, not searched for strings of markup."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from parsed import Page
from relais.cli import main
from relais.report.drill import read_evidence, render
from relais.report.drill_texts import drill_texts as texts
from relais.report.page import ReportError
from relais.report.story import story

EVIDENCE: dict[str, Any] = {
    "schema": "relais.drill/1",
    "id": "20261123T170257Z-silent-fibre",
    "version": "0.1.0",
    "site": "Cabinet Exemple",
    "gateway": "gw",
    "timezone": "Europe/Paris",
    "started_at": "2026-11-23T17:02:57.798Z",
    "fault": {"kind": "silent", "wan": "fibre", "seconds": 20, "lasted_ms": 20000},
    "services": {
        "voice": {"sent": 1000, "lost": 9, "outage_ms": 180, "existing_ms": 940, "before": "fibre",
                  "during": "lte", "after": "fibre", "budget_ms": 1000, "ok": True},
        "web": {"sent": 1000, "lost": 0, "outage_ms": 0, "existing_ms": None, "before": "lte",
                "during": "lte", "after": "lte", "budget_ms": 1000, "ok": True},
    },
    "sessions": {"tcp_open": 20, "tcp_told": 20, "tcp_reset_p99_ms": 70, "tcp_told_p99_ms": 700,
                 "tcp_stuck": 0},
    "failback": {"outage_ms": 0, "needless_resets": 0, "sessions": 20, "back_ms": 8290},
    "alerts": [],
    "timeline": [
        {"at_ms": 0, "what": "fault injected", "why": "silent on fibre", "kind": "drill"},
        {"at_ms": 150, "what": "fibre lost", "source": "daemon", "kind": "link"},
        {"at_ms": 151, "what": "voice: fibre to lte", "source": "daemon", "kind": "choice"},
        {"at_ms": 152, "what": "web: fibre to lte", "source": "daemon", "kind": "choice"},
        {"at_ms": 153, "what": "kernel steers voice lte", "source": "daemon", "kind": "switch"},
        {"at_ms": 180, "what": "new flows of voice work again", "kind": "drill"},
        {"at_ms": 20000, "what": "fault ended", "kind": "drill"},
        {"at_ms": 28290, "what": "every service is back", "kind": "drill"},
        {"at_ms": 28300, "what": "something new", "source": "daemon", "kind": "link"},
    ],
    "notes": [],
    "reasons": [],
    "verdict": "pass",
}  # fmt: skip


SIP: dict[str, Any] = {
    "registrar": "198.51.100.210:5060", "call": "*777", "register_ms": 12, "reregister_ms": 640,
    "usable_ms": 0, "audio_sent": 1000, "audio_heard": 970, "audio_gap_ms": 1580,
    "failback_audio_gap_ms": 40, "call_alive": True, "ok": True,
}  # fmt: skip


def failed() -> dict[str, Any]:
    drill = copy.deepcopy(EVIDENCE)
    drill["verdict"] = "fail"
    drill["services"]["voice"].update(outage_ms=1200, ok=False)
    drill["reasons"] = ["voice: 1200 ms without service, more than 1000 ms"]
    return drill


def dark() -> dict[str, Any]:
    drill = copy.deepcopy(EVIDENCE)
    drill["fault"].update(kind="total", wan="all")
    drill["sip"] = {**SIP, "call_alive": False}
    drill["local"] = {"192.0.2.1": {"sent": 200, "lost": 0, "outage_ms": 0, "ok": True}}
    return drill


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_is_sound_and_needs_nothing_from_elsewhere(language: str) -> None:
    html = render([EVIDENCE, failed()], language)
    page = Page(html)
    assert page.open == []
    assert page.all("html") == [{"lang": language}]
    assert not page.all("script") + page.all("link") + page.all("img")
    assert "url(" not in html and "http" not in html
    identifiers = [one["id"] for _unused, one in page.tags if "id" in one]
    assert len(identifiers) == len(set(identifiers))
    assert all(link["href"] in {f"#{name}" for name in identifiers} for link in page.all("a"))
    assert len(page.all("svg")) == 4
    assert all(drawing["role"] == "img" for drawing in page.all("svg"))


def test_headings_go_down_by_one_level_at_a_time() -> None:
    levels = [int(tag[1]) for tag, _unused in Page(render([EVIDENCE], "en")).tags if tag in
              {"h1", "h2", "h3", "h4"}]  # fmt: skip
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_verdict_comes_first_and_in_plain_words() -> None:
    passed = Page(render([EVIDENCE], "en")).text
    assert "The drill passed: the office kept working." in passed
    assert "answered no new request: 180 ms." in passed
    assert "2 drills failed" not in passed
    mixed = Page(render([EVIDENCE, failed()], "en")).text
    assert "1 of 2 drills failed" in mixed
    assert "voice: 1.2 s without service, more than the 1 s allowed" in mixed


def test_the_french_page_is_french() -> None:
    text = Page(render([EVIDENCE, failed()], "fr")).text
    assert "exercice de bascule" in text
    assert "23 novembre 2026, 18 h 02 (Europe/Paris)" in text
    assert "1 exercice sur 2 en échec" in text
    assert "voice : 1,2 s sans service, plus que la limite de 1 s" in text
    assert "9 sur 1 000" in text
    assert "nouvelles demandes de nouveau servies : voice" in text
    assert "Averties de la panne : 20." in text


def test_the_page_tells_what_telephones_felt() -> None:
    english = Page(render([{**EVIDENCE, "sip": SIP}], "en")).text
    assert "The operator's server answers again was never away" in english.replace("\u2019", "'")
    assert "640 ms after the fault began" in english
    assert "Longest silence of an open call 1.6 s" in english
    assert "The open call went on" in english
    french = Page(render([{**EVIDENCE, "sip": SIP}], "fr")).text.replace("\u2019", "'")
    assert "Téléphonie" in french
    assert "De nouveau enregistré chez l'opérateur 640 ms après le début de la panne" in french
    assert "L'appel en cours a continué" in french
    silent = {**SIP, "reregister_ms": None, "call_alive": None, "audio_gap_ms": None}
    english = Page(render([{**EVIDENCE, "sip": silent}], "en")).text
    assert "Registered again with the operator not during the drill" in english
    assert "open call" not in english
    for without in (EVIDENCE, {**EVIDENCE, "sip": None}):
        assert "Telephony" not in Page(render([without], "en")).text


def test_a_drill_that_cut_every_link_is_judged_by_what_stayed_and_came_back() -> None:
    english = Page(render([dark()], "en")).text
    assert "Every link is cut" in english
    assert "what stays inside the office kept working, and all came back" in english
    assert "answered no new request" not in english
    assert "192.0.2.1 none held" in english
    assert "The open call could not go on" in english
    french = Page(render([dark(), EVIDENCE], "fr")).text
    assert "Tous les liens sont coupés" in french
    assert "aucune nouvelle demande : 180 ms" in french


@pytest.mark.parametrize(
    ("reason", "french"),
    [
        (
            "SIP: no registration succeeded again after the fault",
            "téléphonie : aucun enregistrement n'a de nouveau abouti",
        ),
        (
            "SIP: the call opened before the fault did not survive it",
            "téléphonie : l'appel ouvert avant la panne a été perdu",
        ),
        (
            "voice: worked again 7000 ms after the fault, more than 5000 ms",
            "voice : n'a fonctionné de nouveau que 7 s après la panne, plus que 5 s",
        ),
        (
            "192.0.2.1: a host of the site was away for 1500 ms",
            "192.0.2.1 : un appareil du bureau a manqué pendant 1,5 s",
        ),
    ],
)
def test_reasons_of_telephones_and_of_a_total_cut_are_translated(reason: str, french: str) -> None:
    said = texts("fr").reason(reason).replace("\xa0", " ").replace("\u2019", "'")
    assert said == french


def test_an_event_without_translation_is_marked_as_english() -> None:
    page = Page(render([EVIDENCE], "fr"))
    assert "something new" in page.text
    assert [cell.get("lang") for cell in page.all("td") if "lang" in cell] == ["en"]


def test_hostile_evidence_stays_text() -> None:
    drill = copy.deepcopy(EVIDENCE)
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    drill["site"] = drill["gateway"] = drill["id"] = drill["version"] = evil
    drill["fault"]["wan"] = drill["fault"]["kind"] = evil
    drill["services"] = {evil: {**EVIDENCE["services"]["voice"], "before": evil, "during": evil}}
    drill["timeline"] = [{"at_ms": 1, "what": evil, "why": evil, "source": evil}]
    drill["reasons"] = drill["notes"] = [evil]
    for language in ("en", "fr"):
        page = Page(render([drill], language))
        assert not page.all("script") + page.all("img")
        assert page.open == []
        assert evil in page.text


def test_the_story_leaves_small_print_out_and_tells_like_events_once() -> None:
    assert [(one["at_ms"], one["what"]) for one in story(EVIDENCE["timeline"])] == [
        (0, "fault injected"),
        (150, "fibre lost"),
        (152, "voice, web: fibre to lte"),
        (180, "new flows of voice work again"),
        (20000, "fault ended"),
        (28290, "every service is back"),
        (28300, "something new"),
    ]


def test_a_short_outage_draws_a_short_bar() -> None:
    def widths(drill: dict[str, Any]) -> list[float]:
        bars = [one for one in Page(render([drill], "en")).all("rect") if one["class"] == "new"]
        return [float(str(rect["width"])) for rect in bars]

    short, none = widths(EVIDENCE)
    assert none < 2 < short
    long = copy.deepcopy(EVIDENCE)
    long["services"]["voice"]["outage_ms"] = 900
    assert widths(long)[0] > 3 * short


@pytest.mark.parametrize("outage", [0, 1, 180, 19_999, 20_000])
@pytest.mark.parametrize("kind", ["silent", "carrier", "latency"])
def test_every_drawing_stays_inside_its_frame(outage: int, kind: str) -> None:
    drill = copy.deepcopy(EVIDENCE)
    drill["fault"]["kind"] = kind
    drill["services"]["voice"].update(outage_ms=outage, existing_ms=outage)
    for rect in Page(render([drill], "en")).all("rect"):
        assert float(str(rect["x"])) >= 0
        assert float(str(rect["x"])) + float(str(rect["width"])) <= 740


@pytest.mark.parametrize(
    ("ms", "english", "french"),
    [
        (0, "0 ms", "0 ms"),
        (999.4, "999 ms", "999 ms"),
        (999.6, "1 s", "1 s"),
        (1500, "1.5 s", "1,5 s"),
        (9940, "9.9 s", "9,9 s"),
        (18_290, "18 s", "18 s"),
        (150_000, "2.5 min", "2,5 min"),
        (2_820_000, "47 min", "47 min"),
        (9_000_000, "2 h 30 min", "2 h 30 min"),
        (273_600_000, "3 d 4 h", "3 j 4 h"),
        (259_200_000, "3 d", "3 j"),
    ],
)
def test_durations_read_well(ms: float, english: str, french: str) -> None:
    assert texts("en").duration(ms).replace("\xa0", " ") == english
    assert texts("fr").duration(ms).replace("\xa0", " ") == french


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is not drill evidence"),
        ('{"schema": "relais.state/1"}', "is not drill evidence"),
        ('{"schema": "relais.drill/1", "id": "x"}', "evidence without site"),
    ],
)
def test_a_file_that_is_no_evidence_is_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(ReportError, match=says):
        read_evidence(path)


def test_damaged_evidence_is_refused() -> None:
    drill = copy.deepcopy(EVIDENCE)
    del drill["services"]["voice"]["outage_ms"]
    with pytest.raises(ReportError, match="the evidence is damaged"):
        render([drill], "en")


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "x.json", tmp_path / "x.html"
    source.write_text(json.dumps(EVIDENCE), encoding="utf-8")
    words = ["report", "drill", str(source), "--output", str(target), "--language", "fr"]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"output": str(target), "drills": 1}
    assert '<html lang="fr">' in target.read_text(encoding="utf-8")
    assert main(["report", "drill", str(tmp_path / "no"), "--output", str(target)]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_a_machine_without_jinja_gets_one_clear_message(tmp_path: Path) -> None:
    source = tmp_path / "x.json"
    source.write_text(json.dumps(EVIDENCE), encoding="utf-8")
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from relais.cli import main; raise SystemExit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "report", "drill", source, "--output", tmp_path / "x.html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "relais: reports need the Python package jinja2 on this machine: pip install jinja2"
    )
