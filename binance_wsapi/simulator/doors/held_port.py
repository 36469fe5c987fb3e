"""A port that nobody else is given while nobody listens at it."""

from __future__ import annotations

import socket
from typing import Any

__all__ = ["held_port"]


def held_port(family: int, address: Any) -> socket.socket:
    """Return a socket that has a port, and refuses connections until it listens.

    Args:
        family: The family of the address.
        address: What the socket that listened before was bound to.

    Raises:
        OSError: Somebody else has the port.
    """
    held = socket.socket(family)
    try:
        # Connections that were accepted there may be open still.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        held.bind(address)
    except BaseException:
        held.close()
        raise
    return held
