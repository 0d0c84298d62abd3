# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of metrics is that of the code; `pytest --regenerate` writes its table."""

from __future__ import annotations

import re
from pathlib import Path

from relais.core.supervision.families import FAMILIES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"
TABLE = re.compile(r"(?<=<!-- metrics -->\n).*?(?=<!-- end -->)", re.DOTALL)


def table() -> str:
    """Return every metric with its labels and its help."""
    rows = ["| metric | labels | type | meaning |", "|---|---|---|---|"]
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        rows.append(f"| `{family.name}` | {labels} | {family.kind} | {family.help} |")
    return "\n".join(rows) + "\n"


def test_the_table_of_metrics_is_that_of_the_code(regenerate: bool) -> None:
    text = PAGE.read_text(encoding="utf-8")
    if regenerate:
        PAGE.write_text(TABLE.sub(lambda _found: table(), text), encoding="utf-8")
        return
    assert TABLE.findall(text) == [table()]
