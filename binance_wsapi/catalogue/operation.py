"""What an operation of the exchange is, as data.

One :class:`Operation` describes one wire method of one market completely: the facades are generated
from it, parameters are checked by it, limits are reckoned by it, and the embedded exchange answers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from binance_wsapi.catalogue.fates import Fate
from binance_wsapi.catalogue.order_legs import OrderLeg
from binance_wsapi.markets import Market
from binance_wsapi.models.base import OpenEnum

__all__ = [
    "Forbids",
    "Kind",
    "Needs",
    "Operation",
    "Param",
    "Security",
    "Upkeep",
    "Weight",
    "WeightStep",
]


class Security(Enum):
    """What the exchange asks of the sender."""

    NONE = "NONE"
    USER_STREAM = "USER_STREAM"
    USER_DATA = "USER_DATA"
    TRADE = "TRADE"
    SIGNED = "SIGNED"


class Upkeep(Enum):
    """What an operation does for its connection, or for the account's listen key."""

    LOGON = "logs the connection on"
    LOGOUT = "logs it out"
    LISTEN_KEY_END = "takes the listen key from the stream that reads it"
    OTHER = "tells or changes something else of them"


class Kind(Enum):
    """How a parameter's value is checked and written."""

    STRING = "string"
    INT = "int"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    BOOLEAN_TEXT = "boolean text"
    """``true``/``false`` as text on the wire (futures ``reduceOnly`` and kin)."""
    ENUM = "enum"
    TIMESTAMP = "timestamp"
    STRING_LIST = "list of strings"
    ENUM_LIST = "list of enum values"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an operation."""

    name: str
    """As the facades spell it: ``time_in_force``."""
    wire: str
    """As the exchange spells it: ``timeInForce``."""
    kind: Kind
    about: str
    """One sentence for the docstring, with the unit where there is one."""
    required: bool = False
    default: str | None = None
    """What the exchange takes when nothing is sent, for the docstring."""
    enum: type[OpenEnum] | None = None
    """The open enum of the values; others pass, since the exchange may add some."""
    values: tuple[str, ...] | None = None
    """The values documented here, where the enum has more; for the docstring."""
    minimum: float | None = None
    maximum: float | None = None
    max_decimals: int | None = None
    max_length: int | None = None
    max_items: int | None = None
    pattern: str | None = None
    auth: bool = False
    """Filled in by the core: ``api_key``, ``signature``, ``timestamp``, ``recv_window``."""

    @property
    def is_id(self) -> bool:
        """Whether it takes the number of an order, a trade or the like: digits may come as text."""
        return self.kind is Kind.INT and self.wire.endswith("Id")


@dataclass(frozen=True, slots=True)
class Needs:
    """When the parameters in ``when`` have these wire values, one of ``any_of`` must be sent (wire names)."""

    any_of: tuple[str, ...]
    when: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Forbids:
    """When the parameter ``when`` has one of these wire values, none of ``params`` may be sent (wire names)."""

    params: tuple[str, ...]
    when: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeightStep:
    """Weight of a request when its condition holds; steps are tried in order, the first that holds counts."""

    weight: int
    param: str | None = None
    """Wire name the condition looks at; ``None`` always holds."""
    low: int | None = None
    """Least value (of a number) or length (of a list); with neither bound, "the parameter is sent"."""
    high: int | None = None
    per_item: bool = False
    """Multiply by the number of items in ``param``, up to ``cap``."""
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """Request weight of an operation."""

    steps: tuple[WeightStep, ...]
    on_success: int | None = None
    """Weight charged when the request succeeds, where that differs (0 for most order methods)."""

    @classmethod
    def fixed(cls, weight: int, *, on_success: int | None = None) -> Weight:
        """Return a weight that no parameter changes."""
        return cls((WeightStep(weight),), on_success)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One wire method of one market."""

    market: Market
    method: str
    """Wire name: ``order.place``."""
    name: str
    """Facade name: ``submit_new_order``."""
    title: str
    """First line of the docstring, imperative."""
    security: Security
    params: tuple[Param, ...]
    result: Any
    """The type the result decodes to: a model, ``list[model]``, or a union of the two."""
    weight: Weight
    signed: bool = False
    fate: Fate | None = None
    """What kind of change it makes: it places, changes or cancels orders, and is never sent twice by the
    library. ``None`` when it changes nothing."""
    upkeep: Upkeep | None = None
    """What it does for its connection or the account's listen key, in place of anything for the caller:
    asked on another connection it is another question. ``None`` for all else."""
    legs: tuple[OrderLeg, ...] = ()
    """The orders it asks for, as far as it names prices and quantities."""
    order_count: int = 0
    """What it adds to the account's unfilled order count (ORDERS limits)."""
    client_ids: tuple[str, ...] = ()
    """Wire names of client ids to make when the caller gives none; the first identifies the request."""
    needs: tuple[Needs, ...] = ()
    forbids: tuple[Forbids, ...] = ()
    exclusive: tuple[tuple[str, ...], ...] = ()
    """Groups of wire names of which at most one may be sent."""
    together: tuple[tuple[str, ...], ...] = ()
    """Groups of wire names that are sent all or none."""
    list_result_unless: str | None = None
    """Wire name of the parameter that turns a list answer into a single object (``symbol`` of tickers)."""
    notes: tuple[str, ...] = ()
    """Further lines for the docstring."""
    deprecated: str | None = None
    """What to use instead."""
    on_client: bool = False
    """Offered by the client itself, which keeps state with it; the namespaces leave it out."""

    @property
    def mutates(self) -> bool:
        """Whether it places, changes or cancels orders."""
        return self.fate is not None

    @property
    def first(self) -> str | None:
        """The one parameter that may be given without its name: what the operation is about."""
        names = {param.name for param in self.params}
        return next((name for name in ("symbol", "listen_key") if name in names), None)
