"""What holds a key or a token does not show it: reprs end up in logs."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest

from binance_wsapi import models
from binance_wsapi.models.base import HidesSecrets, Model
from binance_wsapi.models.futures_events import ListenKeyExpired
from binance_wsapi.models.margin import ListenToken
from binance_wsapi.models.session import ListenKey, SessionStatus
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
    assert [model for model in secretive if not issubclass(model, HidesSecrets)] == []


@pytest.mark.parametrize(
    ("wire", "model", "shown"),
    [
        (
            {"apiKey": KEY, "authorizedSince": 5, "connectedSince": 4, "returnRateLimits": True,
             "serverTime": 6},
            SessionStatus,
            ("SessionStatus(api_key='vmPU...', authorized_since=5, connected_since=4, "
            "return_rate_limits=True, server_time=6, user_data_stream=None)"),
        ),
        (
            {"apiKey": None, "connectedSince": 4, "returnRateLimits": True, "serverTime": 6},
            SessionStatus,
            ("SessionStatus(api_key=None, authorized_since=None, connected_since=4, "
            "return_rate_limits=True, server_time=6, user_data_stream=None)"),
        ),
        ({"listenKey": KEY}, ListenKey, "ListenKey(listen_key='vmPU...')"),
        ({"listenKey": "short"}, ListenKey, "ListenKey(listen_key='...')"),
        ({"token": KEY, "expirationTime": 7}, ListenToken,
         "ListenToken(token='vmPU...', expiration_time=7)"),
        ({"e": "listenKeyExpired", "E": 8, "listenKey": KEY}, ListenKeyExpired,
         "ListenKeyExpired(event_time=8, listen_key='vmPU...')"),
    ],
)  # fmt: skip
def test_secret_is_cut_short_and_all_else_is_shown(
    wire: dict[str, object], model: type[Model], shown: str
) -> None:
    value = msgspec.convert(wire, model)

    assert repr(value) == str(value) == shown
    assert repr([value]) == f"[{shown}]"
