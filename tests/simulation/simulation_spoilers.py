"""What happens to single requests at an exchange: lost, late, executed or not, answered oddly."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec
from simulation_exchange import SimulatedExchange
from simulation_replica import Replica

from binance_wsapi.simulator.doors.wire import Micros
from binance_wsapi.simulator.errors import ExchangeError

__all__ = ["Spoiler", "Temper"]

PROCESSING_US = 10_000_000
"""How long after its last check the engine may still take a request."""

LONGEST_LAG_S = 3.0
"""How far a replica lags behind at most."""

MUTATING = frozenset(
    {
        "order.place",
        "order.cancel",
        "order.cancelReplace",
        "order.amend.keepPriority",
        "order.modify",
        "openOrders.cancelAll",
        "orderList.place.oco",
        "orderList.place.oto",
        "orderList.cancel",
    }
)

_ROWS = frozenset({"openOrders.status", "allOrders", "myTrades", "order.amendments"})
"""Answers that are rows."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Temper:
    """How the exchanges of one seed treat requests.

    Args:
        rng: Where it comes from.
    """

    def __init__(self, rng: Random) -> None:
        self.kinds = rng.sample(_KINDS, rng.choice((0, 1, 2, 4, len(_KINDS))))
        """What may happen to requests that change something, and to reads."""
        self.chance = rng.choice((0.03, 0.1, 0.3, 0.6)) if self.kinds else 0.0
        self.reads_too = rng.random() < 0.5
        self.lags = rng.choice((0.0, 0.0, 0.0, 0.2, 1.0))
        """How often a question is answered by a replica that lags."""
        self.odd_rows = rng.choice((0.0, 0.0, 0.0, 0.0, 0.3))
        """How often an answer has an odd row."""
        self.unaskable = rng.choice((None, None, None, None, 3))
        """Every so manieth order cannot be asked for."""


class Spoiler:
    """Spoils the requests to one exchange.

    Args:
        exchange: Whose requests.
        temper: What it does to them, and how often.
        rng: Where its ideas come from.
        inject: Counts a fault, and writes it into the trace.
        note: Writes a line into the trace.
    """

    def __init__(
        self,
        exchange: SimulatedExchange,
        temper: Temper,
        rng: Random,
        *,
        inject: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        self._exchange = exchange
        self._temper = temper
        self._rng = rng
        self._inject = inject
        self._note = note
        self._is_over = False
        self._replica = Replica(exchange) if temper.lags else None
        self._misreading_s: float | None = None
        exchange.venue.faults.on().do(self._spoil, times=None)

    def stop(self) -> None:
        """Leave requests alone."""
        self._is_over = True
        self._exchange.venue.faults.clear()

    def misread_clock(self, by_s: float) -> None:
        """Tell the next who asks for the time a wrong one."""
        self._misreading_s = by_s

    def _spoil(self, pending: Any) -> None:
        for attempt in _ATTEMPTS:
            what = None if self._is_over else attempt(self, pending)
            if what is not None:
                self._inject(f"{what}: {pending.request.method} {pending.request.id}")
                return
        pending.send(self._exchange.execute(pending))

    def _treat(self, pending: Any) -> str | None:
        """Do one of the things that this seed's exchange does to requests."""
        temper = self._temper
        if not temper.reads_too and pending.request.method not in MUTATING:
            return None
        if self._rng.random() >= temper.chance:
            return None
        return self._rng.choice(temper.kinds)(self, pending)

    # Answers that are wrong

    def _misread(self, pending: Any) -> str | None:
        if self._misreading_s is None or pending.request.method != "time":
            return None
        by_s, self._misreading_s = self._misreading_s, None
        answer = _decode(self._exchange.execute(pending))
        if "result" not in answer:
            return None
        unit = 1e6 if answer["result"]["serverTime"] > 10**14 else 1e3
        answer["result"]["serverTime"] += round(by_s * unit)
        pending.send(_encode(answer))
        return f"clock misread by {by_s:+} s"

    def _refuse_order(self, pending: Any) -> str | None:
        """Some orders cannot be asked for, whoever asks."""
        every, order_id = self._temper.unaskable, pending.request.params.get("orderId")
        if every is None or pending.request.method != "order.status" or order_id is None:
            return None
        if int(order_id) % every:
            return None
        self._exchange.answers_oddly = True
        self._refuse(pending, -1121, 400)
        return "order cannot be asked for"

    def _lag(self, pending: Any) -> str | None:
        if self._replica is None or pending.request.method not in Replica.methods:
            return None
        if self._rng.random() >= self._temper.lags or not pending.admit():
            return None
        lag_s = self._rng.uniform(0.0, LONGEST_LAG_S)
        try:
            answer = self._replica.answer(
                pending.request.method, pending.request.params, round(lag_s * 1e6)
            )
        except ExchangeError as error:
            pending.send(pending.refusal(error))
            return f"replica lags {lag_s:.3f} s, finds nothing"
        if answer is None:
            return None
        pending.send(pending._frame({"id": pending.request.id, "status": 200, "result": answer}))
        return f"replica lags {lag_s:.3f} s"

    def _spoil_rows(self, pending: Any) -> str | None:
        if pending.request.method not in _ROWS or self._rng.random() >= self._temper.odd_rows:
            return None
        answer = _decode(self._exchange.execute(pending))
        rows = answer.get("result")
        if rows:
            self._exchange.answers_oddly = True
            place = self._rng.randrange(len(rows))
            kind = self._rng.choice(("null", "member missing", "member null", "member odd"))
            name = self._rng.choice(sorted(rows[place]))
            if kind == "null":
                rows[place] = None
            elif kind == "member missing":
                del rows[place][name]
            else:
                rows[place][name] = None if kind == "member null" else {"odd": True}
            pending.send(_encode(answer))
            return f"row {place} is odd, {kind} {name}"
        pending.send(_encode(answer))
        return "no row to spoil"

    def _odd_answer(self, pending: Any) -> str:
        self._exchange.answers_oddly = True
        executed = self._coin()
        answer: dict[str, Any] = {"id": pending.request.id, "status": 200}
        if executed:
            answer = _decode(self._exchange.execute(pending))
        kind = self._rng.choice(("no status", 0, 302, -5, "null", "no result"))
        if kind == "no status":
            del answer["status"]
        elif kind == "null":
            answer["result"] = None
        elif kind == "no result":
            answer.pop("result", None)
        else:
            answer["status"] = kind
        pending.send(_encode(answer))
        return f"odd answer, {kind} executed={executed}"

    # Answers that are late, lost, or leave open what was done

    def _coin(self) -> bool:
        return self._rng.random() < 0.5

    def _refuse(self, pending: Any, code: int, status: int, data: Any = None) -> None:
        pending.send(pending.refusal(ExchangeError(code, "Refused by script.", status, data)))

    def _undecided(self, pending: Any) -> str:
        executed, code = self._coin(), self._rng.choice((-1006, -1007))
        if executed:
            self._exchange.execute(pending)
        self._refuse(pending, code, 500)
        return f"{code} executed={executed}"

    def _server_error(self, pending: Any) -> str:
        executed, status = self._coin(), self._rng.choice((500, 502, 503))
        if executed:
            self._exchange.execute(pending)
        self._refuse(pending, -1000, status)
        return f"{status} executed={executed}"

    def _rate_limited(self, pending: Any) -> str:
        now = pending.now_us()
        wait = self._rng.choice((1, 3, 10))
        status = self._rng.choice((429, 429, 418))
        data = {"serverTime": Micros(now), "retryAfter": Micros(now + wait * 1_000_000)}
        self._refuse(pending, -1003, status, data)
        return f"{status} for {wait} s"

    def _late_engine(self, pending: Any) -> str:
        """Check its time once more before the engine, which may refuse it then."""
        seconds = self._rng.choice((0.2, 2.0, 4.9, 8.0))
        if pending.admit():
            pending.later(seconds, lambda: pending.send(self._exchange.execute(pending)))
        return f"engine {seconds} s late"

    def _lagging_engine(self, pending: Any) -> str:
        """The last check is passed, and the engine takes it up to 10 seconds later all the same."""
        if not pending.admit():
            return "engine lags, refused"
        admitted = pending._admitted
        deadline_us = admitted.deadline_us
        pending._admitted = dataclasses.replace(admitted, deadline_us=None)
        # As near to the end of its window as it gets, and the whole processing time on top.
        window_s = 0.0
        if deadline_us is not None:
            window_s = max(0.0, (deadline_us - pending.now_us()) / 1e6)
        seconds = self._rng.choice((0.5, 5.0, 9.9, window_s, window_s + 9.9))
        answers = self._rng.choice(("at once", "late", "never"))
        if answers == "at once":
            self._refuse(pending, -1007, 500)

        def execute() -> None:
            if deadline_us is not None and pending.now_us() > deadline_us + PROCESSING_US:
                return  # the exchange's clock was put forward meanwhile
            frame = self._exchange.execute(pending)
            self._note(f"  engine took {pending.request.method} {pending.request.id}")
            if answers == "late":
                pending.send(frame)

        pending.later(seconds, execute)
        return f"engine lags {seconds:.3f} s, answer {answers}"

    def _late_answer(self, pending: Any) -> str:
        answer, seconds = (
            self._exchange.execute(pending),
            self._rng.choice((0.1, 1.0, 6.0, 20.0)),
        )
        pending.later(seconds, lambda: pending.send(answer))
        return f"answer {seconds} s late"

    def _drop(self, pending: Any) -> str:
        executed = self._coin()
        if executed:
            self._exchange.execute(pending)
        pending.drop()
        return f"dropped executed={executed}"

    def _swallow(self, pending: Any) -> str:
        return "swallowed"

    def _lose_answer(self, pending: Any) -> str:
        self._exchange.execute(pending)
        return "answer lost"

    def _answer_twice(self, pending: Any) -> str:
        answer = self._exchange.execute(pending)
        pending.send(answer)
        pending.send(answer)
        return "answered twice"

    def _cut_mid_frame(self, pending: Any) -> str:
        pending.drop(self._exchange.execute(pending))
        return "cut in the middle of the answer"


_Spoil = Callable[[Spoiler, Any], str]

_KINDS: tuple[_Spoil, ...] = (
    Spoiler._undecided,
    Spoiler._undecided,
    Spoiler._server_error,
    Spoiler._rate_limited,
    Spoiler._late_engine,
    Spoiler._lagging_engine,
    Spoiler._late_answer,
    Spoiler._drop,
    Spoiler._swallow,
    Spoiler._lose_answer,
    Spoiler._answer_twice,
    Spoiler._cut_mid_frame,
    Spoiler._odd_answer,
)

_ATTEMPTS: tuple[Callable[[Spoiler, Any], str | None], ...] = (
    Spoiler._misread,
    Spoiler._refuse_order,
    Spoiler._lag,
    Spoiler._treat,
    Spoiler._spoil_rows,
)
"""What may happen to a request; the first that does is all that happens to it."""
