# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of an incident as a browser would read it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from incident_documents import FIBRE, PLAN, incident, of_class, still_open, total
from parsed import Page
from relais.cli import main
from relais.report.incident import render
from relais.report.incident_facts import CLASSES, Site, site_of
from relais.report.incident_source import find_incidents, read_site
from relais.report.incident_texts import incident_texts
from relais.report.page import ReportError
from relais.shell import chain
from relais.shell.incidents import SCHEMA

NOW = datetime(2026, 11, 29, 2, 45, tzinfo=UTC)
SITE = site_of(PLAN)
GOLDEN = Path(__file__).parents[1] / "core" / "incidents" / "golden"


def page(
    document: Mapping[str, Any], language: str = "en", site: Site = SITE, now: datetime = NOW
) -> Page:
    return Page(render([document], language, now, site))


def text(
    document: Mapping[str, Any], language: str = "en", site: Site = SITE, now: datetime = NOW
) -> str:
    return page(document, language, site, now).text.replace("\u2019", "'")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_gives_a_sound_page_that_needs_nothing_from_elsewhere(
    kind: str, language: str
) -> None:
    html = render([of_class(kind), still_open()], language, NOW, SITE)
    parsed = Page(html)
    assert parsed.open == []
    assert parsed.all("html") == [{"lang": language}]
    assert not parsed.all("script") + parsed.all("link") + parsed.all("img") + parsed.all("a")
    assert "url(" not in html and "http" not in html and "@import" not in html
    identifiers = [one["id"] for _tag, one in parsed.tags if "id" in one]
    assert len(identifiers) == len(set(identifiers))
    assert all(drawing["role"] == "img" for drawing in parsed.all("svg"))
    levels = [int(tag[1]) for tag, _attributes in parsed.tags if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
    assert "None" not in parsed.text and "{" not in parsed.text


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_what_the_gateway_folds_is_told_without_a_word_of_english_in_a_french_page(
    path: Path,
) -> None:
    (document,) = find_incidents([str(path)], path)
    parsed = page(document, "fr")
    assert not [one for _tag, one in parsed.tags if one.get("lang") == "en"]
    assert document["id"] in parsed.text
    for one in document["services"].values():
        lasted = incident_texts("fr").duration(one["outage_ms"]).replace("\u00a0", " ")
        assert lasted in parsed.text or not one["outage_ms"]


@pytest.mark.parametrize("kind", CLASSES)
def test_each_class_is_told_in_words_of_its_own(kind: str) -> None:
    others = {text(of_class(other)) for other in CLASSES if other != kind}
    assert text(of_class(kind)) not in others


def test_the_first_sentence_tells_what_failed_for_how_long_and_what_the_office_felt() -> None:
    assert (
        "The Internet link \N{LEFT DOUBLE QUOTATION MARK}fibre\N{RIGHT DOUBLE QUOTATION MARK} "
        "was out of order for 47 min, on its access line; the office "
        "kept working, and no service was away for more than 812 ms." in text(FIBRE)
    )
    assert (
        "Le lien Internet « fibre » a été en panne pendant 47 min, sur sa ligne d'accès ; le "
        "bureau a continué à travailler et aucun service n'a manqué plus de 812 ms."
        in text(FIBRE, "fr")
    )
    slow = incident()
    slow["services"]["vpn"]["outage_ms"] = 32_000
    assert "the service vpn was interrupted for 32 s, the others for less" in text(slow)
    assert "why the switch took so long" in text(slow)
    assert "the office was without Internet for up to 1 h 30 min" in text(total())


def test_instants_are_those_of_the_sites_clocks_and_the_zone_is_named() -> None:
    english, french = text(FIBRE), text(FIBRE, "fr")
    assert "The incident begins 28 November 2026, 21:05:00.120" in english
    assert "The gateway notices 21:05:00.330 +210 ms" in english
    assert "Services take another link 21:05:00.394 +274 ms" in english
    assert "Europe/Paris, UTC+1." in english
    assert "Les services prennent un autre lien 21:05:00,394 +274 ms" in french
    summer = incident(began_at="2026-07-01T20:05:00.120Z")
    assert "Europe/Paris, UTC+2." in text(summer)
    assert "1er juillet 2026, 22:05:00,120" in text(summer, "fr")
    assert "UTC." in text(incident(timezone="Nowhere/Atlantis"))


def test_services_are_told_vital_ones_first_with_the_figures_of_the_document() -> None:
    english = text(FIBRE)
    table = english[english.index("Who was affected") : english.index("What kept working")]
    rows = [
        "voice vital taken over by lte 274 ms",
        "vpn vital taken over by lte 812 ms",
        "mail normal not affected none",
    ]
    assert [table.index(row) for row in rows] == sorted(table.index(row) for row in rows)
    assert "People who work at the site: 45." in table
    assert "Not affected: mail. Carried over lte meanwhile: voice and vpn." in english


def test_what_it_cost_is_the_counted_data_and_its_share_of_the_month() -> None:
    assert "Counted data: 1.2 GB over lte, 2.5 % of its monthly 50 GB." in text(FIBRE)
    assert "Données comptées : 1,2 Go par lte, soit 2,5 % de ses 50 Go par mois." in text(
        FIBRE, "fr"
    )
    assert "Counted data: 1.2 GB over lte." in text(FIBRE, site=Site({}))
    assert "Counted data: none was used." in text(total())


def test_staff_time_is_counted_only_for_services_that_were_dark_and_with_its_formula() -> None:
    assert "Lost staff time: none is counted" in text(FIBRE)
    dark = text(total()).replace("\u00d7", "x")
    assert "€2,565 at most. This is 45 people x 1 h 30 min x €38 an hour: an upper bound" in dark
    assert "2 565 € au plus" in text(total(), "fr")
    for without in (Site({}), Site({}, staff=45), Site({}, hourly_cost_eur=38)):
        assert "Lost staff time" not in text(total(), site=without)
    assert "Lost staff time" not in text(total(**{"class": "drill"}))


def test_the_operators_contract_and_the_time_to_repair_are_told() -> None:
    english = text(FIBRE)
    assert "Operator A" in english and "A-123" in english and "+33199000001" in english
    assert "Time used 47 min of 4 h: kept" in english
    assert "exceeded" not in english
    late = incident(
        recovered_at="2026-11-29T00:35:00.120Z",
        ended_at="2026-11-29T00:36:00.120Z",
        dark_ms=16_200_000,
    )
    assert "Time used 4 h 30 min of 4 h: exceeded by 30 min" in text(late)
    assert "claim what the contract provides for" in text(late)
    for kind in ("micro_outage", "quality", "local", "planned", "drill"):
        assert "Time used" not in text(of_class(kind))
    alone = text(FIBRE, site=Site({}))
    assert "Operator A" in alone and "ftth" in alone and "Time used" not in alone


def test_an_open_incident_says_so_and_counts_until_the_page_is_written() -> None:
    english = text(still_open())
    assert "still going on when this page was written, on 29 November 2026, 03:45" in english
    assert "on the backup link" in english
    assert "has been out of order for 6 h 40 min" in english
    assert "The link answers again not yet" in english
    assert "4 h: exceeded by 2 h 40 min so far" in english
    assert "Note the number of the ticket" in english
    assert "toujours en panne, pour que le ticket reste ouvert" in text(still_open(), "fr")
    assert "still going on" not in text(FIBRE)
    dark = total(
        ended_at=None, recovered_at=None, state="open", dark_ms=0, dark_since=FIBRE["began_at"]
    )
    for one in dark["services"].values():
        one.update(outage_ms=0, dark_since="2026-11-28T20:05:00.120Z")
    assert "the office has been without Internet for 6 h 40 min" in text(dark)
    assert "emergency channel: SMS group, +33199000004" in text(dark)
    back = still_open()
    back["services"]["voice"].update(impact="dark", outage_ms=30_000)
    assert "on its access line; without Internet, for up to 30 s: voice." in text(back)


def test_the_suspected_place_comes_with_its_evidence() -> None:
    assert "between the office and the operator's first equipment" in text(FIBRE)
    assert "Evidence: the first equipment of the operator was silent, too" in text(FIBRE)
    assert "Indice : le premier équipement de l'opérateur ne répondait pas non plus" in text(
        FIBRE, "fr"
    )
    unknown = incident(segment={"where": "unknown", "why": "the first hop has never answered"})
    assert "access line" not in text(unknown)
    assert "Not known. Evidence: the first hop has never answered" in text(unknown)
    assert [one["lang"] for one in page(unknown, "fr").all("span") if "lang" in one] == ["en"]
    assert "Evidence" not in text(of_class("drill"))


def test_events_are_told_in_order_once_and_in_the_readers_language() -> None:
    french = page(FIBRE, "fr")
    assert "voice, vpn : de fibre vers lte" in french.text
    assert "kernel steers" not in french.text
    assert [cell["lang"] for cell in french.all("td") if "lang" in cell] == ["en"]
    many = [{**FIBRE["timeline"][0], "what": f"event {number}."} for number in range(100)]
    english = text(incident(timeline=many))
    assert "event 29." in english and "event 30." not in english
    assert "event 69." not in english and "event 70." in english
    assert "kept in the gateway's journal: 40 events" in english


def widths(document: Mapping[str, Any], kind: str) -> list[float]:
    drawn = [one for one in page(document).all("rect") if one["class"] == kind]
    return [float(str(rect["width"])) for rect in drawn]


def test_the_drawing_is_true_to_the_document() -> None:
    fault, watched = widths(FIBRE, "fault")[0], widths(FIBRE, "watched")[0]
    assert fault / watched == pytest.approx(2829.88 / 62, rel=0.02)
    voice, vpn = widths(FIBRE, "dark")[-2:]
    assert vpn / voice == pytest.approx(812 / 274, rel=0.02)
    assert not widths(still_open(), "watched")
    assert widths(total(), "dark")[:2] == widths(total(), "fault")
    assert not widths(total(), "backup")
    assert not widths(of_class("planned"), "fault") + widths(of_class("quality"), "fault")


def relapsed() -> dict[str, Any]:
    """Away for 20 s, well for 20 s, away for 10 s; vpn came back at once each time, voice not."""

    def at(second: float, kind: str, what: str) -> dict[str, Any]:
        stamp = f"2026-11-28T20:05:{second:06.3f}Z"
        return {"at": stamp, "id": str(second), "kind": kind, "what": what, "why": ""}

    events = [
        at(0.3, "link", "fibre lost"), at(0.3, "choice", "voice: fibre to lte"),
        at(0.3, "choice", "vpn: fibre to lte"), at(0.9, "link", "fibre down"),
        at(20, "link", "fibre recovering"), at(20, "choice", "vpn: lte to fibre"),
        at(30, "link", "fibre up"),
        at(40, "link", "fibre down"), at(40, "choice", "vpn: fibre to lte"),
        at(50, "link", "fibre recovering"), at(50, "choice", "vpn: lte to fibre"),
    ]  # fmt: skip
    return incident(
        began_at="2026-11-28T20:05:00.000Z", recovered_at="2026-11-28T20:05:50.000Z",
        failed_back_at="2026-11-28T20:05:59.000Z", ended_at="2026-11-28T20:06:00.000Z",
        dark_ms=30_000, timeline=events,
        services={name: {**FIBRE["services"][name], "outage_ms": 300} for name in ("voice", "vpn")},
    )  # fmt: skip


def test_a_relapse_is_drawn_as_one_and_its_darkness_adds_up() -> None:
    assert "was out of order for 30 s" in text(relapsed())
    drained = {**of_class("planned"), "dark_ms": 20_000}
    assert "was out of use for 47 min" in text(drained)
    first, second = widths(relapsed(), "fault")
    assert first / second == pytest.approx(2, rel=0.02)
    assert sum(widths(relapsed(), "watched")) == pytest.approx(first, rel=0.02)
    assert widths(relapsed(), "trusted") == pytest.approx([second], rel=0.02)
    voice, *vpn = widths(relapsed(), "backup")
    assert len(vpn) == 2 and voice > 50 / 30 * sum(vpn)
    assert widths(relapsed(), "usual") == pytest.approx([*vpn[:1], vpn[1]], rel=0.05)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("ended", ["2026-11-28T20:05:00.120Z", "2026-12-20T12:00:00Z", None])
def test_every_drawing_stays_inside_its_frame(kind: str, ended: str | None) -> None:
    document = {**of_class(kind), "ended_at": ended, "recovered_at": ended, "failed_back_at": ended}
    for rect in page(document).all("rect"):
        assert float(str(rect["x"])) >= 0
        assert float(str(rect["x"])) + float(str(rect["width"])) <= 740
    ticks = [one for one in page(document).all("text") if one["class"] == "tick"]
    assert len(ticks) <= 24
    assert all(float(str(tick["x"])) <= 700 for tick in ticks)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_hostile_documents_stay_text(language: str) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    hostile = incident(
        id=evil, site=evil, gateway=evil, wans=[evil], services={evil: FIBRE["services"]["voice"]},
        spent_bytes={evil: 5}, segment={"where": evil, "why": evil},
        operator={"name": evil, "technology": evil},
        timeline=[{**FIBRE["timeline"][0], "what": evil}],
    )  # fmt: skip
    html = render([hostile], language, NOW, SITE, fingerprint=evil)
    assert not Page(html).all("script") + Page(html).all("img")
    assert Page(html).open == []
    assert evil in Page(html).text


def test_the_fingerprint_of_the_journal_is_told_when_it_is_given() -> None:
    assert "5eed5eed" in Page(render([FIBRE], "en", NOW, SITE, fingerprint="5eed5eed")).text
    assert "Fingerprint" not in text(FIBRE)
    assert "from incident 20261128T200500Z-fibre" in text(FIBRE)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is not an incident"),
        ('{"schema": "relais.incident/2"}', "its 'schema' must be 'relais.incident/1'"),
        ('{"schema": "relais.incident/1", "id": "x"}', "an incident without site, gateway"),
        ('{"incidents": []}', "no incident in it"),
        (json.dumps({**FIBRE, "class": "comet"}), "'comet' is not known"),
    ],
)
def test_a_file_that_is_no_incident_is_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ReportError, match=says):
        find_incidents([str(path)], tmp_path / "journal.db")


@pytest.mark.parametrize(
    "broken",
    [
        {"began_at": "yesterday"},
        {"services": {"voice": {}}},
        {"state": "asleep"},
        {"wans": None},
        {"timeline": [{}]},
    ],
)
def test_a_damaged_incident_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ReportError, match="the incident is damaged"):
        render([incident(**broken)], "en", NOW)


def journal_of(tmp_path: Path, *documents: Mapping[str, Any]) -> Path:
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as opened:
        opened.executescript(SCHEMA)
        for one in documents:
            row = (one["id"], one["began_at"], one["ended_at"], one["class"], None, json.dumps(one))
            opened.execute("INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?)", row)
    return path


def test_the_command_takes_files_and_ids_and_writes_one_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_of(tmp_path, FIBRE, total())
    source, plan, target = (tmp_path / name for name in ("x.json", "plan.json", "x.html"))
    source.write_text(json.dumps({"incidents": [still_open()]}), encoding="utf-8")
    plan.write_text(json.dumps(PLAN), encoding="utf-8")
    words = ["report", "incident", str(source), total()["id"], "--journal", str(journal)]
    words += ["--site", str(plan), "--output", str(target), "--language", "fr"]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"output": str(target), "incidents": 2}
    written = Page(target.read_text(encoding="utf-8")).text
    assert "Empreinte" not in written
    assert FIBRE["id"] in written and total()["id"] in written and "+33199000001" in written


def test_an_incident_out_of_a_journal_has_its_fingerprint_beside_it(tmp_path: Path) -> None:
    journal, target = journal_of(tmp_path, FIBRE), tmp_path / "x.html"
    with sqlite3.connect(journal) as opened:
        opened.executescript(chain.SCHEMA)
        opened.execute("INSERT INTO chain VALUES ('events', 7, '[7]', zeroblob(32))")
    words = ["report", "incident", FIBRE["id"], "--journal", str(journal), "--output", str(target)]
    assert main(words) == 0
    assert f"7-{64 * '0'}" in Page(target.read_text(encoding="utf-8")).text
    assert main([*words, "--fingerprint", "9-other"]) == 0
    assert "9-other" in Page(target.read_text(encoding="utf-8")).text


def test_the_command_says_in_one_line_what_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = journal_of(tmp_path, FIBRE)
    empty = tmp_path / "empty.db"
    sqlite3.connect(empty).execute("CREATE TABLE other (id)").connection.close()
    output = ["--output", str(tmp_path / "x.html")]
    for asked, says in (
        (["nothing", "--journal", str(journal)], "the newest is 20261128T200500Z-fibre"),
        (["nothing", "--journal", str(tmp_path / "no.db")], "name the journal with --journal"),
        (["nothing", "--journal", str(empty)], "keeps no incidents yet"),
        ([str(tmp_path / "no.json")], "cannot be read"),
        ([FIBRE["id"], "--journal", str(journal), "--site", str(journal)], "is not JSON"),
    ):
        assert main(["report", "incident", *asked, *output]) == 1
        said = capsys.readouterr().err
        assert says in said and said.count("\n") == 1


def test_the_daemons_configuration_tells_the_contracts_too(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    wan = {"name": "fibre", "operator": "Operator A", "contract": "A-123", "repair_time_hours": 4}
    config = {"schema": "relais.config/1", "site": "Cabinet Exemple", "wans": [wan]}
    path.write_text(json.dumps(config), encoding="utf-8")
    assert "Time used 47 min of 4 h: kept" in text(FIBRE, site=read_site(path))
    path.write_text(json.dumps({**PLAN, "wans": None}), encoding="utf-8")
    with pytest.raises(ReportError, match="the plan is damaged"):
        read_site(path)
    path.write_text(json.dumps(FIBRE), encoding="utf-8")
    with pytest.raises(ReportError, match="is not the plan of a site"):
        read_site(path)
