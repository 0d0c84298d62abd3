# SPDX-License-Identifier: GPL-3.0-or-later
"""What messages say, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from alert_world import START, incident, instant, total
from relais.alerts.incident import Incident, read_incident
from relais.alerts.rules import Kind, Message
from relais.alerts.settings import Channel, Class, Language, Settings, parse_settings
from relais.alerts.texts import Text, catalogue, compose, when_sent

# GSM 03.38, 6.2.1, without the extension table: one of another letter halves an SMS and more.
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
FIVE_HOURS = timedelta(hours=5, minutes=3)


def settings(language: str) -> Settings:
    return parse_settings(
        {
            "schema": "relais.alerts/1",
            "site": "Cabinet Exemple",
            "gateway": "gw",
            "language": language,
            "timezone": "Europe/Paris",
        }
    )


def read(document: dict[str, Any]) -> Incident:
    found = read_incident(document)
    assert found is not None
    return found


def told(one: Incident, kind: Kind, language: str, channel: Channel) -> Text:
    at = one.began_at if kind is Kind.BEGAN else one.began_at + FIVE_HOURS
    message = Message(one.id, kind, 1, "ops", one.fault, at)
    return compose(message, one, settings(language), channel)


def test_both_languages_have_the_same_phrases_with_the_same_gaps() -> None:
    gaps = {
        language: {key: sorted(re.findall(r"{\w+}", text)) for key, text in phrases.items()}
        for language in Language
        if (phrases := catalogue(language))
    }
    assert gaps[Language.EN] == gaps[Language.FR]


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("sort", list(Class))
def test_every_class_is_told_in_every_language_and_an_sms_is_short(
    sort: Class, kind: Kind, language: Language
) -> None:
    one = read(incident(**{"class": str(sort)}))
    mail = told(one, kind, language, Channel.APPRISE)
    assert one.id in mail.body and "gw" in mail.body
    assert not re.search(r"[{}]|None", mail.title + mail.body)
    sms = told(one, kind, language, Channel.SMS).body
    assert set(sms) <= GSM, set(sms) - GSM
    assert len(sms) <= 2 * 153  # Two SMS joined (3GPP TS 23.040, 9.2.3.24.1).


def test_a_mail_of_a_switch_in_french() -> None:
    one = read(incident(spent_bytes={"lte": 1_234_567}))
    assert told(one, Kind.RECOVERY, "fr", Channel.APPRISE) == Text(
        "Cabinet Exemple : Retour à la normale après 5 h 3 min (lien fibre coupé)",
        """Début : 28/11/2026 à 21:05:00 (CET)
Fin : 29/11/2026 à 02:08:00 (CET), après 5 h 3 min
La coupure est sur la ligne d'accès, entre le site et l'opérateur.
Opérateur : Operator A, ftth

Services :
- voice : a continué par lte (0,3 s sans réponse)
Données consommées sur lte : 1,2 Mo

Incident 20261128T200500Z-fibre, passerelle gw""",
    )


def test_a_mail_of_a_dark_site_in_english() -> None:
    assert told(read(total(START)), Kind.BEGAN, "en", Channel.APPRISE) == Text(
        "Cabinet Exemple: No Internet at all",
        """Began: 2026-11-28 21:05:00 (CET)
Every link is cut. What stays inside the site still works.
Operator: Operator A, ftth

Services:
- voice: does not work

Incident 20261128T200500Z-site, gateway gw""",
    )


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "This message leaves late, at "), ("fr", "Ce message part en retard, le ")],
)
def test_a_message_that_leaves_late_says_so(language: str, said: str) -> None:
    text = told(read(incident()), Kind.BEGAN, language, Channel.APPRISE)
    now, wanted = START + timedelta(minutes=10), settings(language)
    assert when_sent(text, START, now, wanted, Channel.APPRISE).startswith(said)
    assert when_sent(text, START, START, wanted, Channel.APPRISE) == text.body


def test_a_drill_of_every_link_says_so() -> None:
    one = replace(read(incident(**{"class": "drill"})), wans=("fibre", "lte"))
    assert "EXERCICE : tous les liens" in told(one, Kind.BEGAN, "fr", Channel.APPRISE).title


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        incident(schema="relais.incident/2"),
        incident(began_at="yesterday"),
        incident(began_at="2026-11-28T20:05:00"),
        incident(**{"class": "strange"}),
        incident(services=["voice"]),
    ],
)
def test_what_is_no_incident_is_passed_over(document: object) -> None:
    assert read_incident(document) is None


def test_an_incident_with_the_least_that_there_can_be_is_told() -> None:
    least = {"schema": "relais.incident/1", "id": "20261128T200500Z-fibre", "class": "access"}
    one = read({**least, "began_at": instant(START)})
    assert "20261128T200500Z-fibre" in told(one, Kind.BEGAN, "en", Channel.APPRISE).body
