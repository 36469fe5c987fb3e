"""What all calls of one operation have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from binance_wsapi.catalogue import operation_by_method
from binance_wsapi.catalogue.operation import Operation, Security, Upkeep
from binance_wsapi.markets import Market
from binance_wsapi.protocol.made_writers import Writer
from binance_wsapi.protocol.params import writers

__all__ = ["CallKind", "kind_by_method", "kinds"]


class CallKind:
    """What all calls of one operation have in common, worked out once.

    An operation that the catalogue does not know is taken to change something: it is never repeated.
    """

    __slots__ = (
        "client_ids",
        "ends_listen_key",
        "has_fate",
        "keyed",
        "logs",
        "logs_on",
        "makes_orders",
        "method",
        "mutates",
        "needs_completion",
        "needs_key",
        "operation",
        "repeatable",
        "signed",
        "writers",
    )

    over_rest: ClassVar[bool] = False
    """It goes over REST and not over a connection."""

    def __init__(self, method: str, operation: Operation | None) -> None:
        self.method = method
        self.operation = operation
        security = Security.NONE if operation is None else operation.security
        self.signed = operation is not None and operation.signed
        self.keyed = (
            operation is not None
            and not self.signed
            and any(param.wire == "apiKey" for param in operation.params)
        )
        """It carries the API key and no signature."""
        self.needs_key = security is not Security.NONE
        self.mutates = operation is None or operation.mutates
        fate = None if operation is None else operation.fate
        self.has_fate = fate is not None
        """It changes orders: a journal has it before it is sent."""
        self.makes_orders = fate is not None and fate.makes_orders
        """Its answer shows orders that it made."""
        upkeep = None if operation is None else operation.upkeep
        self.logs_on = upkeep is Upkeep.LOGON
        self.logs = self.logs_on or upkeep is Upkeep.LOGOUT
        """It changes whether the connection is logged on."""
        self.ends_listen_key = upkeep is Upkeep.LISTEN_KEY_END
        """It takes the account's listen key from the stream that reads it."""
        self.repeatable = not self.mutates and upkeep is None
        """Asking again on another connection is the same as asking once."""
        self.client_ids = () if operation is None else operation.client_ids
        self.needs_completion = self.needs_key or bool(self.client_ids)
        self.writers: Mapping[tuple[str, ...], Writer] = (
            {} if operation is None else writers(operation)
        )
        """What checks and converts the parameters of a method, by the names that are given."""


class _Kinds(dict[Operation, CallKind]):
    def __missing__(self, operation: Operation) -> CallKind:
        made = self[operation] = CallKind(operation.method, operation)
        return made


kinds: Mapping[Operation, CallKind] = _Kinds()
"""The kind of an operation's calls; made when it is first asked for."""


def kind_by_method(market: Market, method: str) -> CallKind:
    """Return the kind of call that a wire operation makes."""
    operation = operation_by_method(market, method)
    return CallKind(method, None) if operation is None else kinds[operation]
