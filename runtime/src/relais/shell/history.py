# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolls and periods in the journal's database."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE IF NOT EXISTS rolls (
  step_s INTEGER NOT NULL, at_s INTEGER NOT NULL, wan TEXT NOT NULL,
  observed_ms INTEGER NOT NULL, sent INTEGER NOT NULL, lost INTEGER NOT NULL,
  rtt_sum_us INTEGER NOT NULL, rtt_least_us INTEGER, rtt_buckets TEXT NOT NULL,
  rx_bytes INTEGER NOT NULL, tx_bytes INTEGER NOT NULL,
  PRIMARY KEY (step_s, at_s, wan)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS periods (
  subject TEXT NOT NULL, name TEXT NOT NULL, began_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
  condition TEXT NOT NULL, wan TEXT NOT NULL, state TEXT NOT NULL, excused INTEGER NOT NULL,
  PRIMARY KEY (subject, name, began_ms)) WITHOUT ROWID;
"""
"""`rtt_buckets` is a JSON object of bucket number to count, in rising order of the numbers."""
