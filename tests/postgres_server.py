"""A real PostgreSQL on a free port of this machine, for the tests that need one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import pytest
from free_port import free_port

__all__ = ["PostgresServer", "needs_postgres"]

START_S = 60.0
USER = "postgres"


def _programs() -> Path | None:
    """Return the folder of the server's programs: Debian has it beside the path, one for each version."""
    found = [each.parent for each in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found and (on_path := shutil.which("initdb")):
        return Path(on_path).resolve().parent
    return max(found, default=None)


PROGRAMS = _programs()

needs_postgres = pytest.mark.skipif(
    PROGRAMS is None and not os.environ.get("CI"),
    reason="no PostgreSQL here: apt-get install postgresql",
)


class PostgresServer:
    """One server in a folder of its own; it can be stopped, halted, killed and started again.

    It refuses to run as root: then it runs as the user that its package has made.
    """

    def __init__(self) -> None:
        assert PROGRAMS is not None, "PostgreSQL is missing: apt-get install postgresql"
        self._programs = PROGRAMS
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._as: dict[str, Any] = {"cwd": self._folder}
        if os.geteuid() == 0:
            import pwd

            user = pwd.getpwnam(USER)
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.port = free_port()
        self._server = f"postgresql://{USER}:sesame@127.0.0.1:{self.port}"
        self.url = f"{self._server}/postgres"
        self._databases = 0
        self._process: subprocess.Popen[bytes] | None = None
        word = self._folder / "word"
        word.write_text("sesame\n")
        subprocess.run(
            [
                *(self._programs / "initdb", "--pgdata", "data", "--username", USER),
                *("--auth", "scram-sha-256", "--pwfile", str(word), "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            **self._as,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",  # nobody cuts the power here
        }
        self._process = subprocess.Popen(
            [
                *(self._programs / "postgres", "-D", "data"),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as,
        )
        until = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.Error:
                assert self._process.poll() is None, "PostgreSQL ended"
                assert time.monotonic() < until, "PostgreSQL does not answer"
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it at once, and its connections; what was committed stays."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(START_S)
            self._process = None

    def halt(self) -> None:
        """Let it answer nothing, though its connections stay open."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        self._signal_all(signal.SIGCONT)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Make another database, and yield its URL."""
        self._databases += 1
        name = f"other{self._databases}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
            yield f"{self._server}/{name}"
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        # The server first: it makes new ones.
        for pid in (self._process.pid, *map(int, children.split())):
            os.kill(pid, number)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder)
