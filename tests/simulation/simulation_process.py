"""A process of the simulated user's: it keeps a journal, and dies at some instant, in the middle of anything.

From that instant on nothing of it reaches the world any more, neither the network nor its journal, and it
hears of nothing; what is left of it is cleared away. Of what it had written the exchange may yet get all, a
part or nothing. The next process has the file as it was at that instant.
"""

from __future__ import annotations

import asyncio
import math
import re
import shutil
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from simulation_loop import VirtualHost
from simulation_network import ClientEnd, Wire
from simulation_world import CallRecord, SimulatedClient, World

from binance_wsapi.core.transport import Receiver, RestAnswer, Socket
from binance_wsapi.core.write_ahead import Journal, JournalFailed
from binance_wsapi.journal.sqlite import prune, tails_of
from binance_wsapi.protocol.journal_records import Entry, EntryKey, Record, Run

__all__ = ["Death", "Disk", "Process", "carry_elsewhere", "death_of", "tear"]


@dataclass
class Death:
    """When a process dies: at the so manieth time that it comes to an instant, or after some seconds."""

    instant: str
    times: int
    after_s: float
    """At the latest."""


_INSTANTS = (
    "appends",
    "appends",
    "has appended",
    "has appended",
    "writes",
    "has written",
    "has written",
    "hears",
)


def death_of(rng: Random, *, recovers: bool) -> Death:
    """Make up how a process ends."""
    if rng.random() < 0.4:
        longest_s = 25.0 if recovers else 4.0
        return Death("", 0, rng.uniform(0.0, longest_s) * rng.random())
    instants = (*_INSTANTS, "has recovered", "has recovered") if recovers else _INSTANTS
    instant = rng.choice(instants)
    times = 1 if instant == "has recovered" else rng.choice((1, 2, 3, 5, 8, 13, 21))
    return Death(instant, times, 40.0 if recovers else 6.0)


class Disk:
    """What the journal's file is on: now and then it takes nothing."""

    def __init__(self) -> None:
        self.fails = False
        self.writes_all_the_same = False
        """What it says it did not take stands there."""


class Process:
    """One life of the user's program: the host, the transport and the journal of its client.

    Args:
        world: Where it lives.
        path: Its journal.
        disk: What that is on.
        death: When it dies; ``None`` for one that lives on.
        rng: Where chance comes from.
    """

    def __init__(
        self, world: World, path: Path, disk: Disk, death: Death | None, rng: Random
    ) -> None:
        self.host = VirtualHost(world.loop)
        self.path = path
        self.died_at = math.inf
        self.died = world.loop.create_future()
        """Done when it is dead."""
        self.has_failed_disk = False
        """The journal has failed once."""
        self.left_open: list[Entry] = []
        """What earlier processes had left open, when it last looked into its journal."""
        self.found_open: dict[EntryKey, Entry] = {}
        """All that it ever found left open."""
        self.client: SimulatedClient
        self._world = world
        self._disk = disk
        self._death = death
        self._rng = rng
        self._left = 0 if death is None else death.times
        self.wires: list[Wire] = []
        self._others = asyncio.all_tasks(world.loop)
        self._tasks: list[asyncio.Task[None]] = []
        self.raised: list[BaseException] = []
        """What ended some of its work before."""
        self._ended: list[CallRecord] = []
        """The calls that had ended when it died."""
        if death is not None:
            world.loop.call_later(death.after_s, self.die)

    def begin(self, **options: Any) -> SimulatedClient:
        """Make its client."""
        self.durability = options["durability"]
        self._sends_unjournalled = options["journal_failure"] == "send"
        client = self.client = self._world.client(
            host=self.host, transport=self, journal=self.path, **options
        )
        self._prefix = client.core.runtime._prefix
        assert client.core.write_ahead is not None
        self._watch(client.core.write_ahead.journal)
        return client

    def run(self, works: Iterable[Coroutine[Any, Any, None]]) -> None:
        """Do some work, which ends with it."""
        self._tasks += [self._world.loop.create_task(work) for work in works]

    def sent(self, request: str) -> bool:
        """Whether a request of this id is one of its client's."""
        return request.startswith(self._prefix)

    @property
    def may_leave_untold(self) -> bool:
        """Whether it may have died behind the writing down of what it recovered, and before that was told."""
        died_behind = self._death is not None and self._death.instant == "has appended"
        return died_behind or (self.is_dead and self.durability == "power")

    @property
    def may_send_unjournalled(self) -> bool:
        """Whether requests may have been sent that its journal did not take."""
        return self._sends_unjournalled and self.has_failed_disk

    @property
    def is_dead(self) -> bool:
        return self.died.done()

    def comes_to(self, instant: str) -> None:
        """Die if this is the instant."""
        if self._death is not None and instant == self._death.instant:
            self._left -= 1
            if not self._left:
                self.die()

    def die(self) -> None:
        """Die here and now."""
        if self.is_dead:
            return
        world = self._world
        assert self._death is not None
        world.inject(f"process dies when it {self._death.instant or 'is time'}")
        self.died_at = world.loop.time()
        self.died.set_result(None)
        self._ended = [call for call in world.calls if call.ended is not None]
        self.raised = [error for task in self._tasks if task.done() and (error := task.exception())]
        for wire in self.wires:
            if wire.is_open_here:
                self._let_go(wire)

    def _let_go(self, wire: Wire) -> None:
        """The system closes a socket of a dead process: how much of what it had taken is sent is chance."""
        loop, rng = self._world.loop, self._rng
        known_after = rng.choice((0.0, rng.uniform(0, 0.1), rng.uniform(0, 20)))
        loses_out = rng.random() < 0.3
        if not loses_out and rng.random() < 0.3:
            loop.call_later(rng.uniform(0, 0.05), wire.out.swallow)
        wire.cut(seen_after=0.0, known_after=known_after, loses_out=loses_out, loses_back=True)

    async def clear_away(self, path: Path) -> list[CallRecord]:
        """Clear away what is left of a dead process.

        Args:
            path: Where its journal is put, as it was when it died.

        Returns:
            The calls that it was amid.
        """
        _copy(self.path, path)
        tasks = asyncio.all_tasks() - self._others - {asyncio.current_task()}
        for task in self._tasks:
            task.cancel()
        await self.client.close()
        assert self.host.ending is not None
        await self.host.ending
        await asyncio.gather(*tasks, return_exceptions=True)
        world = self._world
        cut_short = [call for call in world.calls if call not in self._ended]
        world.calls = self._ended
        return cut_short

    # Its journal

    def _watch(self, journal: Journal) -> None:
        append: Callable[[Sequence[Record]], None] = journal.append

        def watched(records: Sequence[Record]) -> None:
            self.comes_to("appends")
            if self.is_dead:
                return
            disk = self._disk
            if disk.fails:
                self.has_failed_disk = True
                if disk.writes_all_the_same:
                    append(records)
                raise JournalFailed("database or disk is full")
            append(records)
            self.comes_to("has appended")

        read: Callable[[], tuple[dict[int, Run], dict[EntryKey, Entry]]] = journal.read

        def watched_read() -> tuple[dict[int, Run], dict[EntryKey, Entry]]:
            runs, entries = read()
            self.left_open = [
                entry
                for entry in entries.values()
                if entry.state == "open" and entry.key[0] != journal.run.number
            ]
            self.found_open |= {entry.key: entry for entry in self.left_open}
            return runs, entries

        journal.append = watched  # type: ignore[method-assign]
        journal.read = watched_read  # type: ignore[method-assign]

    # Its sockets

    async def connect(self, url: str, receiver: Receiver) -> Socket:
        """Open a connection."""
        end = partial(_Mouth, self)
        socket = await self._world.network.connect(url, _Ear(self, receiver), end)
        if self.is_dead:
            assert isinstance(socket, ClientEnd)
            self._let_go(socket.wire)
        return socket

    async def request(self, *args: Any, **options: Any) -> RestAnswer:
        """Send a REST request."""
        return await self._world.network.request(*args, **options)

    async def close(self) -> None:
        """Nothing is shared between connections."""


class _Mouth(ClientEnd):
    """A socket of a process: what it writes when it is dead is written nowhere."""

    def __init__(self, process: Process, wire: Wire) -> None:
        super().__init__(wire)
        self._process = process
        process.wires.append(wire)

    def write(self, frame: bytes) -> None:
        self._process.comes_to("writes")
        if not self._process.is_dead:
            super().write(frame)
            self._process.comes_to("has written")

    def ping(self) -> None:
        if not self._process.is_dead:
            super().ping()

    async def close(self) -> None:
        if not self._process.is_dead:
            await super().close()


class _Ear:
    """What a process hears from a socket: nothing any more when it is dead."""

    def __init__(self, process: Process, receiver: Receiver) -> None:
        self._process = process
        self._receiver = receiver

    def received(self, frame: str | bytes) -> None:
        self._process.comes_to("hears")
        if not self._process.is_dead:
            self._receiver.received(frame)

    def taken(self, frame: str | bytes) -> bool:
        return False

    def heard(self) -> None:
        if not self._process.is_dead:
            self._receiver.heard()

    def answered(self) -> None:
        if not self._process.is_dead:
            self._receiver.answered()

    def writable(self) -> None:
        if not self._process.is_dead:
            self._receiver.writable()

    def closed(self, reason: str) -> None:
        if not self._process.is_dead:
            self._receiver.closed(reason)


def _copy(path: Path, to: Path) -> None:
    for part in path.parent.glob(f"{path.name}*"):
        shutil.copyfile(part, to.with_name(to.name + part.name.removeprefix(path.name)))


def tear(path: Path, rng: Random) -> None:
    """Leave behind a journal a part of what was being appended when the power went."""
    for tail in tails_of(path):
        if tail.exists() and (rows := tail.read_bytes()):
            tail.write_bytes(rows + rows[: rng.randrange(len(rows))][-500:])


def carry_elsewhere(path: Path) -> None:
    """Have a journal's clients have run on another machine, whose clock counts from another moment."""
    prune(path, 0)  # which gets all into the database, and deletes nothing
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE runs SET boot = 'of another machine'")
        for number, data in file.execute("SELECT number, data FROM records").fetchall():
            file.execute(
                "UPDATE records SET data = ? WHERE number = ?",
                (re.sub(rb'"written":([0-9.]+)', _at_another_moment, data), number),
            )


def _at_another_moment(written: re.Match[bytes]) -> bytes:
    return b'"written":%.6f' % (float(written[1]) + 1_000.0)
