# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench stands on a lab of its own kind, and leaves the usual one alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from bench import wire
from bench.contenders import CONTENDERS, PEER_PACKAGES
from lab import base, topology

ROOT = Path(__file__).resolve().parents[3]


def test_more_packages_make_another_tree_and_none_the_usual_one() -> None:
    usual = base.tree_of("bookworm")
    assert base.tree_of("bookworm", ()) == usual
    assert base.tree_of("bookworm", PEER_PACKAGES) != usual
    assert base.tree_of("bookworm", ["b", "a", "b"]) == base.tree_of("bookworm", ["a", "b"])


@pytest.mark.parametrize("contender", CONTENDERS.values(), ids=CONTENDERS)
def test_every_file_of_a_recipe_is_there(contender: object) -> None:
    folder = ROOT / "tests" / "bench" / "gateway"
    assert not [name for name in contender.files if not (folder / name).is_file()]  # type: ignore[attr-defined]


def test_lab_names_fit() -> None:
    assert max(len(f"b9-{name}-123456") for name in CONTENDERS) <= 24


def test_a_fresh_port_is_not_met_again_while_a_gateway_tracks_it() -> None:
    tracked_s = 180  # the longest default of a UDP flow: nf_conntrack_udp_timeout_stream and more
    for kind in ("udp", "vital"):
        assert len(wire.PORTS[kind]) * wire.REQUEST_EVERY_S > tracked_s
    assert len(wire.PORTS["tcp"]) * wire.CONNECT_EVERY_S > tracked_s
    every = [port for ports in wire.PORTS.values() for port in ports]
    assert len(every) == len(set(every))


def test_the_load_asks_a_host_of_the_lab() -> None:
    assert wire.HOST in map(str, topology.INTERNET_HOSTS.values())


@pytest.mark.parametrize(
    ("words", "status"),
    [(["--help"], 0), (["--scenario", "gremlins"], 2), (["--runs", "0"], 2)],
)
def test_the_entry_point_knows_its_words(words: list[str], status: int) -> None:
    done = subprocess.run([ROOT / "scripts" / "bench", *words], check=False, capture_output=True)
    assert done.returncode == status
