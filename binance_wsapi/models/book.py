"""What every order book can do: it has levels on two sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from binance_wsapi.models.readable import Numbers, presentation

if TYPE_CHECKING:
    from binance_wsapi.models.base import Level

__all__ = ["HasLevels"]


class Book(Protocol):
    """What has levels."""

    @property
    def bids(self) -> Sequence[Level]:
        """Buyers' levels, best first."""
        ...

    @property
    def asks(self) -> Sequence[Level]:
        """Sellers' levels, best first."""
        ...


class HasLevels:
    """Mixin of models of order books."""

    __slots__ = ()

    def to_frame(
        self: Book, backend: Literal["pandas", "polars"] = "pandas", *, numbers: Numbers = "float"
    ) -> Any:
        """Return its levels as a data frame of ``side`` (bid or ask), ``price`` and ``quantity``.

        Args:
            backend: ``"pandas"`` or ``"polars"``, which the extra ``frames`` installs.
            numbers: What decimals become: ``"float"``, ``"decimal"`` (exact, and slow), or ``"str"``.

        Raises:
            ParameterError: ``backend`` or ``numbers`` is not known.
            ConfigurationError: The package is not installed.
        """
        return presentation("frames").book_frame(self.bids, self.asks, backend, numbers)

    def plot(self: Book, axes: Any = None) -> Any:
        """Draw how much rests on each side down to each price, and return the axes.

        Args:
            axes: Where to draw, of matplotlib; a new figure without.

        Raises:
            ConfigurationError: matplotlib is not installed: the extra ``plots`` does.
        """
        return presentation("plots").depth(self.bids, self.asks, axes, type(self).__name__)

    def _repr_html_(self: Book) -> str:
        return str(presentation("glance").book_table(type(self).__name__, self.bids, self.asks))
