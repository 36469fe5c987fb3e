"""What both clients share: the options, the core behind them, and everything that never waits."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import WRAPPER_ASSIGNMENTS, partial, update_wrapper
from inspect import getattr_static
from os import PathLike
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar, Unpack, overload

from binance_wsapi._client_signature import ClientSignature
from binance_wsapi._option_fields import ENVIRONMENT, CallOptions
from binance_wsapi.core.call import Call
from binance_wsapi.core.call_kind import CallKind
from binance_wsapi.core.core import Core
from binance_wsapi.core.loop_delivery import LoopDelivery
from binance_wsapi.core.loop_thread import LoopThread
from binance_wsapi.core.neighbours import PROCESS
from binance_wsapi.core.runtime import Runtime
from binance_wsapi.endpoints import ENVIRONMENT_VARIABLE, WsKey
from binance_wsapi.errors import ConfigurationError, check_seconds
from binance_wsapi.events import (
    BaseEventStream,
    ConnectionEvent,
    ConnectionEventKind,
    EventLogChanged,
    EventStream,
    SharedLimitsChanged,
)
from binance_wsapi.forks import made_once, unforked
from binance_wsapi.loading import load
from binance_wsapi.models.rows import Rows
from binance_wsapi.options import (
    ClientOptions,
    Options,
)
from binance_wsapi.outcomes import CallOutcome, Recovered
from binance_wsapi.protocol.authorisation import Authoriser, window_value
from binance_wsapi.protocol.inquiry import DEFAULT_RECV_WINDOW_MS
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.signing import KeyType, Signer, load_signer
from binance_wsapi.redirection import redirected

if TYPE_CHECKING:
    from binance_wsapi.core.account_keeper import AccountKeeper
    from binance_wsapi.core.write_ahead import WriteAhead
    from binance_wsapi.rules.symbol_rules import SymbolRules

__all__ = [
    "ClientBase",
    "EventName",
    "HttpMethod",
    "MarketName",
    "close_account",
    "close_new",
    "kept_journal",
    "recovery_of",
]

C = TypeVar("C", bound="ClientBase")

GRACE_S = 5.0
"""How much longer than its own timeouts a call waits for the core before it gives up on it."""

log = logging.getLogger("binance_wsapi")

T = TypeVar("T")

LimitsEventKind = Literal["limits_shared", "limits_alone"]
LogEventKind = Literal["log_away", "log_back"]
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
    "limits_shared",
    "limits_alone",
    "log_away",
    "log_back",
]


MarketName = Literal["spot", "usdm", "coinm", "portfolio_margin", "eoptions"]
HttpMethod = Literal["GET", "POST", "PUT", "DELETE"]


class ClientBase(ClientSignature):
    """Options, handlers and end of life; see :class:`Client` and :class:`AsyncClient`."""

    _stream_type: ClassVar[type[BaseEventStream[Any]]] = EventStream

    _call_options: Options | None = None
    """What the calls of a view are made with in place of the client's options."""
    _recv_window: float | None = None
    """What they are stamped with, in milliseconds, where that differs from the client's."""

    def __init_subclass__(cls) -> None:
        if cls.__module__.partition(".")[0] == "binance_wsapi":  # a class of the user's has its own
            # Python names the function in the error for a misspelt option: users know no ClientBase.
            # setattr: an assignment would be one more constructor to type checkers.
            setattr(cls, "__init__", _named(ClientBase.__init__, f"{cls.__name__}.__init__"))  # noqa: B010

    def _read(
        self, key: tuple[Any, Any, Any], /, **given: Any
    ) -> tuple[Options, Authoriser] | ConfigurationError:
        api_secret, passphrase, signer = key
        try:
            if changed := redirected(given, os.environ):
                given |= changed
            options = Options(**given)
            if changed:
                # Who left the variable set by mistake must not believe that orders are real.
                log.warning(
                    "the environment (%s and its like) leads this client to %s",
                    ENVIRONMENT_VARIABLE,
                    options.whereabouts,
                )
            with unforked:  # a kind of key has libraries of its own
                return options, _authoriser(options, api_secret, passphrase, signer)
        except ConfigurationError as error:
            return _alone(error)

    def _begin(self, options: Options, authoriser: Authoriser) -> None:
        if (
            authoriser.signer is not None
            and not authoriser.logs_on
            and not options.mute_latency_warning
        ):
            log.warning(
                "%s keys sign every request, which adds latency: an Ed25519 key authenticates the "
                "connection once (mute_latency_warning=True mutes this)",
                authoriser.signer.key_type.value,
            )
        runtime = self._make_runtime(options, authoriser)
        self._attach(Core(runtime, None if options.journal is None else _write_ahead(runtime)))

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
            for variable in ENVIRONMENT:
                if not os.environ.get(variable):
                    raise ConfigurationError(f"the environment variable {variable} is not set")
            key: Any = {option: os.environ[each] for each, option in ENVIRONMENT.items()}
            return cls(**key, **options)
        finally:
            # A passphrase may be among them, and tracebacks be shown with their locals.
            del options
            key = {}

    def with_options(self, **options: Unpack[CallOptions]) -> Self:
        """Return a view of this client whose calls are made with other options.

        It shares everything with this client: connections, limits, streams, handlers, and the end: closing
        one closes both. It costs about as much as an order, so keep one that you use often::

            quick = client.with_options(timeout=2, on_rate_limit="raise")
            quick.spot.get_order_book("BTCUSDT")

        Args:
            **options: Any of ``timeout``, ``recv_window``, ``on_rate_limit``, ``on_unknown_outcome``,
                ``resolve_timeout``, and ``numbers``, as the client takes them. They count for the
                operations, for ``request`` and for ``rest``, and ``numbers`` for the market streams, order
                books and account states that the view makes; what is left out stays as it is.

        Raises:
            ConfigurationError: An option cannot work.
            TypeError: There is no such option, or it concerns more than single calls.
        """
        known = CallOptions.__annotations__
        for name in options:
            if name not in known:
                raise TypeError(
                    f"with_options() takes no option {name!r}: calls may differ in {', '.join(known)}"
                )
        runtime = self._runtime
        changed = replace(self._call_options or runtime.options, **options)
        kept = {
            name: value
            for name, value in list(vars(self).items())
            # What is made at its first use is bound to the client that made it.
            if not isinstance(getattr_static(type(self), name, None), made_once)
        }
        view = object.__new__(type(self))
        vars(view).update(
            kept,
            # While the view lives, so does the client, whose end ends the connections.
            _origin=self,
            _call_options=changed,
            _patience=changed.resolve_timeout + GRACE_S,
            _recv_window=None,
        )
        if changed.recv_window != runtime.options.recv_window:
            view._recv_window = changed.recv_window or DEFAULT_RECV_WINDOW_MS
            if view._recv_window > (runtime.widest_recv_window or DEFAULT_RECV_WINDOW_MS):
                runtime.widest_recv_window = view._recv_window
        return view

    def _apply(self, options: Options, call: Call) -> None:
        call.options = options
        call.timeout = options.timeout
        call.deadline = call.made_at + options.timeout
        call.in_floats = options.numbers == "float"
        if self._recv_window is not None and call.kind.signed and "signature" not in call.params:
            call.params = {"recvWindow": window_value(self._recv_window), **call.params}

    @overload
    def on(self, event: Literal["user_data"], handler: Callable[[Any], object]) -> None: ...
    @overload
    def on(self, event: Literal["outcome"], handler: Callable[[CallOutcome], object]) -> None: ...
    @overload
    def on(
        self, event: LimitsEventKind, handler: Callable[[SharedLimitsChanged], object]
    ) -> None: ...
    @overload
    def on(self, event: LogEventKind, handler: Callable[[EventLogChanged], object]) -> None: ...
    @overload
    def on(
        self, event: ConnectionEventKind, handler: Callable[[ConnectionEvent], object]
    ) -> None: ...
    def on(self, event: EventName, handler: Callable[[Any], object]) -> None:
        """Call a handler with each event of a kind from now on.

        Handlers run one after the other on a thread of their own: they may block and may call the
        client. ``"user_data"`` handlers get the events of every user data stream, ``"outcome"`` handlers
        the :class:`CallOutcome` of each call that was given up, ``"limits_shared"`` and ``"limits_alone"``
        handlers a :class:`SharedLimitsChanged` (see ``shared_limits``), ``"log_away"`` and ``"log_back"``
        handlers an :class:`EventLogChanged` (see ``event_log``), all others a
        :class:`ConnectionEvent`. What a handler raises is logged, and told as an ``"exception"``
        event.

        Args:
            event: The kind of event.
            handler: Called with each event; a coroutine function runs on the event loop it was added on.

        Raises:
            ConfigurationError: There is no such event, or the handler cannot be called.
        """
        self._runtime.dispatcher.on(event, handler)

    def off(self, event: EventName, handler: Callable[[Any], object]) -> None:
        """Call a handler no more; one that was never added is no error.

        Args:
            event: The kind of event.
            handler: The handler, as it was added.

        Raises:
            ConfigurationError: There is no such event.
        """
        self._runtime.dispatcher.off(event, handler)

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
        self._runtime.exchanges.set_time_offset_ms(offset_ms)

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
        information where nothing was sent. So is an answer that came after its caller had been told
        :class:`OutcomeUnknown`, while its connection lived. Only calls that change something are told; the answers of
        others are dropped.

        Returns:
            The last 1,000 outcomes that are known, oldest first, then the calls that are open.
        """
        LoopDelivery.forget_closed_loops()
        return self._core.giving_up.outcomes()

    @property
    def closed(self) -> bool:
        """Whether the client is closed."""
        return self._runtime.closed

    def _make_runtime(self, options: Options, authoriser: Authoriser) -> Runtime:
        servers = _servers(options)
        host = LoopThread(owns_sockets=options.transport_name == "direct")
        # Who shares limits with other processes shares them with clients of this one in the same way.
        neighbours = PROCESS if options.shared_limits is None else None
        return Runtime(options, host, authoriser=authoriser, neighbours=neighbours, **servers)

    def _attach(self, core: Core) -> None:
        self._core = core
        self._runtime = core.runtime
        options = self._runtime.options
        self._patience = options.resolve_timeout + GRACE_S
        self._longest_wait = options.timeout + options.connect_timeout + GRACE_S
        self._runtime.stream_type = self._stream_type
        self._runtime.owner = weakref.ref(self)
        self._finalizer = weakref.finalize(self, core.close)

    def _check_open(self) -> None:
        if self._runtime.closed:
            raise self._runtime.closed_error()

    def _complete(self, kind: CallKind, params: dict[str, WireValue]) -> None:
        """Add what the library answers for: client order ids, so that no order is lost from sight.

        Raises:
            ConfigurationError: The operation needs a key that the client was not given.
        """
        if "signature" in params:
            return  # the caller answers for it, key and all
        runtime = self._runtime
        if kind.needs_key and not runtime.authoriser.is_complete:
            assert kind.operation is not None
            runtime.authoriser.check(kind.operation)
        for wire in kind.client_ids:
            if wire not in params:
                params[wire] = runtime.client_order_id()

    @property
    def _in_floats(self) -> bool:
        """Whether whoever calls wants floats."""
        return (self._call_options or self._runtime.options).numbers == "float"

    @property
    def urls(self) -> dict[WsKey, str]:
        """Where each connection of this client goes, as far as it has an address."""
        options = self._runtime.options
        return {ws_key: url for ws_key in WsKey if (url := options.shown_url(ws_key))}

    def _known_rules(self, ws_key: WsKey, symbol: str) -> tuple[str, SymbolRules | None]:
        """Return a symbol, checked, and its rules if they need not be asked for."""
        self._check_open()
        with unforked:
            from binance_wsapi.core.symbol_rules import checked_symbol

        symbol = checked_symbol(ws_key, symbol)
        return symbol, self._core.rules.known(ws_key, symbol)

    def __repr__(self) -> str:
        if "_core" not in vars(self):  # its making failed, and a traceback is shown with its locals
            return f"<{type(self).__name__} not made>"
        where = self._runtime.options.whereabouts
        return f"<{type(self).__name__} {where}{', closed' if self.closed else ''}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            kind = type(self)
            if hasattr(kind, name):  # there is one, and reading it failed: say how
                return object.__getattribute__(self, name)
            meant = None
            if not name.startswith("_"):  # those are asked for by Python and notebooks
                meant = load("binance_wsapi.catalogue.aliases").attribute_meant(name)
            hint = f"write {meant}" if meant else "dir() lists what there is"
            raise AttributeError(f"{kind.__name__} has no attribute {name!r}: {hint}", name=name)

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


def _write_ahead(runtime: Runtime) -> WriteAhead:
    with unforked:
        from binance_wsapi.core.write_ahead import WriteAhead
        from binance_wsapi.journal import open_journal

    options = runtime.options
    try:
        journal = open_journal(options, runtime.id_prefix)
    except ConfigurationError:
        runtime.host.stop(runtime.close_transport, GRACE_S)
        raise
    return WriteAhead(runtime, journal, sends_unjournalled=options.journal_failure == "send")


def kept_journal(core: Core) -> WriteAhead:
    """Return the journal of a client, or say that it has none."""
    if core.write_ahead is None:
        raise ConfigurationError("this client keeps no journal: pass journal= a path or URL")
    return core.write_ahead


def recovery_of(
    core: Core, timeout: float | None
) -> Callable[[], Coroutine[Any, Any, Rows[Recovered]]]:
    """Return what finds out about all that earlier clients left open, or say why it cannot."""
    write_ahead = kept_journal(core)
    if timeout is not None:
        check_seconds("timeout", timeout)
    with unforked:
        from binance_wsapi.core.recovery import recover

    return partial(recover, core.look_ups, write_ahead, lambda: core.rest, timeout)


def _servers(options: Options) -> dict[str, Any]:
    """Return what speaks with the servers that the options name, as arguments of a runtime.

    Raises:
        ConfigurationError: What speaks with them is not installed, or a URL says what cannot be.
    """
    made: dict[str, Any] = {}
    name = ""
    try:
        with unforked:
            if options.shared_limits is not None:
                name = "shared_limits"
                from binance_wsapi.shared_limits.redis_limits import RedisLimits

                made["shared"] = RedisLimits(options.shared_limits)
            if options.event_log is not None:
                name = "event_log"
                from binance_wsapi.event_log.redis_log import RedisEventLog

                made["event_log"] = RedisEventLog(options.event_log)
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"{name} needs redis-py: pip install 'binance-wsapi[redis]'"
        ) from None
    return made


def close_account(keeper: AccountKeeper) -> None:
    """End the state of an account whose caller has gone."""
    keeper.close()


def close_new(subscribed: tuple[BaseEventStream[Any], bool]) -> None:
    """End a user data stream whose caller has gone, unless it was there before."""
    stream, is_new = subscribed
    if is_new:
        stream.close()
