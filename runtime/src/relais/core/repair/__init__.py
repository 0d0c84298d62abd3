# SPDX-License-Identifier: GPL-3.0-or-later
"""What should stand in the kernel, what does not, and how often it is put back."""

from __future__ import annotations
