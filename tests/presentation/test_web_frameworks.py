# mypy: disable-error-code="untyped-decorator"
"""What the real web frameworks answer with when a route returns a result."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from binance_wsapi import Rows
from binance_wsapi.models.account import Balance
from binance_wsapi.models.base import Event, Level
from binance_wsapi.models.market import OrderBook
from binance_wsapi.models.user_events import BalanceUpdate

BOOK = OrderBook(last_update_id=7, bids=[Level("99.50", "1")], asks=[])
BALANCES = Rows([Balance(asset="BTC", free=Decimal("0.10"), locked=Decimal("0E-8"))])
EVENT: Event = BalanceUpdate(asset="BTC", balance_delta=Decimal("-1.50"), clear_time=5)
BOOK_JSON = {
    "last_update_id": 7,
    "bids": [{"price": "99.50", "quantity": "1"}],
    "asks": [],
}
BALANCES_JSON = [{"asset": "BTC", "free": "0.10", "locked": "0.00000000"}]


def get(app: Any, path: str) -> Any:
    """Ask an ASGI application as its server does, and return the JSON of its answer."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [],
        "scheme": "http", "server": ("localhost", 80), "client": ("localhost", 5), "root_path": "",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 200
    return json.loads(b"".join(each.get("body", b"") for each in sent[1:]))


@pytest.fixture
def fastapi() -> Any:
    return pytest.importorskip("fastapi", reason="FastAPI is not installed")


def test_fastapi_takes_a_result_as_the_type_of_a_route(fastapi: Any) -> None:
    app = fastapi.FastAPI()

    @app.get("/book")
    def book() -> OrderBook:
        return BOOK

    @app.get("/balances")
    def balances() -> Rows[Balance]:
        return BALANCES

    @app.get("/list")
    async def as_list() -> list[Balance]:
        return BALANCES

    @app.get("/event")
    def event() -> BalanceUpdate | None:
        assert isinstance(EVENT, BalanceUpdate)
        return EVENT

    assert get(app, "/book") == BOOK_JSON
    assert get(app, "/balances") == BALANCES_JSON
    assert get(app, "/list") == BALANCES_JSON
    assert get(app, "/event")["balance_delta"] == "-1.50"
    schema = get(app, "/openapi.json")
    answer = schema["paths"]["/book"]["get"]["responses"]["200"]["content"]["application/json"]
    assert answer["schema"]["type"] == "object"


def test_fastapi_takes_dicts_from_routes_without_a_type(fastapi: Any) -> None:
    app = fastapi.FastAPI()

    @app.get("/book")
    async def book():  # type: ignore[no-untyped-def]
        return BOOK.to_dict(numbers="str")

    @app.get("/balances")
    def balances():  # type: ignore[no-untyped-def]
        return BALANCES.to_dict(numbers="str")

    assert get(app, "/book") == BOOK_JSON
    assert get(app, "/balances") == BALANCES_JSON


def test_a_pydantic_model_holds_results() -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")
    answer = pydantic.create_model("Answer", book=(OrderBook, ...), balances=(Rows, ...))

    made = answer(book=BOOK, balances=BALANCES)
    assert json.loads(made.model_dump_json()) == {"book": BOOK_JSON, "balances": BALANCES_JSON}
    with pytest.raises(pydantic.ValidationError):
        answer(book={"bids": []}, balances=BALANCES)


def test_flask() -> None:
    flask = pytest.importorskip("flask", reason="Flask is not installed")
    app = flask.Flask("shop")

    @app.get("/book")
    def book() -> Any:
        return BOOK.to_dict()

    @app.get("/balances")
    def balances() -> Any:
        return flask.jsonify(BALANCES.to_dict())

    @app.get("/json")
    def as_json() -> Any:
        return BALANCES.to_json(), {"Content-Type": "application/json"}

    client = app.test_client()
    assert client.get("/book").json == BOOK_JSON
    assert client.get("/balances").json[0]["free"] == "0.10"
    assert client.get("/json").json == BALANCES_JSON


def test_django() -> None:
    conf = pytest.importorskip("django.conf", reason="Django is not installed")
    http = pytest.importorskip("django.http")
    if not conf.settings.configured:
        conf.settings.configure(DEFAULT_CHARSET="utf-8")

    assert json.loads(http.JsonResponse(BOOK.to_dict()).content) == BOOK_JSON
    several = http.JsonResponse(BALANCES.to_dict(numbers="str"), safe=False)
    assert json.loads(several.content) == BALANCES_JSON
    assert json.loads(http.HttpResponse(BALANCES.to_json()).content) == BALANCES_JSON
