"""A real Redis on a free port of this machine, for the tests that need one."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from free_port import free_port

__all__ = ["PROGRAM", "RedisServer", "database", "needs_redis", "server"]

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
START_S = 20.0

needs_redis = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"),
    reason="no redis-server here: apt-get install redis-server",
)


class RedisServer:
    """One server in a folder of its own; it can be killed and started again.

    Args:
        folder: The folder.
        environment: What it is started in; this process's by default.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = environment
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert PROGRAM is not None, "redis-server is missing: apt-get install redis-server"
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            [PROGRAM, *arguments, "--appendonly", "no", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
            env=self._environment,
        )
        until = time.monotonic() + START_S
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1.0) as asking:
                    asking.sendall(b"PING\r\n")
                    if asking.recv(7).startswith(b"+PONG"):
                        return
            except OSError:
                pass
            assert self._process.poll() is None, "redis-server ended"
            assert time.monotonic() < until, "redis-server does not answer"
            time.sleep(0.01)

    def stop(self) -> None:
        """Kill it: nothing is kept."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_S)
            self._process = None

    def pause(self) -> None:
        """Let it answer nothing for now; what it has is kept."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as running:
        yield running


@pytest.fixture
def database(server: RedisServer) -> Iterator[Any]:
    import redis

    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        yield client
