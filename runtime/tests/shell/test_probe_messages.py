# SPDX-License-Identifier: GPL-3.0-or-later
"""What probes say, and which answers they take for answers."""

from __future__ import annotations

from relais.shell import dns, icmp, sip, tls


def test_a_dns_query_is_answered_only_by_a_response_with_its_number() -> None:
    question = dns.query(0x1234, "www.example.com")
    assert dns.response_to(question) is None
    assert dns.response_to(question[:2] + b"\x81\x83" + question[4:]) == 0x1234
    assert dns.response_to(b"\x12") is None


def test_a_dns_query_names_its_host_in_labels() -> None:
    assert b"\x03www\x07example\x03com\x00\x00\x01\x00\x01" in dns.query(1, "www.example.com")


def test_an_echo_request_sums_to_zero() -> None:
    assert icmp.checksum(icmp.echo_request(7, 9)) == 0


def test_an_echo_reply_is_told_from_other_messages() -> None:
    header = b"\x45" + bytes(19)
    reply = b"\x00" + icmp.echo_request(7, 9)[1:]
    assert icmp.parse_reply(header + reply) == (7, 9)
    assert icmp.parse_reply(header + icmp.echo_request(7, 9)) is None
    assert icmp.parse_reply(b"short") is None


def test_sip_options_are_answered_by_any_response_with_their_number() -> None:
    request = sip.options(42, "198.51.100.10", "203.0.113.2")
    assert request.startswith(b"OPTIONS sip:198.51.100.10 SIP/2.0\r\n")
    assert sip.response_to(request) is None
    response = b"SIP/2.0 404 Not Found\r\nCSeq: 42 OPTIONS\r\n\r\n"
    assert sip.response_to(response) == 42
    assert sip.response_to(b"SIP/2.0 200 OK\r\nCSeq: x\r\n\r\n") is None


def test_a_client_hello_is_a_tls_handshake_record_that_names_the_server() -> None:
    hello = tls.client_hello("www.example.com")
    assert hello[:2] == b"\x16\x03"
    assert b"www.example.com" in hello
