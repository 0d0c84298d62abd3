# SPDX-License-Identifier: GPL-3.0-or-later
"""What is promised is held against what was found, and shown without flattery."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from bench import figures, plot, report, results, scenarios, targets
from bench.campaign import Results, Settings, planned
from bench.contenders import CONTENDERS
from bench.figures import Marks
from bench.stats import summary
from lab.errors import LabError


def found(**figures: list[float | None]) -> Results:
    """Silent runs of relais with these figures, and one of a peer that never made it."""
    result = Results(versions={"relais": "1.0"})
    for values in zip(*figures.values(), strict=True):
        run = dict(zip(figures, values, strict=True))
        result.add("relais", "silent", {"figures": run, "late_ms": LATE})
    result.add("keepalived", "silent", {"figures": {"new_flows_ms": None}, "late_ms": LATE})
    return result


LATE = {"median": 0.5, "p99": 2.0, "most": 9.0}
MACHINE = {
    "at": "2026-01-01T00:00:00+00:00", "cores": 2, "processor": "P", "memory_gb": 4.0,
    "system": "S", "kernel": "6", "commit": "abc", "load_before": [0.1, 0.1, 0.1],
}  # fmt: skip
SETTINGS = {"jobs": 2, "contenders": {"relais": "ours", "keepalived": "theirs"}}


def document(**figures: list[float | None]) -> dict[str, Any]:
    return results.document(SETTINGS, MACHINE, found(**figures))


def verdicts(made: dict[str, Any], contender: str = "relais") -> dict[tuple[str, str, str], str]:
    judged = [target for target in made["targets"] if target["contender"] == contender]
    return {(t["scenario"], t["figure"], t["statistic"]): t["verdict"] for t in judged}


def test_a_target_is_met_missed_or_not_measured() -> None:
    made = verdicts(document(new_flows_ms=[250.0, 290.0, 700.0], tcp_stuck=[0, 0, 1]))
    assert made["silent", "new_flows_ms", "median"] == "met"
    assert made["silent", "new_flows_ms", "p99"] == "missed"
    assert made["silent", "tcp_stuck", "total"] == "missed"
    assert made["noise", "evictions", "total"] == "not measured"


def test_what_an_anchor_promises_is_asked_of_the_contender_that_has_one() -> None:
    result = found(new_flows_ms=[250.0, 290.0])
    made = results.document(SETTINGS, MACHINE, result)
    assert verdicts(made, "relais-anchor")["silent", "new_flows_ms", "median"] == "not measured"
    result.add("relais-anchor", "silent", {"figures": {"new_flows_ms": 160.0}})
    made = results.document(SETTINGS, MACHINE, result)
    assert verdicts(made, "relais-anchor")["silent", "new_flows_ms", "median"] == "missed"
    assert verdicts(made, "relais-anchor")["silent", "new_flows_ms", "p99"] == "met"


def test_never_misses_every_target() -> None:
    made = verdicts(document(new_flows_ms=[None, None]))
    assert made["silent", "new_flows_ms", "median"] == "missed"


def test_a_rate_is_to_be_at_least_its_target() -> None:
    for ratio, verdict in ((0.98, "met"), (0.96, "missed")):
        summaries = {"relais": {"forwarding": {"tcp_ratio": summary([ratio])}}}
        made = {t["figure"]: t["verdict"] for t in targets.judged(summaries)}
        assert made["tcp_ratio"] == verdict


def test_the_forwarding_ratio_is_that_of_the_medians() -> None:
    result = found(new_flows_ms=[1.0])
    for who, rates in (("relais", (9.0, 9.9, 1.0)), ("masquerade", (10.0, 10.0, 50.0))):
        for rate in rates:
            figures = {"tcp_gbit_s": rate, "udp_kpackets_s": rate}
            result.add(who, "forwarding", {"figures": figures})
    made = results.document(SETTINGS, MACHINE, result)
    assert made["summaries"]["relais"]["forwarding"]["tcp_ratio"]["median"] == 0.9


def test_a_figure_is_summarised_over_the_runs_that_have_it() -> None:
    runs = [{"figures": {"back_ms": 5.0}}, {"figures": {}}, {"figures": {"back_ms": None}}]
    made = results.summarised(runs)["back_ms"]
    assert (made["n"], made["never"]) == (2, 1)


@pytest.mark.parametrize(
    ("values", "unit", "expected"),
    [
        ([250.0], "ms", "250 ms"),
        ([250.0, 270.0, 4000.0], "ms", "270 ms (4.0 s)"),
        ([250.0, 270.0, None], "ms", "270 ms (never in 1 of 3)"),
        ([None, None], "ms", "never"),
        ([0.123], "%", "0.12 %"),
        ([31.42], "MB", "31.4 MB"),
        ([3, 3, 4], "number", "3 (4)"),
        ([9.5, 9.0, 9.9], "rate", "9.50 (9)"),
    ],
)
def test_a_cell_shows_the_median_and_the_worst(
    values: list[float | None], unit: str, expected: str
) -> None:
    assert report.cell(summary(values), unit) == expected


def test_terminal_and_docs_show_the_same_cells() -> None:
    made = document(new_flows_ms=[250.0, 290.0], fixed_udp_ms=[900.0, None])
    shown, written = report.text(made), report.markdown(made)
    for cell in ("270 ms (290 ms)", "never in 1 of 2", "not measured", "late by 2.0 ms"):
        assert cell in shown
        assert cell in written


def test_the_docs_page_has_room_for_the_results() -> None:
    page = report.PAGE.read_text(encoding="utf-8")
    assert page.count(report.BEGIN) == page.count(report.END) == 1
    assert page.index(report.BEGIN) < page.index(report.END)


def test_the_plot_has_a_dot_for_each_run_and_a_place_for_never() -> None:
    drawn = plot.svg(document(new_flows_ms=[250.0, 290.0]))
    root = ElementTree.fromstring(drawn)  # noqa: S314 - our own text
    dots = [float(dot.attrib["cx"]) for dot in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(dots) == 3
    assert plot.NEVER in dots
    assert plot.place(10) == plot.LEFT < plot.place(250) < plot.place(None)


def test_every_target_is_a_figure_that_a_table_shows() -> None:
    shown = {(scenario, row[0]) for scenario, rows in report.ROWS.items() for row in rows}
    assert not {(t.scenario, t.figure) for t in targets.TARGETS} - shown


def test_results_are_saved_after_each_run() -> None:
    saved: list[int] = []
    result = Results(save=lambda found: saved.append(len(found.runs["relais"]["silent"])))
    for _unused in range(2):
        result.add("relais", "silent", {"figures": {}})
    assert saved == [1, 2]


def test_a_later_call_adds_to_the_results_of_the_same_commit() -> None:
    first = json.loads(json.dumps(document(new_flows_ms=[200, 250])))
    again = results.kept(first, {**MACHINE, "commit": "abc with changes"})
    again.add("relais", "silent", {"figures": {"new_flows_ms": 300}, "late_ms": LATE})
    made = results.document(SETTINGS, MACHINE, again)
    assert made["summaries"]["relais"]["silent"]["new_flows_ms"]["median"] == 250
    assert made["summaries"]["keepalived"]["silent"]["new_flows_ms"]["never"] == 1


def test_results_of_another_commit_are_not_added_to() -> None:
    with pytest.raises(LabError, match="abc"):
        results.kept(document(new_flows_ms=[200]), {**MACHINE, "commit": "def"})


def test_runs_are_numbered_on_and_scenarios_take_turns() -> None:
    settings = Settings(("lsm",), ("rest", "silent", "carrier"), 3, 2, 2, scenarios.FULL)
    plan = planned(CONTENDERS["lsm"], settings, {"silent": 5})
    assert list(plan) == [(6, "silent"), (1, "carrier"), (7, "silent"), (2, "carrier")]


def test_a_way_back_that_was_not_watched_has_no_figures() -> None:
    raw = {"requests": {"udp": [[1.0, 1.1, "lte"]]}, "fixed": [], "sessions": []}
    assert figures.failback(raw, Marks(0, 0, 2, 2, 2), "fibre", "lte") == {}
    assert figures.failback(raw, Marks(0, 0, 2, 3, 4), "fibre", "lte")["switched"] == 1
