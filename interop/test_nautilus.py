"""nautilus_trader, which keeps its environment to itself: ``tox -e interop-nautilus``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import RunOnAccount, Start

SCRIPT = "nautilus_bot.py"
STEPS = (
    "quotes",
    "limit_order",
    "cancel",
    "fills",
    "finds_its_order_after_a_restart",
    "cancels_it",
)

pytestmark = pytest.mark.timeout(700)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("market", ["spot", "usdm"])
def test_trades(run_client: Start, market: str, step: str) -> None:
    run_client(SCRIPT, "ed25519").check(f"{market}_{step}")


def test_leaves_nothing_behind(
    run_client: Start, assert_nothing_is_left: Callable[[RunOnAccount], None]
) -> None:
    assert_nothing_is_left(run_client(SCRIPT, "ed25519"))
