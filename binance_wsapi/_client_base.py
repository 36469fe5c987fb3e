"""What both clients share: the options, the core behind them, and everything that never waits."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import logging
import os
import ssl as ssl_module
import weakref
from collections.abc import Callable, Coroutine, Mapping
from functools import WRAPPER_ASSIGNMENTS, update_wrapper
from os import PathLike
from threading import get_ident
from types import FunctionType
from typing import Any, Literal, TypeVar, Unpack, overload

from binance_wsapi.core.call import CallKind
from binance_wsapi.core.call_errors import unresponsive
from binance_wsapi.core.core import Core, LoopHost
from binance_wsapi.core.loop_delivery import LoopDelivery
from binance_wsapi.core.loop_thread import LoopThread
from binance_wsapi.core.transport import Transport
from binance_wsapi.errors import ConfigurationError, check_seconds
from binance_wsapi.events import ConnectionEvent, ConnectionEventKind
from binance_wsapi.forks import unforked
from binance_wsapi.health import ConnectionHealth, Metrics
from binance_wsapi.options import (
    ClientOptions,
    OnRateLimit,
    OnUnknownOutcome,
    Options,
    Overflow,
    TimeUnit,
    Urls,
)
from binance_wsapi.outcomes import CallOutcome
from binance_wsapi.protocol.authorisation import Authoriser
from binance_wsapi.protocol.limits import LimitUsage
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.signing import KeyType, Signer, load_signer

__all__ = ["ClientBase", "EventName"]

C = TypeVar("C", bound="ClientBase")

GRACE_S = 5.0
"""How much longer than its own timeouts a call waits for the core before it gives up on it."""

log = logging.getLogger("binance_wsapi")

EventName = Literal[
    "open",
    "authenticated",
    "reconnecting",
    "reconnected",
    "rotated",
    "close",
    "exception",
    "message",
    "user_data",
    "outcome",
]


class ClientBase:
    """Options, handlers and end of life; see :class:`Client` and :class:`AsyncClient`."""

    def __init_subclass__(cls) -> None:
        if ClientBase in cls.__bases__:
            # Python names the function in the error for a misspelt option: users know no ClientBase.
            cls.__init__ = _named(ClientBase.__init__, f"{cls.__name__}.__init__")  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        api_key: str | None = None,
        api_secret: str | bytes | PathLike[str] | None = None,
        api_secret_passphrase: str | bytes | None = None,
        signer: Signer | None = None,
        beautify: bool = True,
        testnet: bool = False,
        demo_trading: bool = False,
        market_maker: bool = False,
        urls: Urls | None = None,
        proxy: str | None = None,
        headers: Mapping[str, str] | None = None,
        ssl: ssl_module.SSLContext | None = None,
        timeout: float = 10.0,
        connect_timeout: float = 10.0,
        recv_window: float | None = None,
        time_unit: TimeUnit | None = None,
        on_rate_limit: OnRateLimit = "raise",
        on_unknown_outcome: OnUnknownOutcome = "resolve",
        resolve_timeout: float = 30.0,
        resubscribe_user_data_stream_after_reconnect: bool = True,
        resubscribe_user_data_stream_delay_seconds: float = 2.0,
        keep_margin_listen_token_refreshed: bool = True,
        attach_event_listeners: bool = True,
        mute_latency_warning: bool = False,
        reconnect_delay: float = 0.25,
        reconnect_delay_max: float = 30.0,
        reconnect_factor: float = 2.0,
        ping_interval: float = 10.0,
        pong_timeout: float = 5.0,
        rotate_after: float | None = 23 * 3600.0,
        rotate_at: dt.time | None = None,
        event_buffer_size: int = 100_000,
        event_overflow: Overflow = "drop_oldest",
        metrics: Metrics | None = None,
    ) -> None:
        """Make a client; nothing is connected until it is needed.

        Args:
            api_key: Your API key. Market data needs none.
            api_secret: The secret of an HMAC key, or the private key of an RSA or Ed25519 key as PEM
                text, bytes or a path. Ed25519 is the fastest by far: it authenticates the connection
                once, the other two sign every request.
            api_secret_passphrase: Opens an encrypted PEM.
            signer: Your own signer in place of ``api_secret`` (a KMS, an HSM).
            beautify: Events as typed structs; ``False`` gives wire dicts. Either way the library's own
                records stand among them: :class:`StreamGap`, :class:`OrderReconciled` and
                :class:`AccountReconciled`.
            testnet: Talk to the testnet.
            demo_trading: Talk to the demo exchange.
            market_maker: Talk to the futures hosts for whitelisted market makers.
            urls: URLs of your own, by ``WsKey`` (``"rest"`` for the REST host of the margin token).
            proxy: URL of an HTTP proxy. ``None`` leaves it to the environment, for sockets and REST
                alike: ``HTTPS_PROXY`` (``HTTP_PROXY`` for ``ws`` and ``http``) unless ``NO_PROXY`` names
                the host; connections to this machine go straight.
            headers: Headers of your own for the handshakes, such as a gateway's token; never logged.
            ssl: An SSL context of your own.
            timeout: Seconds a call may take, waiting for a connection included.
            connect_timeout: Seconds an opening handshake may take.
            recv_window: Milliseconds a signed request stays valid; the exchange's default is 5,000.
            time_unit: Unit of the timestamps the Spot exchange sends; milliseconds by default.
            on_rate_limit: When a request would exceed a limit: ``"raise"`` refuses it before it is
                sent, ``"wait"`` holds it back as long as the timeout allows.
            on_unknown_outcome: When the fate of an order is unknown: ``"resolve"`` finds it out,
                ``"raise"`` raises :class:`OutcomeUnknown` at once.
            resolve_timeout: Seconds that finding out may take.
            resubscribe_user_data_stream_after_reconnect: Restore user data on a fresh connection.
                ``False`` leaves that to you: a loss is told at once, by a :class:`StreamGap` in the
                stream and an ``"exception"`` event, and ``subscribe_user_data_stream()`` goes on with
                the same stream, which then tells the whole gap.
            resubscribe_user_data_stream_delay_seconds: Seconds between attempts at that; the first one
                is part of the reconnect and not delayed.
            keep_margin_listen_token_refreshed: Renew margin listen tokens before they expire.
            attach_event_listeners: Log connection events to the ``binance_wsapi`` logger.
            mute_latency_warning: Do not warn that HMAC and RSA keys sign every request.
            reconnect_delay: Seconds before the first reconnect, at most; jittered.
            reconnect_delay_max: Seconds between later reconnects, at most.
            reconnect_factor: How fast that delay grows.
            ping_interval: Seconds of silence after which the peer is asked for a sign of life; on Spot
                by a request of weight 1 as well where user data is subscribed.
            pong_timeout: Seconds it has to give one.
            rotate_after: Seconds (60 or more) after which a connection is replaced without a gap, ahead
                of the exchange's 24 hour limit; ``None`` leaves it to the exchange to cut.
            rotate_at: The time of day (UTC unless aware) at which connections are replaced instead.
            event_buffer_size: Most events a stream keeps for a slow consumer.
            event_overflow: What goes when that is full: ``"drop_oldest"``, ``"drop_newest"``, or
                ``"close"`` for the whole stream. What was lost is told by a :class:`StreamGap`.
            metrics: Where figures of calls and connections go; see :class:`Metrics`.

        Raises:
            ConfigurationError: An option or the key cannot work; nothing was connected.
        """
        try:
            options = Options(
                api_key=api_key,
                beautify=beautify,
                testnet=testnet,
                demo_trading=demo_trading,
                market_maker=market_maker,
                urls=urls,
                proxy=proxy,
                headers=headers,
                ssl=ssl,
                timeout=timeout,
                connect_timeout=connect_timeout,
                recv_window=recv_window,
                time_unit=time_unit,
                on_rate_limit=on_rate_limit,
                on_unknown_outcome=on_unknown_outcome,
                resolve_timeout=resolve_timeout,
                resubscribe_user_data_stream_after_reconnect=(
                    resubscribe_user_data_stream_after_reconnect
                ),
                resubscribe_user_data_stream_delay_seconds=resubscribe_user_data_stream_delay_seconds,
                keep_margin_listen_token_refreshed=keep_margin_listen_token_refreshed,
                attach_event_listeners=attach_event_listeners,
                mute_latency_warning=mute_latency_warning,
                reconnect_delay=reconnect_delay,
                reconnect_delay_max=reconnect_delay_max,
                reconnect_factor=reconnect_factor,
                ping_interval=ping_interval,
                pong_timeout=pong_timeout,
                rotate_after=rotate_after,
                rotate_at=rotate_at,
                event_buffer_size=event_buffer_size,
                event_overflow=event_overflow,
                metrics=metrics,
            )
            with unforked:  # a kind of key has libraries of its own
                authoriser = _authoriser(options, api_secret, api_secret_passphrase, signer)
        except ConfigurationError as error:
            refused: ConfigurationError | None = _alone(error)
        else:
            refused = None
        # Tracebacks may be shown with the locals of their frames (Sentry, rich, unittest).
        del api_key, api_secret, api_secret_passphrase, signer, urls, proxy, headers
        if refused is not None:
            raise refused
        if authoriser.signer is not None and not authoriser.logs_on and not mute_latency_warning:
            log.warning(
                "%s keys sign every request, which adds latency: an Ed25519 key authenticates the "
                "connection once (mute_latency_warning=True mutes this)",
                authoriser.signer.key_type.value,
            )
        self._attach(
            Core(options, self._host(), authoriser=authoriser, transport=self._transport())
        )

    # No Self: jedi (Spyder, vim, emacs) completes nothing after it.
    @classmethod
    def from_env(cls: type[C], **options: Unpack[ClientOptions]) -> C:  # noqa: PYI019
        """Return a client with the key and secret of the environment.

        Args:
            **options: Any other options of the client.

        Raises:
            ConfigurationError: ``BINANCE_API_KEY`` or ``BINANCE_API_SECRET`` is not set, or an option
                or the key cannot work.
        """
        # jedi completes nothing after a method that gives Self, or that has a comment above its head.
        try:
            for name in ("BINANCE_API_KEY", "BINANCE_API_SECRET"):
                if not os.environ.get(name):
                    raise ConfigurationError(f"the environment variable {name} is not set")
            return cls(
                api_key=os.environ["BINANCE_API_KEY"],
                api_secret=os.environ["BINANCE_API_SECRET"],
                **options,
            )
        finally:
            del options  # a passphrase may be among them, and tracebacks be shown with their locals

    @overload
    def on(self, event: Literal["user_data"], handler: Callable[[Any], object]) -> None: ...
    @overload
    def on(self, event: Literal["outcome"], handler: Callable[[CallOutcome], object]) -> None: ...
    @overload
    def on(
        self, event: ConnectionEventKind, handler: Callable[[ConnectionEvent], object]
    ) -> None: ...
    def on(self, event: EventName, handler: Callable[[Any], object]) -> None:
        """Call a handler with each event of a kind from now on.

        Handlers run one after the other on a thread of their own: they may block and may call the
        client. ``"user_data"`` handlers get the events of every user data stream, ``"outcome"`` handlers
        the :class:`CallOutcome` of each call that was given up, all others a
        :class:`ConnectionEvent`. What a handler raises is logged, and told as an ``"exception"``
        event.

        Args:
            event: The kind of event.
            handler: Called with each event; a coroutine function runs on the event loop it was added on.

        Raises:
            ConfigurationError: There is no such event, or the handler cannot be called.
        """
        self._core.dispatcher.on(event, handler)

    def off(self, event: EventName, handler: Callable[[Any], object]) -> None:
        """Call a handler no more; one that was never added is no error.

        Args:
            event: The kind of event.
            handler: The handler, as it was added.

        Raises:
            ConfigurationError: There is no such event.
        """
        self._core.dispatcher.off(event, handler)

    def set_time_offset_ms(self, offset_ms: float | None) -> None:
        """Set by how much the exchange's clock is ahead of this machine's, instead of measuring it.

        It counts for all exchanges this client talks to and for what is stamped from now on. Steps of this
        machine's clock then reach the requests; what becomes of orders whose answers were lost is found
        out by the monotonic clock as well.

        Args:
            offset_ms: Milliseconds; negative when the exchange is behind. ``None`` measures again.

        Raises:
            ParameterError: It is no finite number.
        """
        if offset_ms is not None:
            check_seconds("offset_ms", offset_ms, unit="milliseconds")
        self._core.set_time_offset_ms(offset_ms)

    def health(self) -> list[ConnectionHealth]:
        """Return how each connection in use is doing; asks the client's own thread, quickly.

        Returns:
            The state of each connection that was used since the start or since
            :meth:`disconnect_all`: of the WebSocket API, then of user data that has one of its own, then
            of market streams.

        Raises:
            ClientClosed: The client is closed.
            RequestTimeout: The client's own thread does not answer.
        """
        health: list[ConnectionHealth] = self._wait(self._core.health, GRACE_S)
        return health

    def outcomes(self) -> list[CallOutcome]:
        """Return what became of the calls that their callers gave up, and which are open still.

        A call is given up when its wait ends otherwise than by its own result or error: its task is
        cancelled (``asyncio.timeout``, ``asyncio.wait_for``, a task group, a scope of ``anyio``), its
        event loop is closed, or an interrupt (Ctrl-C, a signal handler that raises) ends the blocking
        call; so is an :meth:`OutcomeUnknown.resolve` that is not waited for. If nothing was written,
        nothing ever is. Otherwise the outcome is found out all the same: by the answer, or by asking,
        for ``resolve_timeout`` seconds, whatever ``on_unknown_outcome`` says.

        The exception that ends the wait says which (see :func:`given_up`). Each outcome is also told
        once by an ``"outcome"`` event and in the log ``binance_wsapi.outcomes``: as a warning, or as
        information where nothing was sent. Only calls that change something are told; the answers of
        others are dropped.

        Returns:
            The last 1,000 outcomes that are known, oldest first, then the calls that are open.
        """
        LoopDelivery.forget_closed_loops()
        return self._core.giving_up.outcomes()

    @property
    def rate_limits(self) -> dict[str, list[LimitUsage]]:
        """How far the exchange's limits are used up, by market, what is under way included.

        These are the limits of the environment the client was made for; keys of the testnet in another
        client's hands have limits of their own.

        Raises:
            ClientClosed: The client is closed.
            RequestTimeout: The client's own thread does not answer.
        """
        usage: dict[str, list[LimitUsage]] = self._wait(self._core.limit_usage, GRACE_S)
        return usage

    @property
    def closed(self) -> bool:
        """Whether the client is closed."""
        return self._core.closed

    def _attach(self, core: Core) -> None:
        self._core = core
        options = core.options
        self._patience = options.resolve_timeout + GRACE_S
        self._longest_wait = options.timeout + options.connect_timeout + GRACE_S
        core.owner = weakref.ref(self)
        self._finalizer = weakref.finalize(self, core.close)

    def _host(self) -> LoopHost:
        return LoopThread()

    def _transport(self) -> Transport | None:
        return None

    def _check_open(self) -> None:
        if self._core.closed:
            raise self._core.closed_error()

    def _wait(self, work: Callable[[], Coroutine[Any, Any, Any]], timeout: float) -> Any:
        """Run something on the core's loop and block until it is done."""
        core = self._core
        if get_ident() == core.host.thread_id:
            raise ConfigurationError("a blocking call on the client's own loop would never end")
        running = core.run(work)
        try:
            return running.result(timeout)
        except concurrent.futures.CancelledError:
            raise core.closed_error() from None
        except TimeoutError:
            running.cancel()
            raise unresponsive(timeout) from None

    def _complete(self, kind: CallKind, params: dict[str, WireValue]) -> None:
        """Add what the library answers for: client order ids, so that no order is lost from sight.

        Raises:
            ConfigurationError: The operation needs a key that the client was not given.
        """
        if "signature" in params:
            return  # the caller answers for it, key and all
        core = self._core
        if kind.needs_key and not core.authoriser.is_complete:
            assert kind.operation is not None
            core.authoriser.check(kind.operation)
        for wire in kind.client_ids:
            if wire not in params:
                params[wire] = core.client_order_id()

    def __repr__(self) -> str:
        if "_core" not in vars(self):  # its making failed, and a traceback is shown with its locals
            return f"<{type(self).__name__} not made>"
        state = "closed" if self.closed else self._core.options.environment.value
        return f"<{type(self).__name__} {state}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(
            f"a {type(self).__name__} holds connections and secrets: it does not pickle"
        )


def _named(function: Any, qualified_name: str) -> Any:
    code = function.__code__.replace(co_qualname=qualified_name)
    copy = FunctionType(code, function.__globals__, function.__name__)
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__ = qualified_name
    return update_wrapper(copy, function, (*set(WRAPPER_ASSIGNMENTS) - {"__qualname__"},))


def _alone(error: ConfigurationError) -> ConfigurationError:
    """Return an error without the frames it came through, which hold secrets."""
    error.__context__ = None
    return error.with_traceback(None)


def _authoriser(
    options: Options,
    api_secret: str | bytes | PathLike[str] | None,
    passphrase: str | bytes | None,
    signer: Signer | None,
) -> Authoriser:
    if api_secret is not None and signer is not None:
        raise ConfigurationError("api_secret and signer exclude each other: pass one")
    if options.api_key is None and (api_secret is not None or signer is not None):
        raise ConfigurationError("a secret without api_key: pass api_key too")
    if signer is not None and (
        not callable(getattr(signer, "sign", None))
        or not isinstance(getattr(signer, "key_type", None), KeyType)
    ):
        raise ConfigurationError("signer needs an attribute key_type (a KeyType) and sign(payload)")
    if api_secret is not None:
        signer = load_signer(api_secret, passphrase)
    return Authoriser(api_key=options.api_key, signer=signer, recv_window=options.recv_window)
