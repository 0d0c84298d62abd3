# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/reference/link-states.md from the transition table, or check that it is up to date.

`python runtime/describe_states.py [--check]`; with `--check` nothing is written and the exit
status is 1 when the page differs from the table.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
from enum import StrEnum
from pathlib import Path

from relais.core import transitions
from relais.core.transitions import TRANSITIONS, LinkState, Trigger

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "link-states.md"
HEAD = """# Link states

Written by `runtime/describe_states.py` from `relais/core/transitions.py`; change the table there.

A suspicion never evicts a flow: only a link that is `lost` for longer than the patience of a
service, or that is gone (carrier, address or gateway), becomes `down`.

"""


def page() -> str:
    """The whole page."""
    diagram = ["```mermaid", "stateDiagram-v2", "    [*] --> unknown"]
    rows = ["| from | trigger | to |", "|---|---|---|"]
    for (state, trigger), after in TRANSITIONS.items():
        diagram.append(f"    {state} --> {after}: {trigger}")
        rows.append(f"| `{state}` | `{trigger}` | `{after}` |")
    diagram.append("```")
    parts = [HEAD + "\n".join(diagram), "\n".join(rows)]
    parts += [_meanings("State", LinkState), _meanings("Trigger", Trigger)]
    return "\n\n".join(parts) + "\n"


def _meanings(title: str, kind: type[StrEnum]) -> str:
    """Each value with the string that stands below it in the source."""
    body = ast.parse(inspect.getsource(transitions)).body
    block = next(n for n in body if isinstance(n, ast.ClassDef) and n.name == kind.__name__)
    told: dict[str, str] = {}
    for item, below in zip(block.body, [*block.body[1:], None], strict=True):
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            text = below.value.value if _is_text(below) else ""  # type: ignore[union-attr]
            told[item.targets[0].id] = " ".join(str(text).split())
    rows = [f"| {title} | meaning |", "|---|---|"]
    rows += [f"| `{value}` | {told[value.name]} |" for value in kind]
    return "\n".join(rows)


def _is_text(node: ast.stmt | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            print(f"{PAGE.name} is out of date; run python runtime/describe_states.py")
            return 1
        return 0
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
