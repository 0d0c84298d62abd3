# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations
import json
def text(document):
    return json.dumps(document["summaries"], indent=1)[:3000] + json.dumps(document["targets"], indent=1)+"\n"
def write_docs(document): ...
