"""Any key the exchange takes signs, in any form it is pasted in; anything else is refused clearly."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import pickle
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from binance_wsapi.errors import ConfigurationError
from binance_wsapi.protocol.params import WireValue
from binance_wsapi.protocol.signing import KeyType, Signer, load_signer, signature_payload

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "reference" / "spot" / "signing_vectors.json").read_text()
)["vectors"]
# Vectors that prove nothing, by the reason their source gives. A new one fails until it is understood.
UNUSABLE = {
    "hmac-orderList.cancel-example": "example edited after signing",
    "hmac-orderList.status-example": "example edited after signing",
    "hmac-myPreventedMatches-example": "example edited after signing",
    "hmac-myAllocations-example": "example edited after signing",
    "hmac-account.commission-example": "example edited after signing",
    "rsa-order.place-ascii-as-printed": "signature belongs to a payload with newOrderRespType",
    "rsa-order.place-utf8": "no key printed",
    "ed25519-order.place-ascii": "no key printed",
    "ed25519-order.place-utf8": "no key printed",
    "ed25519-userDataStream.subscribe.signature-example": "no key printed",
}
USABLE = [vector for vector in VECTORS if vector["id"] not in UNUSABLE]
HMAC_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PAYLOAD = b"apiKey=k&symbol=BTCUSDT&timestamp=1"

PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def key_bytes(
    key: PrivateKey,
    encoding: Encoding = Encoding.PEM,
    form: PrivateFormat = PrivateFormat.PKCS8,
    passphrase: str | None = None,
) -> bytes:
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        encryption = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(encoding, form, encryption)


def pem(key: PrivateKey, **options: Any) -> str:
    return key_bytes(key, **options).decode()


def refusal(secret: Any, passphrase: str | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_signer(secret, passphrase)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


def assert_signs(signer: Signer, key: PrivateKey) -> None:
    signature = base64.b64decode(signer.sign(PAYLOAD), validate=True)
    if isinstance(key, rsa.RSAPrivateKey):
        assert signer.key_type is KeyType.RSA
        key.public_key().verify(signature, PAYLOAD, padding.PKCS1v15(), SHA256())
    else:
        assert isinstance(key, ed25519.Ed25519PrivateKey)
        assert signer.key_type is KeyType.ED25519
        key.public_key().verify(signature, PAYLOAD)


# What is signed ----------------------------------------------------------------------------------


def test_the_list_of_unusable_vectors_is_the_documents_own() -> None:
    assert set(UNUSABLE) == {v["id"] for v in VECTORS if not v["usable_as_test"]}


@pytest.mark.parametrize(
    "vector",
    [v for v in USABLE if v["id"] != "ed25519-fix-logon"],  # FIX signs another kind of payload
    ids=lambda vector: vector["id"],
)
def test_payloads_are_those_of_the_documents(vector: dict[str, Any]) -> None:
    params = {name: value for name, value in vector["params"].items() if name != "signature"}

    assert signature_payload(params).decode() == vector["payload"]


@pytest.mark.parametrize("vector", USABLE, ids=lambda vector: vector["id"])
def test_signatures_are_those_of_the_documents(vector: dict[str, Any]) -> None:
    payload = vector["payload"].encode()
    if (
        vector["key_type"] == "RSA"
    ):  # the private key is not printed: the rule is checked by its public half
        public = load_pem_public_key(vector["public_key_pem"].encode())
        assert isinstance(public, rsa.RSAPublicKey)
        public.verify(base64.b64decode(vector["signature"]), payload, padding.PKCS1v15(), SHA256())
        return
    signer = load_signer(vector.get("secret_key") or vector["private_key_pem"])

    assert signer.key_type.value == vector["key_type"]
    assert signer.sign(payload) == vector["signature"]


@pytest.mark.parametrize(
    ("params", "payload"),
    [
        ({}, ""),
        ({"b": 1, "a": "x", "B": "y"}, "B=y&a=x&b=1"),
        ({"omitZeroBalances": True, "computeCommissionRates": False},
         "computeCommissionRates=false&omitZeroBalances=true"),
        ({"symbols": ["BTCUSDT", "这是测试币456"]}, 'symbols=["BTCUSDT","这是测试币456"]'),
        ({"symbol": "这是测试币456"}, "symbol=这是测试币456"),
        ({"x": "a b&c=d/%"}, "x=a b&c=d/%"),
        ({"price": "20000.00", "recvWindow": 5000}, "price=20000.00&recvWindow=5000"),
    ],
)  # fmt: skip
def test_the_payload_is_sorted_plain_text_as_json_carries_it(
    params: dict[str, WireValue], payload: str
) -> None:
    assert signature_payload(params) == payload.encode()


# Forms of keys -----------------------------------------------------------------------------------


def test_an_hmac_secret_signs_in_hexadecimal() -> None:
    signer = load_signer(HMAC_SECRET)
    expected = hmac.new(HMAC_SECRET.encode(), PAYLOAD, hashlib.sha256).hexdigest()

    assert signer.key_type is KeyType.HMAC
    assert [signer.sign(PAYLOAD), signer.sign(PAYLOAD)] == [expected, expected]


@pytest.mark.parametrize(
    "given", [HMAC_SECRET.encode(), f"{HMAC_SECRET}\n", f"  {HMAC_SECRET}\r\n"], ids=repr
)
def test_white_space_around_a_secret_does_not_matter(given: str | bytes) -> None:
    assert load_signer(given).sign(PAYLOAD) == load_signer(HMAC_SECRET).sign(PAYLOAD)


@pytest.mark.parametrize("key", [ed25519_key(), rsa_key()], ids=["Ed25519", "RSA"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text,
        lambda text: text.encode(),
        lambda text: bytearray(text.encode()),
        lambda text: text.replace("\n", "\\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\\r\\n"),
        lambda text: text.replace("\n", " "),
        lambda text: text.replace("\n", ""),
        lambda text: f"\n\n   {text}  \n",
        lambda text: "".join(f"    {line}\n" for line in text.splitlines()),
        lambda text: f"Bag Attributes\n  friendlyName: trading\n{text}",
        lambda text: f"\ufeff{text}",
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.replace("\n", "\r\n").encode("utf-16"),
        lambda text: text.replace("\n", "\r"),
    ],
    ids=["text", "bytes", "bytearray", "escaped", "windows", "escaped windows", "spaces", "one line",
         "padded", "indented", "commented", "marked text", "marked bytes", "UTF-16", "UTF-16 LE",
         "UTF-16 BE", "windows UTF-16", "old Mac"],
)  # fmt: skip
def test_a_pem_key_is_read_however_it_was_pasted(key: PrivateKey, damage: Any) -> None:
    assert_signs(load_signer(damage(pem(key))), key)


@pytest.mark.parametrize("key", [ed25519_key(), rsa_key()], ids=["Ed25519", "RSA"])
def test_der_bytes_are_read(key: PrivateKey) -> None:
    assert_signs(load_signer(key_bytes(key, Encoding.DER)), key)


def test_a_pkcs1_rsa_key_is_read() -> None:
    text = pem(rsa_key(), form=PrivateFormat.TraditionalOpenSSL)

    assert "BEGIN RSA PRIVATE KEY" in text
    assert_signs(load_signer(text), rsa_key())


def test_the_private_key_of_a_file_with_both_halves_is_taken() -> None:
    public = ed25519_key().public_key()
    text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    assert_signs(load_signer(text + pem(ed25519_key())), ed25519_key())


@pytest.mark.parametrize("key", [ed25519_key(), rsa_key()], ids=["Ed25519", "RSA"])
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("passphrase", ["correct horse", "пароль"])
def test_an_encrypted_key_is_read_with_its_passphrase(
    key: PrivateKey, encoding: Encoding, passphrase: str
) -> None:
    secret = key_bytes(key, encoding, passphrase=passphrase)

    assert_signs(load_signer(secret, passphrase), key)
    assert_signs(load_signer(secret, passphrase.encode()), key)


def test_an_encrypted_pkcs1_key_is_read_with_its_passphrase() -> None:
    text = pem(rsa_key(), form=PrivateFormat.TraditionalOpenSSL, passphrase="pass")

    assert "Proc-Type" in text
    assert_signs(load_signer(text, "pass"), rsa_key())
    for damaged in (
        text.replace("\n", "\\n"),
        text.replace("\n", "\r\n"),
        text.replace("\n", "\r\n").encode("utf-16"),
        "".join(f"    {line}\n" for line in text.splitlines()),
        "".join(f"\t{line}  \r\n" for line in text.splitlines()),
        text.replace("\n", " "),
    ):
        assert_signs(load_signer(damaged, "pass"), rsa_key())


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("name", ["key.pem", "id with space"])
def test_a_key_file_is_read(tmp_path: Path, encoding: Encoding, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(key_bytes(ed25519_key(), encoding))

    assert_signs(load_signer(path), ed25519_key())
    assert_signs(load_signer(str(path)), ed25519_key())


def test_a_key_file_in_the_home_directory_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "key.pem").write_text(pem(ed25519_key()))

    assert_signs(load_signer("~/key.pem"), ed25519_key())


def test_a_file_may_hold_an_hmac_secret(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text(f"{HMAC_SECRET}\n")

    assert load_signer(path).sign(PAYLOAD) == load_signer(HMAC_SECRET).sign(PAYLOAD)


def test_a_file_that_names_a_file_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "key"
    target.write_text(pem(ed25519_key()))
    link = tmp_path / "link.txt"
    link.write_text(str(target))

    assert "looks like the path" in refusal(link)


def test_only_rsa_is_slow() -> None:
    signers = [
        load_signer(HMAC_SECRET),
        load_signer(pem(ed25519_key())),
        load_signer(pem(rsa_key())),
    ]

    assert [getattr(signer, "slow", False) for signer in signers] == [False, False, True]


# What is refused ---------------------------------------------------------------------------------


def public_pem(key: PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def body_of(text: str) -> str:
    return "".join(text.splitlines()[1:-1])


EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_PEM = pem(ed25519_key())
RSA_PEM = pem(rsa_key())
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("", "is empty"),
        (" \n ", "is empty"),
        (b"", "is empty"),
        (None, "is of type NoneType"),
        (123, "is of type int"),
        (f"{HMAC_SECRET[:20]} {HMAC_SECRET[20:]}", "space or a line end inside"),
        (f"{HMAC_SECRET[:20]}\n{HMAC_SECRET[20:]}", "space or a line end inside"),
        (f"{HMAC_SECRET[:20]}\\n{HMAC_SECRET[20:]}", "space or a line end inside"),
        (f"'{HMAC_SECRET}'", "in quotes"),
        ("keys/ed25519", "looks like the path of a key file, and there is no such file"),
        (r"C:\keys\ed25519", "looks like the path"),
        ("~/ed25519", "looks like the path"),
        ("~nobody-of-that-name/ed25519", "looks like the path"),
        ("prod.env", "looks like the path"),
        ("keys.tar.gz", "looks like the path"),
        (b"ed25519.pem", "looks like the path"),
        (HMAC_SECRET[:32] + "/" + HMAC_SECRET[33:], "looks like the path"),
        ("typo.pem", "'typo.pem' cannot be read: No such file"),
        ("typo.txt", "'typo.txt' cannot be read: No such file"),
        ("typo.KEY", "'typo.KEY' cannot be read: No such file"),
        ("~nobody-of-that-name/typo.pem", "cannot be read: Could not determine home directory"),
        (Path("a\0b"), "cannot be read: embedded null byte"),
        (HMAC_SECRET[:20] + "+" + HMAC_SECRET[21:] + "==", "characters that no HMAC secret has"),
        (ED_PEM.encode("utf-16").decode("latin-1"), "as UTF-16 text has"),
        (f'"{HMAC_SECRET}"', "in quotes"),
        (f"{HMAC_SECRET}\N{ZERO WIDTH SPACE}", "characters that no HMAC secret has"),
        (f"{HMAC_SECRET}\x07", "characters that no HMAC secret has"),
        (public_pem(ed25519_key()), "is a public key"),
        (public_pem(rsa_key()), "is a public key"),
        (CERTIFICATE, "is a certificate"),
        (pem(ed25519_key(), form=PrivateFormat.OpenSSH), "is an OpenSSH key"),
        (pem(EC_KEY), "of kind EC"),
        (pem(EC_KEY, form=PrivateFormat.TraditionalOpenSSL), "elliptic curve (EC) key"),
        (key_bytes(EC_KEY, Encoding.DER), "of kind EC"),
        ("-----BEGIN PGP MESSAGE-----\nabc\n-----END PGP MESSAGE-----", "PEM block 'PGP MESSAGE'"),
        (RSA_PEM.rsplit("-----END", 1)[0], "'-----END ...-----' line is missing"),
        (RSA_PEM.split("KEY-----", 1)[1], "'-----BEGIN ...-----' line is missing"),
        (RSA_PEM.replace("END PRIVATE", "END PUBLIC"), "'-----END ...-----' line is missing"),
        (body_of(ED_PEM), "is the inside of a PEM key"),
        ("\n".join(ED_PEM.splitlines()[1:-1]), "is the inside of a PEM key"),
        (body_of(RSA_PEM), "is the inside of a PEM key"),
        ("\n".join(RSA_PEM.splitlines()[1:-1]), "is the inside of a PEM key"),
        (body_of(public_pem(ed25519_key())), "is the inside of a PEM key"),
        (RSA_PEM.replace(RSA_PEM.splitlines()[5], ""), "is no readable private key"),
        (RSA_PEM.splitlines()[0] + "\n" + RSA_PEM.splitlines()[-1], "is no readable private key"),
        (key_bytes(rsa_key(), Encoding.DER)[:-7], "is no readable private key"),
        (b"\x00\x01\x02", "is no readable private key"),
        (pem(rsa_key(1024)), "RSA key of 1024 bits"),
    ],
)  # fmt: skip
def test_what_is_no_usable_key_is_named(secret: Any, said: str) -> None:
    message = refusal(secret)

    assert said in message
    if isinstance(secret, str):
        for piece in (
            HMAC_SECRET[:20],
            HMAC_SECRET[20:],
            *ED_PEM.split(),
            *RSA_PEM.splitlines()[1:-1],
        ):
            assert piece not in message or piece in {
                "PRIVATE",
                "-----BEGIN",
                "-----END",
                "KEY-----",
            }


@pytest.mark.parametrize("key", [ed25519_key(), rsa_key()], ids=["Ed25519", "RSA"])
@pytest.mark.parametrize("form", [Encoding.PEM, Encoding.DER])
def test_the_passphrase_has_to_be_the_right_one(key: PrivateKey, form: Encoding) -> None:
    secret = key_bytes(key, form, passphrase="right")

    assert "api_secret_passphrase is wrong" in refusal(secret, "wrong-passphrase")
    assert "wrong-passphrase" not in refusal(secret, "wrong-passphrase")
    assert "is encrypted: give its api_secret_passphrase" in refusal(secret)
    assert "is encrypted: give its api_secret_passphrase" in refusal(secret, "")


@pytest.mark.parametrize("secret", [HMAC_SECRET, ED_PEM, RSA_PEM], ids=["HMAC", "Ed25519", "RSA"])
def test_a_passphrase_for_a_key_without_one_is_refused(secret: str) -> None:
    assert "passphrase was given" in refusal(secret, "pass")


@pytest.mark.parametrize("secret", [HMAC_SECRET, ED_PEM, RSA_PEM], ids=["HMAC", "Ed25519", "RSA"])
def test_a_passphrase_of_another_type_is_named(secret: str) -> None:
    passphrase: Any = 5

    assert "api_secret_passphrase is of type int" in refusal(secret, passphrase)


@pytest.mark.parametrize("secret", [HMAC_SECRET, ED_PEM, RSA_PEM], ids=["HMAC", "Ed25519", "RSA"])
def test_an_empty_passphrase_is_none(secret: str) -> None:
    assert load_signer(secret, "").sign(PAYLOAD) == load_signer(secret).sign(PAYLOAD)


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()

    assert "is empty" in refusal(empty)
    assert "missing.pem' cannot be read" in refusal(tmp_path / "missing.pem")
    assert "missing.pem' cannot be read" in refusal(str(tmp_path / "missing.pem"))
    assert "cannot be read" in refusal(tmp_path)


# Secrecy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [HMAC_SECRET, ED_PEM, RSA_PEM], ids=["HMAC", "Ed25519", "RSA"])
def test_a_signer_shows_nothing_and_goes_nowhere(secret: str) -> None:
    signer = load_signer(secret)
    shown = f"{signer!r} {signer} {signer.__class__!r}"

    assert shown.startswith(f"<{signer.key_type.value} signer>")
    assert not hasattr(signer, "__dict__")
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="secret"):
            leave(signer)


def test_no_cryptography_is_imported_before_a_key_needs_it() -> None:
    code = (
        "import sys, binance_wsapi.protocol.signing as s; s.load_signer('a' * 64).sign(b'x');"
        "sys.exit(bool({'cryptography', 'nacl'} & set(sys.modules)))"
    )

    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=60
    )


def test_a_signer_of_ones_own_needs_no_base_class() -> None:
    class Vault:
        key_type = KeyType.ED25519
        slow = True

        def sign(self, payload: bytes) -> str:
            return payload.decode()

    signer: Signer = Vault()

    assert signer.sign(b"x") == "x"
