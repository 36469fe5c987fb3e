"""A Redis for each test."""

from __future__ import annotations

from redis_server import database, server

__all__ = ["database", "server"]
