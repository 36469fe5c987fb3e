"""What holds a key or a token does not show it: reprs end up in logs."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest

from binance_wsapi import models
from binance_wsapi.models.base import Model
from binance_wsapi.models.futures_events import ListenKeyExpired
from binance_wsapi.models.margin import ListenToken
from binance_wsapi.models.session import ListenKey, SessionStatus
from binance_wsapi.presentation.secret_fields import SECRET_FIELDS
from binance_wsapi.protocol.secrets import SECRET_NAMES

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"


def all_models() -> Iterator[type[msgspec.Struct]]:
    for module in pkgutil.iter_modules(models.__path__):
        importlib.import_module(f"{models.__name__}.{module.name}")
    waiting: list[type[msgspec.Struct]] = [Model]
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        yield model


def test_every_model_with_a_secret_hides_it() -> None:
    secretive = {
        model for model in all_models() if SECRET_NAMES.intersection(model.__struct_encode_fields__)
    }

    assert secretive >= {SessionStatus, ListenKey, ListenToken, ListenKeyExpired}
    for model in secretive:
        names = dict(zip(model.__struct_encode_fields__, model.__struct_fields__, strict=True))
        assert {names[wire] for wire in SECRET_NAMES & names.keys()} <= SECRET_FIELDS


@pytest.mark.parametrize(
    ("wire", "model", "shown"),
    [
        (
            {"apiKey": KEY, "authorizedSince": 5, "connectedSince": 4, "returnRateLimits": True,
             "serverTime": 6},
            SessionStatus,
            ("SessionStatus(api_key='vmPU...', authorized_since=1970-01-01T00:00:00.005Z, "
            "connected_since=1970-01-01T00:00:00.004Z, return_rate_limits=True, "
            "server_time=1970-01-01T00:00:00.006Z)"),
        ),
        (
            {"apiKey": None, "connectedSince": 4, "returnRateLimits": True, "serverTime": 6},
            SessionStatus,
            ("SessionStatus(connected_since=1970-01-01T00:00:00.004Z, return_rate_limits=True, "
            "server_time=1970-01-01T00:00:00.006Z)"),
        ),
        ({"listenKey": KEY}, ListenKey, "ListenKey(listen_key='vmPU...')"),
        ({"listenKey": "short"}, ListenKey, "ListenKey(listen_key='...')"),
        ({"token": KEY, "expirationTime": 7}, ListenToken,
         "ListenToken(token='vmPU...', expiration_time=1970-01-01T00:00:00.007Z)"),
        ({"e": "listenKeyExpired", "E": 8, "listenKey": KEY}, ListenKeyExpired,
         "ListenKeyExpired(listen_key='vmPU...', event_time=1970-01-01T00:00:00.008Z)"),
    ],
)  # fmt: skip
def test_secret_is_cut_short_and_all_else_is_shown(
    wire: dict[str, object], model: type[Model], shown: str
) -> None:
    value = msgspec.convert(wire, model)

    assert repr(value) == str(value) == shown
    assert KEY not in value.to_json()
    assert KEY not in str(value.to_dict())
    assert KEY not in value._repr_html_()
    assert repr([value]) == f"[{shown}]"
