"""What a market stream of the exchange is, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from binance_wsapi.catalogue.routes import StreamRoute
from binance_wsapi.markets import Market
from binance_wsapi.models.base import Event

__all__ = ["OtherForm", "Stream", "StreamParam"]


class OtherForm(ValueError):
    """A value has the form of another market's."""


@dataclass(frozen=True, slots=True)
class StreamParam:
    """One part of a stream's name that the caller chooses."""

    name: str
    """As it stands in the template."""
    about: str
    """One sentence for the docstring."""
    values: tuple[str, ...] = ()
    """What it may be; empty when that cannot be listed."""
    optional: bool = False
    """The stream has a name without it, too."""
    lower_case: bool = False
    """It is written in lower case, whatever the case it is given in."""
    form: str = r"[^@!/-]+"
    """What it looks like as it is written, where its values cannot be listed; a regular expression."""
    example: str = "BTCUSDT"
    """One of that form."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One market stream."""

    market: Market
    name: str
    """Snake-case name: ``book_ticker``."""
    template: str
    """Name on the wire, with parameters in braces and what may be left out in brackets."""
    title: str
    """What it sends, and how often."""
    params: tuple[StreamParam, ...]
    events: tuple[type[Event], ...]
    """Kinds of event it sends."""
    is_batch: bool = False
    """Events come in arrays, as an ``EventBatch``."""
    route: StreamRoute | None = None
    """Part of the host that serves it; ``None`` where a host serves all streams."""

    def name_of(self, **values: str | int | None) -> str:
        """Return the stream's name on the wire.

        Args:
            **values: The parameters by name; ``None`` leaves an optional one out.

        Raises:
            ValueError: A parameter is missing, unknown, or has a value the exchange does not know.
        """
        given = {name: str(value) for name, value in values.items() if value is not None}
        unknown = given.keys() - {param.name for param in self.params}
        if unknown:
            raise ValueError(f"stream {self.name} has no parameter {', '.join(sorted(unknown))}")
        written = self.template
        for param in self.params:
            written = self._write(written, param, given.get(param.name))
        return written

    def _write(self, written: str, param: StreamParam, value: str | None) -> str:
        place = re.compile(rf"\[([^\[{{]*)\{{{param.name}\}}\]|\{{{param.name}\}}")
        if value is None:
            if not param.optional:
                raise ValueError(f"stream {self.name} needs {param.name}: {param.about}")
            return place.sub("", written)
        text = value.lower() if param.lower_case else value
        if param.values and text not in param.values:
            raise ValueError(
                f"{param.name}={value!r} is none of {', '.join(param.values)} (stream {self.name})"
            )
        if not param.values and re.fullmatch(param.form, text) is None:
            raise OtherForm(
                f"{param.name}={value!r} is none that stream {self.name} takes: write one such as "
                f"{param.example!r}"
            )
        return place.sub(lambda found: (found[1] or "") + text, written)

    def matches(self, wire_name: str) -> bool:
        """Return whether this is the stream of that name."""
        return _pattern(self).fullmatch(wire_name) is not None


@cache
def _pattern(stream: Stream) -> re.Pattern[str]:
    written = re.escape(stream.template).replace(r"\{", "{").replace(r"\}", "}")
    written = written.replace(r"\[", "(?:").replace(r"\]", ")?")
    for param in stream.params:
        values = "|".join(re.escape(value) for value in param.values) or param.form
        written = written.replace(f"{{{param.name}}}", f"(?:{values})")
    return re.compile(written)
