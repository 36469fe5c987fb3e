"""What leads programs to a running exchange: an environment, and first lines for several clients."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from binance_wsapi.endpoints import ENVIRONMENT_VARIABLE, SIMULATOR_VARIABLE
from binance_wsapi.simulator.key_making import Key

__all__ = ["SNIPPETS", "environment", "write_environment"]

AUTHORITY_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""Where Python, requests and Node read which authorities to trust."""

SNIPPETS = {
    "this library": """
from binance_wsapi import Client

with Client.from_env() as client:
    print(client, client.spot.get_account_information().result)
""",
    "ccxt": """
import os, ccxt

client = ccxt.binance(
    {"apiKey": os.environ["BINANCE_HMAC_API_KEY"], "secret": os.environ["BINANCE_HMAC_API_SECRET"]}
)
for name, url in client.urls["api"].items():
    if isinstance(url, str) and ".binance.com/" in url:
        client.urls["api"][name] = os.environ["BINANCE_REST"] + "/" + url.split("/", 3)[3]
print(client.fetch_balance()["free"])
""",
    "python-binance": """
import os
from binance import Client

Client.API_URL = os.environ["BINANCE_REST"] + "/api"
Client.FUTURES_URL = os.environ["BINANCE_REST"] + "/fapi"
client = Client(os.environ["BINANCE_HMAC_API_KEY"], os.environ["BINANCE_HMAC_API_SECRET"])
print(client.get_account()["balances"])
""",
    "the official SDK, binance-sdk-spot": """
import os
from binance_common.configuration import ConfigurationRestAPI
from binance_sdk_spot.spot import Spot

config = ConfigurationRestAPI(
    api_key=os.environ["BINANCE_HMAC_API_KEY"],
    api_secret=os.environ["BINANCE_HMAC_API_SECRET"],
    base_path=os.environ["BINANCE_REST"],
)
print(Spot(config_rest_api=config).rest_api.get_account().data().balances)
""",
}
"""First lines of a program in :func:`environment`, by client."""


def environment(
    rest_url: str, logon_key: Key, hmac_key: Key, certificate: Path | None
) -> dict[str, str]:
    """Return the variables that lead programs to an exchange.

    Args:
        rest_url: Where it listens.
        logon_key: What this library uses.
        hmac_key: What every client takes.
        certificate: The file of the authority to trust.
    """
    variables = {
        ENVIRONMENT_VARIABLE: "simulator",
        SIMULATOR_VARIABLE: rest_url.replace("http", "ws", 1),
        "BINANCE_REST": rest_url,
        "BINANCE_API_KEY": logon_key.api_key,
        "BINANCE_API_SECRET": logon_key.api_secret.strip().replace("\n", "\\n"),
        "BINANCE_HMAC_API_KEY": hmac_key.api_key,
        "BINANCE_HMAC_API_SECRET": hmac_key.api_secret,
    }
    if certificate is not None:
        # Programs are started in other folders.
        variables |= dict.fromkeys(AUTHORITY_VARIABLES, str(certificate.absolute()))
    return variables


def write_environment(path: Path, variables: Mapping[str, str]) -> None:
    """Write a file that a shell reads with ``set -a; . FILE``; only its owner may read it.

    Raises:
        OSError: It cannot be written.
    """
    text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
    # Made anew: a file that others may read already would keep its mode.
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")
