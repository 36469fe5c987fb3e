"""The page's server: on a thread of its own, so that looking on does not slow the exchange down."""

from __future__ import annotations

import asyncio
import concurrent.futures
import secrets
import threading
from hmac import compare_digest
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec
from aiohttp import web

from binance_wsapi.markets import Market
from binance_wsapi.simulator.paths import base_url
from binance_wsapi.simulator.window.buttons import Buttons
from binance_wsapi.simulator.window.frames import as_test
from binance_wsapi.simulator.window.view import View

if TYPE_CHECKING:
    from binance_wsapi.simulator.exchange import SimulatedExchange

__all__ = ["ExchangeWindow"]

ASSETS = Path(__file__).parent / "assets"
_FILES = {"/": "window.html", "/window.css": "window.css", "/window.js": "window.js"}
_POLICY = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
_NEIGHBOURS = 2_000
"""How many frames after a request its answer is looked for."""


class ExchangeWindow:
    """One page that shows an exchange at work: books, candles, accounts, frames; and steers it.

    ``with ExchangeWindow(exchange) as window: print(window.url)``. Who has the address with its token may do
    everything there; it listens on this machine alone unless told otherwise.

    Args:
        exchange: The exchange, running.
        host: The address to listen on.
        port: The port; a free one when 0.
    """

    def __init__(
        self, exchange: SimulatedExchange, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self._exchange = exchange
        self._view = View(exchange.venue)
        self._buttons = Buttons(exchange)
        self._host = host
        self._port = port
        self._token = secrets.token_urlsafe(18)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where the page is. The token stands behind the ``#``: browsers keep that part to themselves."""
        return f"{base_url('http', self._host, self._port)}/#{self._token}"

    def open(self) -> Self:
        """Serve the page, as ``with`` does.

        Raises:
            OSError: The address cannot be listened on.
        """
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="binance-simulator-window", daemon=True
        )
        self._thread.start()
        started.result()
        return self

    def close(self) -> None:
        """Serve the page no more. Harmless when it is closed."""
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, started: concurrent.futures.Future[None]) -> None:
        loop = asyncio.new_event_loop()
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.5)
        try:
            loop.run_until_complete(self._listen(runner))
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that opened us
            loop.run_until_complete(runner.cleanup())
            loop.close()
            started.set_exception(error)
            return
        self._loop = loop
        started.set_result(None)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(runner.cleanup())
            loop.close()

    async def _listen(self, runner: web.AppRunner) -> None:
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        self._port = runner.addresses[0][1]

    def _application(self) -> web.Application:
        application = web.Application()
        for path in _FILES:
            application.router.add_get(path, self._file)
        application.router.add_get("/state", self._state)
        application.router.add_get("/test", self._test)
        application.router.add_post("/press", self._press)
        return application

    async def _file(self, request: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
        return web.FileResponse(ASSETS / _FILES[request.path], headers=headers)

    async def _state(self, request: web.Request) -> web.Response:
        self._check(request)
        query = request.query
        try:
            market, seen = Market(query.get("market", "spot")), int(query.get("seen", "0"))
        except ValueError:
            raise web.HTTPBadRequest(text="no such market, or seen is no number") from None
        symbol = query.get("symbol", "BTCUSDT")
        return await self._answered(lambda: self._view.state(market, symbol, seen))

    async def _test(self, request: web.Request) -> web.Response:
        self._check(request)
        number = request.query.get("frame", "")
        if not number.isdecimal():
            raise web.HTTPBadRequest(text="frame is no number")

        def copy() -> str:
            frame = self._view.frame(int(number))
            if frame is None:
                raise ValueError("the journal keeps this frame no more")
            later, _ = self._exchange.journal.newer_than(int(number) + 1)
            asked = frame.payload.get("id") if isinstance(frame.payload, dict) else None
            answer = next(
                (
                    each
                    for each in later[:_NEIGHBOURS]
                    if each.connection_id == frame.connection_id
                    and each.direction == "out"
                    and isinstance(each.payload, dict)
                    and each.payload.get("id") == asked
                    and "status" in each.payload
                ),
                None,
            )
            return as_test(frame, answer)

        return await self._answered(copy)

    async def _press(self, request: web.Request) -> web.Response:
        self._check(request)
        given = await request.json()
        if not isinstance(given, dict):
            raise web.HTTPBadRequest(text="write an object")

        def press() -> str:
            self._buttons.press(str(given.get("action")), given)
            return "done"

        return await self._answered(press, on_exchange=False)

    async def _answered(self, what: Any, *, on_exchange: bool = True) -> web.Response:
        """Answer with what is found out on the exchange's thread; a ``ValueError`` is told in words."""
        act = (lambda: self._exchange.call(what)) if on_exchange else what
        try:
            answer = await asyncio.to_thread(act)
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")

    def _check(self, request: web.Request) -> None:
        """Let nobody in without the token: pages of other sites reach this machine's ports, too."""
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not compare_digest(given.encode(), self._token.encode()):
            raise web.HTTPUnauthorized(text="the token is missing: open the whole address")
