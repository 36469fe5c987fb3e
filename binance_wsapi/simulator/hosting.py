"""The exchange's life on a thread of its own: started, stopped, found at its addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from binance_wsapi.endpoints import WsKey
from binance_wsapi.simulator.paths import base_url, path_of, reached_at
from binance_wsapi.simulator.venue import Venue

if TYPE_CHECKING:
    import ssl

    from binance_wsapi.simulator.doors.server import ExchangeThread

__all__ = ["HostedVenue"]

T = TypeVar("T")


class HostedVenue:
    """A venue on a thread of its own; see :class:`SimulatedExchange`.

    Args:
        venue: What is hosted.
        market_maker: Start the market makers with it.
        tls: Serve with a certificate made on the spot.
        port: Where to listen; a free port when 0.
        more_ports: Where else to listen.
        host: The address to listen on.
    """

    def __init__(
        self,
        venue: Venue,
        *,
        market_maker: bool,
        tls: bool,
        port: int,
        more_ports: Sequence[int],
        host: str,
    ) -> None:
        self.venue = venue
        self._market_maker = market_maker
        self._host = host
        self._port = port
        self._more_ports = more_ports
        self._tls = tls
        self._thread: ExchangeThread | None = None
        self._certificate: str | None = None

    def start(self) -> Self:
        """Start it, as ``with`` does."""
        from binance_wsapi.simulator.doors.server import ExchangeThread

        if self._thread is not None:
            raise RuntimeError("this exchange is running already")
        context = None
        if self._tls:
            from binance_wsapi.simulator.doors.certificates import server_context
            from binance_wsapi.simulator.official_hosts import OFFICIAL_HOSTS

            names = (reached_at(self._host), "localhost", *OFFICIAL_HOSTS)
            context, self._certificate = server_context(names)
        self._let_makers_begin()
        thread = ExchangeThread(
            self.venue.gateway,
            self.venue.rest.answer,
            host=self._host,
            port=self._port,
            more_ports=self._more_ports,
            tls=context,
        )
        thread.start()
        self._thread = thread
        # A second start serves the same addresses: clients find it again.
        self._port = thread.port
        self.venue.faults.carry_with(thread.call)
        return self

    def stop(self) -> None:
        """Stop it; every connection is cut. Harmless when it is not running."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self.venue.faults.carry_with(lambda action: action())
            thread.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import asyncio

        await asyncio.to_thread(self.stop)

    @property
    def is_running(self) -> bool:
        """Whether it is started."""
        return self._thread is not None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._running().port

    @property
    def urls(self) -> dict[WsKey, str]:
        """The address of every connection."""
        base = base_url("wss" if self._tls else "ws", self._host, self.port)
        return {ws_key: base + path_of(ws_key) for ws_key in WsKey}

    @property
    def rest_url(self) -> str:
        """The address of the REST API, without a path."""
        return base_url("https" if self._tls else "http", self._host, self.port)

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """What trusts the exchange's certificate authority; ``None`` without TLS."""
        if self._certificate is None:
            return None
        import ssl

        return ssl.create_default_context(cadata=self._certificate)

    @property
    def certificate(self) -> str | None:
        """The certificate of the authority that clients should trust, as PEM text; ``None`` without TLS."""
        return self._certificate

    def call(self, action: Callable[[], T]) -> T:
        """Run ``action`` on the exchange's thread and return its result; directly when it is not running."""
        return action() if self._thread is None else self._thread.call(action)

    def stop_listening(self) -> None:
        """Refuse new connections at the port; open ones stay."""
        self._running().stop_listening()

    def resume_listening(self) -> None:
        """Accept connections again, at the same port."""
        self._running().resume_listening()

    def _let_makers_begin(self) -> None:
        if self._market_maker and not self.venue.market_makers:
            self.venue.start_market_makers()

    def _running(self) -> ExchangeThread:
        if self._thread is None:
            raise RuntimeError("the exchange is not running: use it inside its 'with' block")
        return self._thread

    def __repr__(self) -> str:
        where = "stopped" if self._thread is None else self.rest_url
        return f"<SimulatedExchange {where}>"
