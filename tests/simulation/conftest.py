"""``python -m pytest tests/simulation --seed 17`` replays one seed, ``--seeds 20000`` runs so many."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("simulation")
    group.addoption(
        "--seed", type=int, action="append", help="replay this seed, and print its trace"
    )
    group.addoption("--seeds", type=int, help="how many seeds to run")
