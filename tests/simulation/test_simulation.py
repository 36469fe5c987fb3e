"""Thousands of users, networks and exchanges that fail, in virtual time: what must hold does hold."""

from __future__ import annotations

from simulation_run import simulate

FOUND = (1235, 1540, 3097, 4780, 5062, 5079, 5276, 5541, 8939, 9554, 11196, 13696, 18480, 18891)
"""Beyond those: seeds that found something once."""


def test_every_seed_keeps_its_promises(seeds: range) -> None:
    """Every call ends once and truly, every event is told once or in a gap, nothing is left."""
    for seed in seeds:
        report = simulate(seed)
        assert not report.problems, str(report)
