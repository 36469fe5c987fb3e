"""What stands between clients and a server, and fails: connections break, or nothing comes through."""

from __future__ import annotations

import contextlib
import socket
import threading

from callers import WAIT_S

__all__ = ["Proxy"]


class Proxy:
    """Stands between clients and a server: it can forward nothing for a while, and to another server."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._may_pass = threading.Event()
        self._may_pass.set()
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target), WAIT_S)
            except OSError:
                client.close()
                continue
            self._open += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(
                    target=self._forward, args=(one, other), name="proxy", daemon=True
                ).start()

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        try:
            one.settimeout(None)
            while received := one.recv(1 << 16):
                self._may_pass.wait()
                other.sendall(received)
        except OSError:
            pass
        finally:
            for each in (one, other):
                _break(each)

    def hold(self) -> None:
        """Forward nothing from now on."""
        self._may_pass.clear()

    def let_go(self) -> None:
        """Forward all that was held up, and what comes."""
        self._may_pass.set()

    def lead_to(self, port: int) -> None:
        """Break all connections; new ones lead to another server, or to port 0: nowhere."""
        self._target = port
        while self._open:
            _break(self._open.pop())

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._listening.close()
        self.let_go()
        self.lead_to(self._target)


def _break(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)  # wakes who reads, which closing alone does not
    connection.close()
