"""The end of a process, a fork, an interpreter that ends with clients open: quick, quiet, never a hang."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from callers import WAIT_S, Flavour

from binance_wsapi import ClientClosed
from binance_wsapi.simulator import SimulatedExchange

ROOT = Path(__file__).parents[2]


def run(script: str, exchange: SimulatedExchange) -> str:
    """Run a script as a program of its own, warnings and all, and return what it printed."""
    key = exchange.create_account().create_key()
    options: dict[str, Any] = {
        **exchange.client_options(key),
        "attach_event_listeners": False,
    }
    program = f"options = {options!r}\n" + textwrap.dedent(script)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=3 * WAIT_S,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


OPEN = {
    "sync": """
        from binance_wsapi import Client
        client = Client(**options)
        print(client.spot.get_server_time().status)
        stream = client.subscribe_user_data_stream()
        """,
    "async": """
        import asyncio
        from binance_wsapi import AsyncClient
        async def main():
            global client, stream
            client = AsyncClient(**options)
            print((await client.spot.get_server_time()).status)
            stream = await client.subscribe_user_data_stream()
        asyncio.run(main())
        """,
}


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "client.on('message', lambda event: None)",
        "del client, stream",
        "import sys; sys.exit(0)",
        "import gc; client.cycle = client; del client, stream; gc.collect()",
        "import atexit; atexit.register(client._finalizer)",
        "client._finalizer(); client._finalizer()",
    ],
    ids=["left open", "with handlers", "deleted", "sys.exit", "in a cycle", "atexit", "closed"],
)
def test_interpreter_ends_with_a_client_open(
    flavour: Flavour, exchange: SimulatedExchange, ending: str
) -> None:
    printed = run(textwrap.dedent(OPEN[flavour]) + ending, exchange)

    assert printed == "200\n"


def test_call_at_exit_works_or_says_that_the_client_is_closed(
    exchange: SimulatedExchange,
) -> None:
    printed = run(
        """
        import atexit
        from binance_wsapi import Client, ClientClosed

        def last_words():
            try:
                print(client.spot.get_server_time().status)
            except ClientClosed as error:
                print("closed")
            client.close()

        client = Client(**options)
        client.spot.test_connectivity()
        atexit.register(last_words)
        """,
        exchange,
    )

    assert printed in {"200\n", "closed\n"}


def test_thread_that_waits_does_not_keep_the_interpreter_alive(
    exchange: SimulatedExchange,
) -> None:
    printed = run(
        """
        import threading
        from binance_wsapi import Client

        client = Client(**options)
        stream = client.subscribe_user_data_stream()
        threading.Thread(target=lambda: list(stream), daemon=True).start()
        print("end")
        """,
        exchange,
    )

    assert printed == "end\n"


GOES_ON = {
    "sync": """
        import logging, threading
        from binance_wsapi import Client

        client = Client(**options)
        stream = client.subscribe_user_data_stream()
        book = client.streams.order_book("BTCUSDT")

        def live_on():
            threading.main_thread().join()
            print(client.spot.get_average_price(symbol="BTCUSDT").status)
            print(type(stream.get()).__name__, type(next(stream)).__name__)
            book.wait_ready(10)
            print(type(next(book.changes())).__name__)
            client.close()
            print(list(stream))

        threading.Thread(target=live_on).start()
        """,
    "async": """
        import asyncio, logging, threading
        from binance_wsapi import AsyncClient

        async def live_on():
            client = AsyncClient(**options)
            stream = await client.subscribe_user_data_stream()
            book = await client.streams.order_book("BTCUSDT")
            is_ready.set()
            while threading.main_thread().is_alive():
                await asyncio.sleep(0.01)
            print((await client.spot.get_average_price(symbol="BTCUSDT")).status)
            print(type(await stream.get_async()).__name__, type(await anext(stream)).__name__)
            await book.wait_ready_async(10)
            print(type(await anext(book.changes())).__name__)
            await client.close()
            print([event async for event in stream])

        is_ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(live_on())).start()
        is_ready.wait()
        """,
}


@pytest.mark.skipif(
    (3, 12) <= sys.version_info < (3, 12, 2),
    reason="this Python starts no thread when its main thread has ended (gh-113964)",
)
@pytest.mark.parametrize("loop", ["uvloop", "stdlib"])
def test_thread_that_is_no_daemon_goes_on_after_the_main_thread(
    exchange: SimulatedExchange, flavour: Flavour, loop: str
) -> None:
    """Its connection is cut then, and is dialled anew by name; proxies are looked for, too."""
    exchange.faults.on("avgPrice").drop_before_acceptance(times=1)
    script = GOES_ON[flavour]
    hide = "import sys; sys.modules['uvloop'] = None" if loop == "stdlib" else ""
    by_name = """
        options["urls"] = {
            key: url.replace("127.0.0.1", "localhost") for key, url in options["urls"].items()
        }
        """
    printed = run("\n".join((hide, textwrap.dedent(by_name), textwrap.dedent(script))), exchange)

    assert printed == "200\nStreamGap AccountReconciled\nOrderBook\n[]\n"


@pytest.mark.parametrize("loop", ["uvloop", "stdlib"])
def test_name_look_up_that_hangs_does_not_keep_the_interpreter_alive(
    exchange: SimulatedExchange, flavour: Flavour, loop: str
) -> None:
    hide = "import sys; sys.modules['uvloop'] = None" if loop == "stdlib" else ""
    printed = run(
        hide
        + textwrap.dedent(
            f"""
            import asyncio, socket, threading
            from binance_wsapi import AsyncClient, Client, NotSent, WsKey

            def hang(*_, **__):
                threading.Event().wait()

            socket.getaddrinfo = hang
            options["urls"] = {{WsKey.MAIN_WSAPI: "wss://hung.test"}}

            async def ask():
                async with AsyncClient(**options, timeout=0.2) as client:
                    await client.spot.test_connectivity()

            try:
                if {flavour!r} == "async":
                    asyncio.run(ask())
                Client(**options, timeout=0.2).spot.test_connectivity()
            except NotSent as error:
                print(error.reason)
            """
        ),
        exchange,
    )

    assert printed == "not connected\n"


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
def test_interrupt_ends_a_blocked_call_and_leaves_the_client_usable(
    exchange: SimulatedExchange,
) -> None:
    exchange.faults.on("avgPrice").swallow()
    printed = run(
        """
        import os, signal, threading
        from binance_wsapi import Client

        with Client(**options, timeout=500) as client:
            client.connect()
            timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            try:
                client.spot.get_average_price(symbol="BTCUSDT")
            except KeyboardInterrupt:
                print("interrupted")
            print(client.spot.get_server_time().status)
        timer.join()
        """,
        exchange,
    )

    assert printed == "interrupted\n200\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_child_is_told_and_the_parent_goes_on(exchange: SimulatedExchange) -> None:
    printed = run(
        """
        import asyncio, os, sys
        from binance_wsapi import AsyncClient, Client, ClientClosed

        client = Client(**options)
        client.spot.test_connectivity()
        stream = client.subscribe_user_data_stream()
        awaited = AsyncClient(**options)
        child = os.fork()
        if child == 0:
            async def ask():
                await awaited.spot.test_connectivity()
            for work in (
                client.spot.test_connectivity,
                client.connect,
                client.subscribe_user_data_stream,
                lambda: asyncio.run(ask()),
            ):
                try:
                    work()
                except ClientClosed as error:
                    print(error)
            client.close()
            asyncio.run(awaited.close())
            # A new client works in the child.
            with Client(**options) as own:
                print(own.spot.test_connectivity().status)
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("child", status)
        print(client.spot.test_connectivity().status)
        client.close()
        asyncio.run(awaited.close())
        """,
        exchange,
    )

    told = "this client belongs to the parent process: make a new client after the fork\n"
    assert printed == told * 4 + "200\nchild 0\n200\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_streams_and_books_are_closed_in_a_forked_child(exchange: SimulatedExchange) -> None:
    """Nobody fills them there: what they held is the parent's."""
    printed = run(
        """
        import asyncio, os, sys
        from binance_wsapi import Client, ClientClosed

        client = Client(**options)
        stream = client.subscribe_user_data_stream()
        trades = client.streams.subscribe("btcusdt@trade")
        book = client.streams.order_book("BTCUSDT")
        book.wait_ready(10)
        changes = book.changes()
        child = os.fork()
        if child == 0:
            for work in (
                stream.get,
                trades.get,
                lambda: asyncio.run(stream.get_async()),
                lambda: book.best_bid,
                book.wait_ready,
            ):
                try:
                    print(work())
                except ClientClosed:
                    print("closed")
            print(list(stream), list(trades), list(changes), book.is_ready)
            client.on("open", print)
            for closed in (stream, trades, book, client):
                closed.close()
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("child", status, book.is_ready)
        client.close()
        """,
        exchange,
    )

    assert printed == "closed\n" * 5 + "[] [] [] False\nchild 0 True\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_worker_of_a_forking_pool_makes_its_own_client(exchange: SimulatedExchange) -> None:
    printed = run(
        """
        import multiprocessing
        from binance_wsapi import Client, ClientClosed

        client = Client(**options)
        client.spot.test_connectivity()

        def work(number):
            try:
                client.spot.test_connectivity()
            except ClientClosed:
                with Client(**options) as own:
                    return own.spot.test_connectivity().status

        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(work, range(4)))
            pool.close()
            pool.join()
        client.close()
        """,
        exchange,
    )

    assert printed == "[200, 200, 200, 200]\n"


@pytest.mark.parametrize("loop", ["uvloop", "stdlib"])
def test_without_uvloop_the_stdlib_loop_serves(exchange: SimulatedExchange, loop: str) -> None:
    pytest.importorskip("uvloop")
    hide = "import sys; sys.modules['uvloop'] = None\n" if loop == "stdlib" else ""
    printed = run(
        hide
        + textwrap.dedent(
            """
            from binance_wsapi import Client
            with Client(**options, transport="aiohttp") as client:
                print(client.spot.test_connectivity().status)
                print(type(client._runtime.loop).__module__.partition(".")[0])
            """
        ),
        exchange,
    )

    module = "uvloop" if loop == "uvloop" else "binance_wsapi"
    assert printed == f"200\n{module}\n"


def test_import_starts_nothing(exchange: SimulatedExchange) -> None:
    printed = run(
        """
        import sys, threading
        import binance_wsapi
        print(threading.active_count(), "aiohttp" in sys.modules and "loaded" or "deferred")
        """,
        exchange,
    )

    assert printed.startswith("1 ")


def test_closed_error_is_public() -> None:
    assert ClientClosed.__module__ == "binance_wsapi"


SLOWED = """
        import importlib.abc, os, signal, sys, threading

        class Slowed(importlib.abc.MetaPathFinder):
            # Has the process fork while one module is being loaded.
            name = {module!r}
            began, forking = threading.Event(), threading.Event()

            def find_spec(self, name, path, target=None):
                if name == self.name and not self.began.is_set():
                    self.began.set()
                    self.forking.wait()
                    threading.Event().wait(0.1)  # long enough for a fork that nothing holds back
                return None

        os.register_at_fork(before=Slowed.forking.set)  # the library's waits until it is loaded
        sys.meta_path.insert(0, Slowed())
        """


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize(
    "module",
    [
        "aiohttp",
        "binance_wsapi.catalogue.spot_streams",
        "binance_wsapi.core.aiohttp_transport",
        "binance_wsapi.facade.market_streams",
        "binance_wsapi.facade.spot",
        "binance_wsapi.markets.spot",
    ],
)
def test_fork_while_another_thread_loads_a_part_of_the_library(
    exchange: SimulatedExchange, module: str
) -> None:
    printed = run(
        """
        import binance_wsapi.forks  # whose hook is to come after the test's: they run backwards
        """
        + SLOWED.format(module=module)
        + """
        from binance_wsapi import Client

        options["transport"] = "aiohttp"

        def first_touch():
            client = Client(**options)
            client.streams.subscribe("btcusdt@trade")
            client.spot.get_server_time()
            client.close()

        thread = threading.Thread(target=first_touch)
        thread.start()
        assert Slowed.began.wait(20)
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            # On this thread: another one may have the number of the one that is gone, and its locks.
            importlib.import_module(Slowed.name)
            client = Client(**options)
            client.streams.subscribe("btcusdt@trade")
            print(client.spot.get_server_time().status, flush=True)
            client.close()
            os._exit(0)
        os.waitpid(child, 0)
        thread.join()
        """,
        exchange,
    )

    assert printed == "200\n"


TOUR = {
    "sync": """
        client = Client(**options)
        client.spot.get_exchange_info(symbol="BTCUSDT").result.symbols[0].filters
        streams = [
            client.streams.subscribe("btcusdt@bookTicker"),
            client.streams.subscribe("btcusdt@bookTicker", ws_key=WsKey.USDM),
            client.subscribe_user_data_stream(),
            client.subscribe_user_data_stream(WsKey.USDM_WSAPI),
        ]
        client.streams.subscribe("btcusd_perp@bookTicker", ws_key=WsKey.COINM)
        client.streams.order_book("BTCUSDT").wait_ready(10)
        for ws_key in (WsKey.COINM_WSAPI, WsKey.MARGIN_USER_DATA, WsKey.MARGIN_RISK_USER_DATA):
            client.subscribe_user_data_stream(ws_key)
        order = dict(symbol="BTCUSDT", side="BUY", type="LIMIT", price=20000, quantity="0.01")
        for market in (client.spot, client.usdm):
            market.submit_new_order(**order, time_in_force="GTC").result
        for stream in streams:
            stream.get(timeout=10)
        client.close()
        """,
    "async": """
        import asyncio

        async def go():
            client = AsyncClient(**options)
            await client.usdm.get_order_book(symbol="BTCUSDT")
            stream = await client.subscribe_user_data_stream()
            book = await client.streams.order_book("BTCUSDT")
            async with client.subscribe_user_data_stream(WsKey.MARGIN_RISK_USER_DATA):
                pass
            order = dict(symbol="BTCUSDT", side="BUY", type="LIMIT", price=20000, quantity="0.01")
            await client.spot.submit_new_order(**order, time_in_force="GTC")
            await stream.get_async()
            await client.close()

        asyncio.run(go())
        """,
}


@pytest.mark.parametrize("loop", ["uvloop", "stdlib"])
def test_whatever_is_loaded_at_its_first_use_is_loaded_while_no_fork_can_begin(
    exchange: SimulatedExchange, flavour: Flavour, loop: str
) -> None:
    hide = "import sys; sys.modules['uvloop'] = None" if loop == "stdlib" else ""
    watched = """
        import importlib.abc, sys
        from binance_wsapi import AsyncClient, Client, WsKey
        from binance_wsapi.forks import unforked

        class Watch(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path, target=None):
                loaded.append((name, unforked._is_owned()))

        loaded = []
        sys.meta_path.insert(0, Watch())
        """
    parts = (hide, watched, TOUR[flavour], "print(loaded)")
    loaded = ast.literal_eval(run("\n".join(map(textwrap.dedent, parts)), exchange))

    assert not [name for name, is_held in loaded if not is_held]
    assert "binance_wsapi.core.aiohttp_transport" in {name for name, _ in loaded}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_thread_of_a_forked_child_is_told_that_the_client_is_closed(
    exchange: SimulatedExchange,
) -> None:
    """The child's first thread may have the number that the client's own had in the parent."""
    printed = run(
        """
        import asyncio, os, threading
        from binance_wsapi import AsyncClient, Client, WsKey

        sync, awaited = Client(**options), AsyncClient(**options)  # not used before the fork
        child = os.fork()
        if child == 0:
            works = [
                sync.spot.get_server_time, sync.connect, sync.health, lambda: sync.rate_limits,
                sync.subscribe_user_data_stream, lambda: sync.streams.subscribe("btcusdt@trade"),
                lambda: sync.request(WsKey.MAIN_WSAPI, "time"),
                lambda: asyncio.run(awaited.spot.get_server_time()),
                lambda: asyncio.run(awaited.connect()),
            ]
            said = []

            def work(call):
                # As if the system had given this thread the number.
                for client in (sync, awaited):
                    if client._runtime.host.thread_id is not None:
                        client._runtime.host.thread_id = threading.get_ident()
                try:
                    call()
                except Exception as error:
                    said.append(type(error).__name__)

            for call in works:
                thread = threading.Thread(target=work, args=(call,))
                thread.start()
                thread.join()
            print(len(said), set(said), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        sync.close()
        asyncio.run(awaited.close())
        """,
        exchange,
    )

    assert printed == "9 {'ClientClosed'}\n"


@pytest.mark.parametrize("flavour", ["sync", "async"])
def test_threads_that_are_none_are_refused_in_words(
    exchange: SimulatedExchange, flavour: Flavour
) -> None:
    """What gevent and eventlet do to threads, without them: the constructor would wait for ever."""
    printed = run(
        f"""
        import _thread, sys, threading, types

        def start_green(function, args, kwargs={{}}):
            raise AssertionError("a thread was begun")

        sys.modules["gevent"] = types.ModuleType("gevent")
        _thread.start_new_thread = threading._start_new_thread = start_green
        from binance_wsapi import AsyncClient, Client, ConfigurationError

        try:
            {"Client" if flavour == "sync" else "AsyncClient"}(**options)
        except ConfigurationError as error:
            print(str(error).partition(":")[0])
        """,
        exchange,
    )

    assert printed == (
        "gevent has replaced the threads of this process, and a client needs one that is real\n"
    )
