"""What every result and event can do for people and for other programs.

The ways out are loaded when they are first taken: a model costs nothing for having them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeAlias

from binance_wsapi.loading import load

__all__ = ["Numbers", "Readable", "door", "presentation"]

Numbers: TypeAlias = Literal["decimal", "float", "str"]
"""What decimals become: ``Decimal``, ``float``, or text without an exponent."""


def presentation(name: str) -> Any:
    """Return a module that makes something of models; it is loaded when it is first needed."""
    return load(f"binance_wsapi.presentation.{name}")


def door(*, in_floats: bool) -> Callable[[Any], Any]:
    """Return what a value passes on its way to the caller: it becomes floats, or stays what it is."""
    floats: Callable[[Any], Any] = presentation("floats").floats if in_floats else _itself
    return floats


def _itself(value: Any) -> Any:
    return value


class Readable:
    """Mixin of all models: out to dicts and JSON, at a glance as a line or a table."""

    __slots__ = ()

    named_by: ClassVar[tuple[str, ...]] = ()
    """The attributes that name one among others: the first, and those after it where that is not enough."""
    time_index: ClassVar[str] = ""
    """The attribute that orders it among others in time: the index of a data frame."""

    def to_dict(self, *, numbers: Numbers = "decimal") -> dict[str, Any]:
        """Return it as a dict, with the names of the attributes; what is in it as dicts and lists, too.

        Enums become their texts. Keys and tokens are cut short: read the attribute to get one.

        Args:
            numbers: What decimals become: ``"decimal"``, ``"float"``, or ``"str"`` (plain text, for JSON).

        Raises:
            ParameterError: ``numbers`` is none of these.
        """
        made: dict[str, Any] = presentation("plain").plain(self, numbers)
        return made

    def to_json(self, *, numbers: Literal["str", "float"] = "str") -> str:
        """Return it as JSON, with the names of the attributes.

        Args:
            numbers: What decimals become: ``"str"``, which keeps every digit, or ``"float"``.

        Raises:
            ParameterError: ``numbers`` is none of these.
        """
        return str(presentation("plain").json_text(self, numbers))

    def __repr__(self) -> str:
        return str(presentation("glance").line(self))

    def _repr_html_(self) -> str:
        return str(presentation("glance").model_table(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic, and so FastAPI, take a model as a type; it is written as ``to_dict`` writes it."""
        return presentation("pydantic_schema").core_schema(cls)
