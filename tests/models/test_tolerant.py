"""An answer of several shapes becomes the model that fits it."""

from __future__ import annotations

import msgspec
import pytest

from binance_wsapi.models.base import Model
from binance_wsapi.models.tolerant import tolerant_decoder


class Apple(Model):
    pips: int


class Pear(Model):
    stalk: str


def test_first_struct_that_fits_is_taken() -> None:
    decode = tolerant_decoder(Apple | Pear)

    assert decode(b'{"pips": 3}') == Apple(pips=3)
    assert decode(b'{"stalk": "long"}') == Pear(stalk="long")


def test_rows_of_a_list_are_decided_one_by_one() -> None:
    decode = tolerant_decoder(list[Apple | Pear])

    assert decode(b'[{"stalk": "long"}, {"pips": 3}]') == [Pear(stalk="long"), Apple(pips=3)]


def test_one_or_many_is_decided_by_the_json() -> None:
    decode = tolerant_decoder(Apple | list[Apple])

    assert decode(b'{"pips": 3}') == Apple(pips=3)
    assert decode(b'[{"pips": 3}]') == [Apple(pips=3)]


def test_raw_parts_of_a_frame_are_decoded() -> None:
    assert tolerant_decoder(Apple | Pear)(msgspec.Raw(b'{"pips": 3}')) == Apple(pips=3)


@pytest.mark.parametrize("result", [Apple, Apple | Pear, list[Apple | Pear]])
def test_what_fits_nothing_raises(result: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        tolerant_decoder(result)(b'[{"stone": 1}]')
