"""Accounts whose listen keys come from REST, in virtual time: each event is told once or lies in a gap."""

from __future__ import annotations

from simulation_rest_accounts import simulate_rest_account

SEEDS = 400
FOUND = (1410, 2019, 2324, 2394, 2777)
"""Beyond those of every run: seeds that found something once."""


def test_every_account_by_listen_key_keeps_its_promises(seeds: range) -> None:
    """Portfolio margin and options, with connections cut, keys ended and REST requests lost."""
    for seed in seeds:
        report = simulate_rest_account(seed)
        assert not report.problems, str(report)
