"""Calls of the exchange's REST APIs, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from binance_wsapi.catalogue.operation import Needs, Param

__all__ = ["RestCall"]


@dataclass(frozen=True, slots=True, eq=False)
class RestCall:
    """One request of a REST API; the API key goes in the header ``X-MBX-APIKEY``."""

    http_method: str
    path: str
    title: str
    """What it does, imperative."""
    params: tuple[Param, ...]
    result: Any
    """The type the answer decodes to."""
    weight: int
    """Weight, counted per account under ``/sapi/``, else per address."""
    signed: bool = False
    needs: tuple[Needs, ...] = ()
