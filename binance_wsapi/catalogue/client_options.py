"""The options of both clients, described once.

From here come the clients' signature and its docstring, the fields of
:class:`binance_wsapi.options.Options`, the typed keywords of ``from_env``, the table of the site and the
environment variables. What a value must be like is checked in ``binance_wsapi/options.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OPTIONS", "ClientOption"]


@dataclass(frozen=True, slots=True)
class ClientOption:
    """One keyword of a client."""

    name: str
    type: str
    """As it is annotated."""
    default: str
    """As it is written in Python."""
    about: str
    """For the docstring and the site."""
    is_key: bool = False
    """Part of the key: made into a signer at once, and not kept among the options."""
    is_confidential: bool = False
    """It may hold a secret: neither ``repr`` nor a traceback may show it."""
    environment: str | None = None
    """The variable that ``from_env`` reads it from."""
    is_per_call: bool = False
    """It concerns single calls: ``with_options`` takes it."""


OPTIONS: tuple[ClientOption, ...] = (
    ClientOption(
        "api_key",
        "str | None",
        "None",
        "Your API key. Market data needs none.",
        is_confidential=True,
        environment="BINANCE_API_KEY",
    ),
    ClientOption(
        "api_secret",
        "str | bytes | PathLike[str] | None",
        "None",
        "The secret of an HMAC key, or the private key of an RSA or Ed25519 key as PEM text, "
        "bytes or a path. Ed25519 is the fastest by far: it authenticates the connection "
        "once, the other two sign every request.",
        is_key=True,
        environment="BINANCE_API_SECRET",
    ),
    ClientOption(
        "api_secret_passphrase",
        "str | bytes | None",
        "None",
        "Opens an encrypted PEM.",
        is_key=True,
    ),
    ClientOption(
        "signer",
        "Signer | None",
        "None",
        "Your own signer in place of ``api_secret`` (a KMS, an HSM); called on a thread of "
        "its own unless it says ``slow = False``.",
        is_key=True,
    ),
    ClientOption(
        "beautify",
        "bool",
        "True",
        "Events as typed structs; ``False`` gives wire dicts. Either way the library's own "
        "records stand among them: :class:`StreamGap`, :class:`OrderReconciled` and "
        ":class:`AccountReconciled`.",
    ),
    ClientOption(
        "testnet",
        "bool",
        "False",
        "Talk to the testnet.",
    ),
    ClientOption(
        "demo_trading",
        "bool",
        "False",
        "Talk to the demo exchange.",
    ),
    ClientOption(
        "market_maker",
        "bool",
        "False",
        "Talk to the futures hosts for whitelisted market makers.",
    ),
    ClientOption(
        "urls",
        "Urls | None",
        "None",
        'URLs of your own, by ``WsKey``; ``"rest"`` for the host of all REST calls.',
        is_confidential=True,
    ),
    ClientOption(
        "proxy",
        "str | None",
        "None",
        "URL of an HTTP proxy. ``None`` leaves it to the environment, for sockets and REST "
        "alike: ``HTTPS_PROXY`` (``HTTP_PROXY`` for ``ws`` and ``http``) unless ``NO_PROXY`` "
        "names the host; connections to this machine go straight.",
        is_confidential=True,
    ),
    ClientOption(
        "headers",
        "Mapping[str, str] | None",
        "None",
        "Headers of your own for the handshakes, such as a gateway's token; never logged.",
        is_confidential=True,
    ),
    ClientOption(
        "ssl",
        "ssl_module.SSLContext | None",
        "None",
        "An SSL context of your own.",
    ),
    ClientOption(
        "transport",
        "TransportName | None",
        "None",
        'What opens the sockets: ``"aiohttp"``, or ``"direct"`` (Linux), this library\'s own; through a proxy, '
        "and for REST, it is aiohttp either way. ``None`` takes what ``BINANCE_WSAPI_TRANSPORT`` in the "
        "environment names, or else aiohttp.",
    ),
    ClientOption(
        "timeout",
        "float",
        "10.0",
        "Seconds a call may take, waiting for a connection included.",
        is_per_call=True,
    ),
    ClientOption(
        "connect_timeout",
        "float",
        "10.0",
        "Seconds an opening handshake may take.",
    ),
    ClientOption(
        "recv_window",
        "float | None",
        "None",
        "Milliseconds a signed request stays valid; the exchange's default is 5,000.",
        is_per_call=True,
    ),
    ClientOption(
        "time_unit",
        "TimeUnit | None",
        "None",
        'Unit of the timestamps the Spot exchange sends: ``"MILLISECOND"`` (the exchange\'s '
        'default) or ``"MICROSECOND"``.',
    ),
    ClientOption(
        "on_rate_limit",
        "OnRateLimit",
        '"raise"',
        'When a request would exceed a limit: ``"raise"`` refuses it before it is sent, '
        '``"wait"`` holds it back as long as the timeout allows.',
        is_per_call=True,
    ),
    ClientOption(
        "shared_limits",
        "str | None",
        "None",
        "A Redis or Valkey server, ``redis://host:6379/0``, through which all clients that name it share limits, in "
        "other processes and on other hosts: weight and connection attempts, and orders by API key. "
        "``?address=NAME`` tells several addresses apart. It takes the ``redis`` extra.",
        is_confidential=True,
    ),
    ClientOption(
        "event_log",
        "str | None",
        "None",
        "A Redis or Valkey server, ``redis://host:6379/0``, in which the client logs the user data that it is "
        "subscribed to, for :func:`binance_wsapi.event_log.read_events` in any process, and the market streams that "
        "``client.streams.log()`` names. Of the clients of an account, or a stream, one publishes, the others stand by. ``?account=NAME`` names the account, ``?keep=N`` says about how "
        "many entries are kept (100,000), ``&keep_hours=N`` for how long. It takes the ``redis`` extra.",
        is_confidential=True,
    ),
    ClientOption(
        "on_unknown_outcome",
        "OnUnknownOutcome",
        '"resolve"',
        'When the fate of an order is unknown: ``"resolve"`` finds it out, ``"raise"`` raises '
        ":class:`OutcomeUnknown` at once.",
        is_per_call=True,
    ),
    ClientOption(
        "order_rules",
        "OrderRules",
        '"off"',
        'What becomes of an order that breaks the trading rules of its symbol: ``"off"`` sends it, ``"check"`` '
        'raises :class:`RulesBroken` before anything is sent, ``"round"`` fits its prices and quantities '
        "to the rules, as :attr:`Response.adjustments` then tells. The first order of a symbol waits for its "
        "rules.",
    ),
    ClientOption(
        "journal",
        "str | PathLike[str] | None",
        "None",
        "A file, or a database of PostgreSQL's (``postgresql://user:password@host/database``), in which the client "
        "writes down each request that changes orders before it is sent, and what became of it: after a crash "
        ":meth:`recover` finds out about those that are open. One client at a time has the file, or the "
        "database's part for its key.",
        is_confidential=True,
    ),
    ClientOption(
        "durability",
        "Durability",
        '"process"',
        'What the journal outlives: ``"process"`` the end of the process, however it ends; ``"power"`` that of '
        "the machine (or of the database's server), too, and each request waits for the disk.",
    ),
    ClientOption(
        "journal_failure",
        "JournalFailure",
        '"raise"',
        'When the journal does not take a request (a full disk, a server away): ``"raise"`` raises :class:`NotSent`, ``"send"`` '
        "sends it all the same, and logs an error.",
    ),
    ClientOption(
        "journal_days",
        "float | None",
        "30.0",
        "Days that settled entries stay in the journal, which is seen to when it is opened and once an hour; "
        "``None`` keeps all. What is open stays.",
    ),
    ClientOption(
        "client_order_id_prefix",
        "str",
        '"w"',
        "What the ids begin with that orders without one of yours get: up to 10 letters, digits, "
        "`-` and `_`. Behind it stands what makes them unlike those of any other client.",
    ),
    ClientOption(
        "resolve_timeout",
        "float",
        "30.0",
        "Seconds that finding out may take.",
        is_per_call=True,
    ),
    ClientOption(
        "numbers",
        "ResultNumbers",
        '"decimal"',
        'What prices, quantities and amounts are in results, events, order books and account states: ``"decimal"`` '
        'for ``Decimal``, which is exact; ``"float"`` where arithmetic with floats matters more than the last '
        "digit, at some microseconds a result. What the library itself decides by, and what it tells of "
        "trading rules, is ``Decimal`` all the same, and type checkers go on seeing ``Decimal``.",
        is_per_call=True,
    ),
    ClientOption(
        "resubscribe_user_data_stream_after_reconnect",
        "bool",
        "True",
        "Restore user data on a fresh connection. ``False`` leaves that to you: a loss is "
        'told at once, by a :class:`StreamGap` in the stream and an ``"exception"`` event, '
        "and ``subscribe_user_data_stream()`` goes on with the same stream, which then tells "
        "the whole gap.",
    ),
    ClientOption(
        "resubscribe_user_data_stream_delay_seconds",
        "float",
        "2.0",
        "Seconds between attempts at that; the first one is part of the reconnect and not delayed.",
    ),
    ClientOption(
        "keep_margin_listen_token_refreshed",
        "bool",
        "True",
        "Renew margin listen tokens before they expire.",
    ),
    ClientOption(
        "attach_event_listeners",
        "bool",
        "True",
        "Log connection events to the ``binance_wsapi`` logger.",
    ),
    ClientOption(
        "mute_latency_warning",
        "bool",
        "False",
        "Do not warn that HMAC and RSA keys sign every request.",
    ),
    ClientOption(
        "reconnect_delay",
        "float",
        "0.25",
        "Seconds before the first reconnect, at most; jittered.",
    ),
    ClientOption(
        "reconnect_delay_max",
        "float",
        "30.0",
        "Seconds between later reconnects, at most.",
    ),
    ClientOption(
        "reconnect_factor",
        "float",
        "2.0",
        "How fast that delay grows.",
    ),
    ClientOption(
        "ping_interval",
        "float",
        "10.0",
        "Seconds of silence after which the peer is asked for a sign of life; on Spot by a "
        "request of weight 1 as well where user data is subscribed.",
    ),
    ClientOption(
        "pong_timeout",
        "float",
        "5.0",
        "Seconds it has to give one.",
    ),
    ClientOption(
        "rotate_after",
        "float | None",
        "82_800.0",
        "Seconds (23 h; 60 at least) after which a connection is replaced without a gap, "
        "ahead of the exchange's 24 hour limit; ``None`` leaves it to the exchange to cut.",
    ),
    ClientOption(
        "rotate_at",
        "dt.time | None",
        "None",
        "The time of day, a ``datetime.time`` (UTC unless aware), at which connections are "
        "replaced instead.",
    ),
    ClientOption(
        "event_buffer_size",
        "int",
        "100_000",
        "Most events a stream keeps for a slow consumer.",
    ),
    ClientOption(
        "event_overflow",
        "Overflow",
        '"drop_oldest"',
        'What goes when that is full: ``"drop_oldest"``, ``"drop_newest"``, or ``"close"`` '
        "for the whole stream. What was lost is told by a :class:`StreamGap`.",
    ),
    ClientOption(
        "metrics",
        "Metrics | None",
        "None",
        "Where figures of calls and connections go; see :class:`Metrics`. "
        "``binance_wsapi.opentelemetry.OpenTelemetryMetrics()`` comes with the "
        "``opentelemetry`` extra.",
    ),
)
