# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of OData 4.0 that the API has been seen to understand."""

from __future__ import annotations
