# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics as text for Prometheus, and as a document for other programs.

https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4: what the node
exporter reads from its textfile directory.
"""

from __future__ import annotations

from typing import Any

from relais.core.supervision.families import FAMILIES, Family
from relais.core.supervision.model import Seen
from relais.core.supervision.readers import Sample

SCHEMA = "relais.metrics/1"


def metrics_text(seen: Seen) -> str:
    """Every family that has samples."""
    lines: list[str] = []
    for family in FAMILIES:
        samples = list(family.read(seen))
        if samples:
            lines.append(f"# HELP {family.name} {family.help}")
            lines.append(f"# TYPE {family.name} {family.kind}")
            lines += [_line(family, sample) for sample in samples]
    return "\n".join(lines) + "\n"


def metrics_document(seen: Seen) -> dict[str, Any]:
    """The same samples, schema `relais.metrics/1`."""
    metrics = [
        {
            "name": family.name,
            "labels": dict(zip(family.labels, labels, strict=True)),
            "value": value,
        }
        for family in FAMILIES
        for labels, value in family.read(seen)
    ]
    return {"schema": SCHEMA, "silent": seen.silent, "metrics": metrics}


def _line(family: Family, sample: Sample) -> str:
    labels, value = sample
    pairs = [f'{n}="{_escaped(v)}"' for n, v in zip(family.labels, labels, strict=True)]
    return (
        f"{family.name}{{{','.join(pairs)}}} {_plain(value)}"
        if pairs
        else (f"{family.name} {_plain(value)}")
    )


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _plain(value: float) -> str:
    """A whole number without a point, any other with all the digits that it has."""
    return str(int(value)) if value == int(value) else repr(float(value))
