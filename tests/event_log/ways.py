"""Ways to the exchange that can be cut, for one client each."""

from __future__ import annotations

from tcp_proxy import Proxy

from binance_wsapi.simulator import SimulatedExchange

__all__ = ["Way"]


class Way(Proxy):
    """One client's way to the exchange."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        super().__init__(exchange.port)
        self._exchange = exchange
        self.urls = {
            name: url.replace(f":{exchange.port}", f":{self.port}")
            for name, url in exchange.client_options()["urls"].items()
        }
        """What leads a client along it."""

    def cut(self) -> None:
        """The exchange cannot be reached any more."""
        self.lead_to(0)

    def mend(self) -> None:
        """It can be reached again."""
        self.lead_to(self._exchange.port)
