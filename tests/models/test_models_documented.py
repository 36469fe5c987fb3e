"""Every field of every model says what it is, in a string under it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

MODELS = sorted((Path(__file__).parents[2] / "binance_wsapi" / "models").glob("*.py"))
NOT_MODELS = {"enums.py", "futures_enums.py"}


@pytest.mark.parametrize(
    "path", [each for each in MODELS if each.name not in NOT_MODELS], ids=lambda each: each.name
)
def test_every_field_has_a_docstring(path: Path) -> None:
    bare = [
        f"{node.name}.{statement.target.id}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        for statement, following in zip(node.body, [*node.body[1:], None], strict=True)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and not statement.target.id.startswith("_")
        and not ast.unparse(statement.annotation).startswith("ClassVar")
        and not _is_docstring(following)
    ]

    assert not bare


def _is_docstring(statement: ast.stmt | None) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
