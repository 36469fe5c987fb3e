"""What a request carries besides its own parameters: key, time, window, signature."""

from __future__ import annotations

from collections.abc import Mapping

from binance_wsapi.catalogue.operation import Operation, Security
from binance_wsapi.errors import ConfigurationError
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.signing import KeyType, Signer, is_local, signature_payload

__all__ = ["Authoriser", "window_value"]

_OWN = ("apiKey", "signature", "timestamp")


class Authoriser:
    """Stamps and signs requests with one account's key; called from any thread.

    Args:
        api_key: The account's API key, if there is one.
        signer: Signs with the secret that belongs to it.
        recv_window: Milliseconds a request stays valid; ``None`` leaves it to the exchange (5,000).
    """

    def __init__(
        self, *, api_key: str | None, signer: Signer | None, recv_window: float | None
    ) -> None:
        self.api_key = api_key
        self.signer = signer
        self.is_complete = api_key is not None and signer is not None
        """Whether every operation can be authorised."""
        self.logs_on = signer is not None and signer.key_type is KeyType.ED25519
        """Whether the key can authenticate a whole connection (Ed25519 only)."""
        self.signs_slowly = signer is not None and bool(getattr(signer, "slow", True))
        """Whether signing may stall an event loop: RSA, and any signer that does not deny it."""
        self.may_hang = self.signs_slowly and not is_local(signer)
        """Whether signing may wait for something: any signer of the caller's that does not deny it."""
        self._window: dict[str, WireValue] = {}
        if recv_window is not None:
            self._window["recvWindow"] = window_value(recv_window)

    def check(self, operation: Operation) -> None:
        """Refuse an operation that needs a key which the client was not given.

        Raises:
            ConfigurationError: The client has no key, or no secret.
        """
        if operation.security is Security.NONE:
            return
        if self.api_key is None:
            raise ConfigurationError(
                f"{operation.method} needs an API key: pass api_key and api_secret to the client"
            )
        if operation.signed and self.signer is None:
            raise ConfigurationError(
                f"{operation.method} needs a signature: pass api_secret (or signer) to the client"
            )

    def stamped(self, params: Mapping[str, WireValue], timestamp_ms: int) -> dict[str, WireValue]:
        """Return the parameters of a REST request with time and window, as they are signed.

        Args:
            params: The request's own parameters; a window among them is respected.
            timestamp_ms: The time to stamp, on the exchange's clock.
        """
        return {**self._window, **params, "timestamp": timestamp_ms}

    def authorise(
        self,
        params: Mapping[str, WireValue],
        *,
        signed: bool,
        logged_on: bool,
        timestamp_ms: int,
    ) -> Mapping[str, WireValue]:
        """Return the parameters as they are sent.

        Args:
            params: The request's own wire parameters; what the caller set of key, time or
                signature is respected.
            signed: The operation asks for a signature; else for the API key alone.
            logged_on: The connection is authenticated: time is enough.
            timestamp_ms: The time to stamp, on the exchange's clock.
        """
        if not signed:
            if self.api_key is None or "apiKey" in params:
                return params
            return {**params, "apiKey": self.api_key}
        if "signature" in params:
            # The caller's own: one parameter more, and it fits no longer.
            return params
        stamped = {**self._window, "timestamp": timestamp_ms, **params}
        if logged_on and "apiKey" not in stamped:
            return stamped
        if self.signer is None or self.api_key is None:
            return stamped
        stamped.setdefault("apiKey", self.api_key)
        stamped["signature"] = self.signer.sign(signature_payload(stamped))
        return stamped


def window_value(recv_window: float) -> WireValue:
    """Return a ``recvWindow`` as it is sent."""
    return int(recv_window) if float(recv_window).is_integer() else str(recv_window)
