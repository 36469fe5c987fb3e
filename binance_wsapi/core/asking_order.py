"""Whose question goes first where many requests are looked up at once, and weight is scarce.

If each took what it gets, none might get the weight of its last question. So each is asked about once, those
that can be settled come to their end one after the other, and what only may have changed waits.
"""

from __future__ import annotations

import math
from collections import defaultdict

from binance_wsapi.core.call import Call
from binance_wsapi.core.exchanges import Exchanges
from binance_wsapi.protocol.limits import Governor

__all__ = ["AskingOrder"]

LOOK_UP_WEIGHT = 100
"""What the last questions about one request may weigh."""


class AskingOrder:
    """Says whose turn it is; on the loop's thread.

    Args:
        exchanges: Which know how much weight is left.
    """

    def __init__(self, exchanges: Exchanges) -> None:
        self._exchanges = exchanges
        self._asked: defaultdict[Governor, list[Call]] = defaultdict(list)
        """Requests that were asked about before they could be settled."""
        self._ending: defaultdict[Governor, list[Call]] = defaultdict(list)
        """Those that can be settled, the first one first."""

    def may_ask(self, call: Call, *, is_last: bool) -> bool:
        """Whether a question about a request may be put now; else it is to be put off a little.

        Args:
            call: The request.
            is_last: It can be settled: it can no longer be accepted, or was found.
        """
        governor = self._exchanges.governor_of(call.ws_key)
        asked, ending = self._asked[governor], self._ending[governor]
        if is_last and call not in ending:
            ending.append(call)
        if call in ending:
            ahead = ending.index(call)
        elif call in asked:
            ahead = len({*asked, *ending}) - 1
        else:
            ahead = len(ending)
        may = not ahead or (ahead + 1) * LOOK_UP_WEIGHT <= self._left(call)
        if may and call not in asked:
            asked.append(call)
        return may

    def ended(self, call: Call) -> None:
        """No more is asked about a request."""
        governor = self._exchanges.governor_of(call.ws_key)
        for line in (self._asked[governor], self._ending[governor]):
            if call in line:
                line.remove(call)

    def _left(self, call: Call) -> float:
        """Return how much weight is left."""
        usage = self._exchanges.usage_of(call.ws_key)
        return min(
            (each.limit - each.count for each in usage if each.rate_limit_type == "REQUEST_WEIGHT"),
            default=math.inf,
        )
