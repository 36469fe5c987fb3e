"""Thousands of users, networks and exchanges that fail, in virtual time: what must hold does hold."""

from __future__ import annotations

import pytest
from simulation_run import simulate

SEEDS = 4_000
SEEDS_EACH = 50
FOUND = (4780, 5062, 5079, 5276, 5541, 8939, 9554, 11196, 13696, 18480, 18891)
"""Beyond those: seeds that found something once."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--seed", None)
    if chosen:
        chunks = [range(seed, seed + 1) for seed in chosen]
    else:
        count = metafunc.config.getoption("--seeds", None) or SEEDS
        chunks = [
            range(first, min(first + SEEDS_EACH, count)) for first in range(0, count, SEEDS_EACH)
        ]
        chunks += [range(seed, seed + 1) for seed in FOUND]
    metafunc.parametrize("seeds", chunks, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")


def test_every_seed_keeps_its_promises(seeds: range, request: pytest.FixtureRequest) -> None:
    """Every call ends once and truly, every event is told once or in a gap, nothing is left."""
    for seed in seeds:
        report = simulate(seed)
        assert not report.problems, str(report)
