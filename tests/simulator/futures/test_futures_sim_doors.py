"""The stream paths of futures, through the gateway without sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from futures_sim_venue import START_US, Trader, Venue

from binance_wsapi.markets import Market
from binance_wsapi.simulator.clock import SimulatedClock
from binance_wsapi.simulator.doors.gateway import Gateway
from binance_wsapi.simulator.futures.doors import FuturesDoors
from binance_wsapi.simulator.futures.stream_venue import StreamVenue


class Client:
    """The other end of one connection: what it got, and how it was closed."""

    def __init__(self, gateway: Gateway, path: str) -> None:
        self.frames: list[Any] = []
        self.close_code: int | None = None
        self.connection = gateway.connect(path, remote="127.0.0.1", transport=self)

    def ask(self, method: str, *params: str) -> Any:
        """Send a request and return its answer; take it out of the frames."""
        text = json.dumps({"method": method, "params": list(params), "id": 1})
        self.connection.receive(text)
        return self.frames.pop()

    def send(self, frame: bytes) -> None:
        self.frames.append(json.loads(frame))

    def ping(self, payload: bytes) -> None:
        self.connection.pong(payload)

    def close(self, code: int, reason: str) -> None:
        self.close_code = code

    def abort(self, partial: bytes = b"") -> None:
        self.close_code = 1006

    def hold_reading(self, held: bool) -> None:
        """Nobody reads here."""


class House:
    """Both markets behind one gateway, with a trader on each."""

    def __init__(self) -> None:
        self.clock = SimulatedClock(start_us=START_US, frozen=True)
        self.usdm = Venue(Market.USDM, clock=self.clock)
        self.coinm = Venue(Market.COINM, clock=self.clock)
        self.gateway = Gateway(self.clock)
        for path, route in (
            FuturesDoors(StreamVenue.of(self.usdm.market), StreamVenue.of(self.coinm.market))
            .routes()
            .items()
        ):
            self.gateway.add_route(path, route)
        self.trader, self.coin_trader = self.usdm.trader(), self.coinm.trader()

    def connect(self, path: str) -> Client:
        return Client(self.gateway, path)


@pytest.fixture
def house() -> House:
    return House()


def _key(trader: Trader) -> str:
    key: str = trader.ask("userDataStream.start")["listenKey"]
    return key


@pytest.mark.parametrize(
    ("path", "frames"),
    [
        ("/usdm/public/ws/btcusdt@depth@100ms", 1),
        ("/usdm/public/ws/btcusdt@markPrice@1s", 0),
        ("/usdm/market/ws/btcusdt@markPrice@1s", 1),
        ("/usdm/market/ws/btcusdt@depth@100ms", 0),
        ("/usdm/ws/btcusdt@depth@100ms", 1),
        ("/usdm/ws/btcusdt@markPrice@1s", 0),
        ("/coinm/ws/btcusd_perp@markPrice@1s", 1),
        ("/coinm/ws/btcusd_perp@depth", 1),
    ],
)
def test_each_path_serves_its_route(house: House, path: str, frames: int) -> None:
    client = house.connect(path)
    house.trader.place("BUY", "1", "59000")
    house.coin_trader.place("BUY", "1", "59000")

    house.clock.advance(1)

    assert len(client.frames) == frames


def test_stream_on_the_wrong_route_is_acknowledged_and_silent(house: House) -> None:
    client = house.connect("/usdm/public/ws")

    assert client.ask("SUBSCRIBE", "btcusdt@aggTrade") == {"result": None, "id": 1}
    assert client.ask("LIST_SUBSCRIPTIONS")["result"] == ["btcusdt@aggTrade"]
    house.clock.advance(5)
    assert client.frames == []


def test_combined_paths_wrap_payloads(house: House) -> None:
    client = house.connect("/usdm/market/stream?streams=btcusdt@markPrice@1s/ethusdt@markPrice@1s")

    house.clock.advance(1)

    assert [(f["stream"], f["data"]["s"]) for f in client.frames] == [
        ("btcusdt@markPrice@1s", "BTCUSDT"),
        ("ethusdt@markPrice@1s", "ETHUSDT"),
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/usdm/private/ws?listenKey={key}",
        "/usdm/private/ws?listenKey={key}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE",
    ],
)
def test_user_data_comes_bare_on_raw_paths(house: House, path: str) -> None:
    client = house.connect(path.format(key=_key(house.trader)))

    house.trader.place("BUY", "1", "59000")

    (event,) = client.frames
    assert (event["e"], event["T"]) == ("ORDER_TRADE_UPDATE", START_US // 1000)


def test_a_key_in_the_path_is_let_in_and_stays_silent(house: House) -> None:
    client = house.connect(f"/usdm/private/ws/{_key(house.trader)}")

    house.trader.place("BUY", "1", "59000")

    assert (client.frames, client.close_code) == ([], None)


def test_several_keys_with_filters_of_their_own(house: House) -> None:
    other = house.usdm.trader()
    first, second = _key(house.trader), _key(other)
    client = house.connect(
        f"/usdm/private/stream?listenKey={first}&events=TRADE_LITE"
        f"&listenKey={second}&events=ACCOUNT_UPDATE/TRADE_LITE"
    )

    house.trader.place("SELL", "1", "60000")
    other.place("BUY", "1")

    assert [(frame["stream"], frame["data"]["e"]) for frame in client.frames] == [
        (first, "TRADE_LITE"),
        (second, "TRADE_LITE"),
        (second, "ACCOUNT_UPDATE"),
    ]


def test_expired_key_tells_then_leaves_an_open_silent_connection(house: House) -> None:
    key = _key(house.trader)
    client = house.connect(f"/usdm/private/ws?listenKey={key}")

    house.clock.advance(3600)
    house.trader.place("BUY", "1", "59000")

    assert client.frames == [
        {"e": "listenKeyExpired", "E": START_US // 1000 + 3_600_000, "listenKey": key}
    ]
    assert client.close_code is None


@pytest.mark.parametrize("path", ["/usdm/private/ws?listenKey=bogus", "/coinm/ws/bogus"])
def test_bogus_key_completes_the_handshake(house: House, path: str) -> None:
    client = house.connect(path)

    assert client.ask("LIST_SUBSCRIPTIONS")["result"] == ["bogus"]


def test_key_can_be_subscribed_to_later(house: House) -> None:
    client = house.connect("/usdm/private/ws")
    client.ask("SUBSCRIBE", _key(house.trader))

    house.trader.place("BUY", "1", "59000")

    assert [event["e"] for event in client.frames] == ["ORDER_TRADE_UPDATE"]


@pytest.mark.parametrize("path", ["/coinm/ws/{key}", "/coinm/ws/{key}?listenKey={key}"])
def test_coinm_serves_user_data_beside_market_streams(house: House, path: str) -> None:
    client = house.connect(path.format(key=_key(house.coin_trader)))
    client.ask("SUBSCRIBE", "btcusd_perp@bookTicker")

    house.coin_trader.place("BUY", "1", "59000")
    house.clock.advance(0)

    assert [event["e"] for event in client.frames] == ["ORDER_TRADE_UPDATE", "bookTicker"]
    assert client.frames[0]["i"] == house.coin_trader.account.alias


def test_closed_connection_hears_nothing(house: House) -> None:
    client = house.connect(f"/usdm/private/ws?listenKey={_key(house.trader)}")

    client.connection.closed()
    house.trader.place("BUY", "1", "59000")

    assert client.frames == []


def test_ten_messages_a_second_are_taken(house: House) -> None:
    client = house.connect("/usdm/market/ws")
    for _ in range(10):
        client.ask("LIST_SUBSCRIPTIONS")
    assert client.close_code is None

    client.connection.receive('{"method": "LIST_SUBSCRIPTIONS", "id": 1}')

    assert client.close_code == 1008


@pytest.mark.parametrize("path", ["/usdm/market/ws", "/usdm/private/ws", "/coinm/stream"])
def test_frame_that_is_not_json_ends_the_connection(house: House, path: str) -> None:
    client = house.connect(path)

    client.connection.receive("SUBSCRIBE please")

    (frame,) = client.frames
    assert frame["error"]["code"] == 3
    assert client.close_code == 1008


def test_other_malformed_requests_do_not(house: House) -> None:
    client = house.connect("/usdm/market/ws")

    client.connection.receive('{"method": "SUBSCRIBE", "params": "btcusdt@depth", "id": 1}')

    assert [frame["code"] for frame in client.frames] == [2]
    assert client.close_code is None


def test_pings_come_every_three_minutes(house: House) -> None:
    client = house.connect("/usdm/market/ws")
    pings: list[int] = []
    client.ping = lambda payload: pings.append(house.clock.now_us())  # type: ignore[method-assign]

    house.clock.advance(180)

    assert pings == [START_US + 180_000_000]
