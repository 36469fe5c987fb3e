"""How pydantic, and what is built on it, takes results and events; loaded by pydantic alone."""

from __future__ import annotations

from typing import Any

from binance_wsapi.loading import uncut

__all__ = ["core_schema", "list_core_schema"]


def core_schema(kind: type) -> Any:
    """Return the schema of a model: an instance of it, written as a dict with texts for decimals."""
    with uncut:
        from pydantic_core import core_schema as schema

    return schema.is_instance_schema(
        kind,
        serialization=schema.plain_serializer_function_ser_schema(
            lambda model: model.to_dict(numbers="str"), return_schema=schema.dict_schema()
        ),
    )


def list_core_schema(kind: type) -> Any:
    """Return the schema of a list of models."""
    with uncut:
        from pydantic_core import core_schema as schema

    return schema.is_instance_schema(
        kind,
        serialization=schema.plain_serializer_function_ser_schema(
            lambda rows: rows.to_dict(numbers="str"),
            return_schema=schema.list_schema(schema.dict_schema()),
        ),
    )
