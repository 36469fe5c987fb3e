"""The README, its neighbours and the pages of the site as tests see them: their blocks of code, and what they call them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "blocks_of"]

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md")),
]
_FENCE = re.compile(r"^( *)(`{3,})(\w*) *(.*)$")
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    title: str
    """``title="bot.py"`` makes it a file; ``title="output"`` what the block before it prints."""
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path) -> Iterator[Block]:
    """Yield the blocks of a page, those inside tabs and notes as well."""
    page = path.relative_to(ROOT).as_posix()
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        fence = _FENCE.match(line)
        if fence is None:
            continue
        indent, ticks, language, rest = fence.groups()
        code: list[str] = []
        for _, each in lines:
            if each.strip() == ticks and each.startswith(indent):
                break
            code.append(each)
        title = _TITLE.search(rest)
        text = textwrap.dedent("\n".join(code) + "\n")
        yield Block(page, number, language, title[1] if title else "", text)
