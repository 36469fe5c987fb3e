"""The exchange's state in a file: saved while it is stopped, and gone on with later.

The whole of it is written down as it stands, object for object, so that nothing that somebody adds to the engines can
be forgotten; doors and connections are made anew. Files are read by :mod:`pickle` with its one danger taken out: they
can name nothing but classes of the engines and a few of the standard library's, and no method but of an engine's object.
"""

from __future__ import annotations

import enum
import hashlib
import io
import os
import pickle
import stat
import tempfile
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from binance_wsapi._version import __version__
from binance_wsapi.simulator.venue import Venue

__all__ = ["is_of_an_engine", "load", "save"]

_TITLE = b"binance_wsapi exchange"
_LONGEST_LINE = 100
_ENGINES = tuple(
    f"binance_wsapi.{part}"
    for part in (
        "markets.market",
        "simulator.accounts",
        "simulator.alpha",
        "simulator.clock",
        "simulator.doors.authentication",
        "simulator.doors.request_limits",
        "simulator.doors.wire",
        "simulator.eoptions",
        "simulator.futures",
        "simulator.margin",
        "simulator.market_data",
        "simulator.numbering",
        "simulator.observers",
        "simulator.portfolio_margin",
        "simulator.refills",
        "simulator.spot",
        "simulator.venue",
    )
)
"""Modules and packages whose classes a file may name: none of them reaches outside the process."""
_OTHERS = {
    ("builtins", "dict"),
    ("builtins", "list"),
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "deque"),
    ("decimal", "Decimal"),
    ("functools", "partial"),
    ("random", "Random"),
}
_CONNECTIONS = tuple(f"binance_wsapi.simulator.{part}." for part in ("doors", "faults"))


def save(venue: Venue, path: str | os.PathLike[str]) -> None:
    """Write the state of an exchange that has no connections; the file is there whole, or as it was.

    Raises:
        RuntimeError: Something from outside is part of it: a replay, a recording.
        OSError: It cannot be written.
    """
    # What waited for clients that are gone: frames under way, answers that a fault held back.
    venue.clock.forget(_is_of_a_connection)
    try:
        body = pickle.dumps(venue, protocol=5)
        _read(body)  # before a good file is replaced
    except (pickle.PickleError, TypeError, AttributeError) as error:
        raise RuntimeError(
            f"it cannot be saved ({error}): end replays and recordings first"
        ) from None
    target = Path(path).resolve()  # a link stays one
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"\n".join((_title(), _digest(body), body)))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise


def load(path: str | os.PathLike[str]) -> Venue:
    """Return the exchange that was saved, with open doors.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is none, is damaged, or of another version.
    """
    digest, body = _contents(Path(path))
    if digest != _digest(body):
        raise ValueError(f"{os.fspath(path)!r} is damaged: move it away to begin anew")
    try:
        venue = _read(body)
    except Exception as error:  # noqa: BLE001  (what somebody else wrote may raise anything)
        raise ValueError(f"{os.fspath(path)!r} was saved by no exchange: {error}") from None
    venue.go_on()
    return venue


def _contents(path: Path) -> tuple[bytes, bytes]:
    """Return digest and body of a file that has the right title; others, which may be large, are not read."""
    title, digest, body = b"", b"", b""
    if not stat.S_ISFIFO(path.stat().st_mode):
        with path.open("rb") as file:
            title = file.readline(_LONGEST_LINE).rstrip(b"\n")
            if title == _title():
                digest, body = file.readline(_LONGEST_LINE).rstrip(b"\n"), file.read()
    if not title.startswith(_TITLE):
        raise ValueError(f"{str(path)!r} holds no exchange: name a file that one was saved to")
    if title != _title():
        version = title.removeprefix(_TITLE).decode(errors="replace").strip()
        raise ValueError(
            f"{str(path)!r} was saved by version {version}, this is {__version__}: go on with it there, or "
            "move it away to begin anew"
        )
    return digest, body


def _title() -> bytes:
    return b" ".join((_TITLE, __version__.encode()))


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _read(body: bytes) -> Venue:
    venue = _Reader(io.BytesIO(body)).load()
    if not isinstance(venue, Venue):
        raise pickle.UnpicklingError(f"it holds {venue!r}")
    return venue


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "getattr"):
            return _method
        if is_of_an_engine(module):
            found: Any = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        elif (module, name) in _OTHERS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"a saved exchange holds no {module}.{name}")


def is_of_an_engine(module: str) -> bool:
    """Whether a file may name the classes of a module."""
    return any(module == each or module.startswith(f"{each}.") for each in _ENGINES)


def _method(owner: Any, name: str) -> object:
    """Return an object's method, or a member of an enumeration: all that bound methods are saved as.

    Of a class nothing but a member is given out: by its other methods any class there is could be found.
    """
    if isinstance(owner, enum.EnumType):
        return owner[name]
    if is_of_an_engine(type(owner).__module__) and not name.startswith("__"):
        found = getattr(owner, name)
        if isinstance(found, types.MethodType):
            return found
    raise pickle.UnpicklingError(f"{name!r} is no method")


def _is_of_a_connection(callback: Callable[[], object]) -> bool:
    function: Any = callback
    while isinstance(function, partial):
        function = function.func
    return str(function.__module__).startswith(_CONNECTIONS)
