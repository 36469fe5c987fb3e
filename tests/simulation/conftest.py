"""``python -m pytest tests/simulation --seed 17`` replays one seed, ``--seeds 20000`` runs so many."""

from __future__ import annotations

import pytest

SEEDS = 4_000
SEEDS_EACH = 50


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("simulation")
    group.addoption(
        "--seed", type=int, action="append", help="replay this seed, and print its trace"
    )
    group.addoption("--seeds", type=int, help="how many seeds to run")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--seed", None)
    if chosen:
        chunks = [range(seed, seed + 1) for seed in chosen]
    else:
        count = metafunc.config.getoption("--seeds", None)
        count = count or getattr(metafunc.module, "SEEDS", SEEDS)
        chunks = [
            range(first, min(first + SEEDS_EACH, count)) for first in range(0, count, SEEDS_EACH)
        ]
        chunks += [range(seed, seed + 1) for seed in metafunc.module.FOUND]
    metafunc.parametrize("seeds", chunks, ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
