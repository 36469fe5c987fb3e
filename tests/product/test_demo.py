"""The demo shows what the README says it shows, and says what it lacks."""

from __future__ import annotations

import pytest

from binance_wsapi import demo


@pytest.fixture(scope="module")
def printed() -> str:
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.setattr("builtins.print", lambda text="": lines.append(text))
        assert demo.main([]) == 0
    return "\n".join(lines)


@pytest.mark.parametrize("flavour", ["The sync client", "The async client"])
@pytest.mark.parametrize(
    "step",
    ["connected", "order book", "NEW", "CANCELED", "market order", "TRADE 0.01 at", "balances",
     "dropped connection    healed in", "round trips           200 requests: median"],
)  # fmt: skip
def test_each_client_shows_each_step(step: str, flavour: str, printed: str) -> None:
    part = printed.split(flavour)[1].split("\n\n", maxsplit=1)[0]

    assert step in part


def test_the_gap_of_the_dropped_connection_is_told(printed: str) -> None:
    assert " ms: connection dropped" in printed


def test_without_a_network_the_demo_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = {"urls": {"mainWSAPI": "ws://127.0.0.1:1"}, "timeout": 0.1}
    monkeypatch.setattr(demo, "_testnet_options", lambda: nowhere)
    for name in demo.KEY_NAMES:
        monkeypatch.setenv(name, "x")

    assert demo.main(["--testnet"]) == 1

    assert "The demo ends here: connect was not sent" in capsys.readouterr().err


def test_the_testnet_needs_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "key")
    monkeypatch.delenv("BINANCE_API_SECRET", raising=False)

    with pytest.raises(SystemExit, match="2"):
        demo.main(["--testnet"])

    assert "--testnet needs BINANCE_API_SECRET in the environment" in capsys.readouterr().err
