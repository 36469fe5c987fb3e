"""Thousands of processes die at any instant, in virtual time: what they left open is found out, and nothing else is said."""

from __future__ import annotations

from simulation_crashes import simulate_crash

FOUND = (11482, 14327, 18673)
"""Beyond those of every run: seeds that found something once."""


def test_every_crash_is_recovered_from(seeds: range) -> None:
    """What was sent stands in the journal, is told once and truly, and the journal tells the truth in the end."""
    for seed in seeds:
        report = simulate_crash(seed)
        assert not report.problems, str(report)
