"""A fault of the exchange's own fails the test that met it, wherever it was caught."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _no_fault_of_its_own(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test that wants one reads ``caplog`` and clears it."""
    yield
    faults = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.name == "binance_wsapi.simulator" and record.levelno >= logging.ERROR
    ]
    assert not faults
