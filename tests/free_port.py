"""Ports for servers that are stopped and started again."""

from __future__ import annotations

import random
import socket

__all__ = ["free_port"]


def free_port() -> int:
    """Return a port that nobody listens on, and that the system hands out to nobody while it is free."""
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with socket.socket() as trying:
            try:
                trying.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
