"""Docstrings name things in reStructuredText; the site is Markdown: this turns the one into the other."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

__all__ = ["Docstrings", "as_markdown"]

_ROLE = re.compile(r":(?:\w+:)?(?:class|meth|func|attr|data|exc|mod|obj|const):`~?\.?([^`<]+)`")
_LITERAL = re.compile(r"``([^`]+)``")


def as_markdown(text: str) -> str:
    """Return a docstring's text with its roles and literals as Markdown."""
    return _LITERAL.sub(r"`\1`", _ROLE.sub(r"`\1`", text))


class Docstrings(Extension):
    """Runs over each docstring that griffe reads."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)
