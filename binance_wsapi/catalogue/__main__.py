"""Write the facades from the catalogue, or check that they are as it would write them.

``python -m binance_wsapi.catalogue [--check]``
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

from binance_wsapi.catalogue._render import render

COMMAND = "python -m binance_wsapi.catalogue"
FACADE = Path(__file__).parents[1] / "facade"
BY_HAND = {"__init__.py", "_base.py", "market_streams.py"}


def main() -> int:
    """Write or check the facades; return the exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on differences")
    check: bool = parser.parse_args().check
    stale = differences()
    if check:
        for name, text in stale.items():
            sys.stdout.writelines(_diff(FACADE / name, text))
        if stale:
            sys.stdout.write(f"\n{', '.join(stale)}: not fresh; run {COMMAND}\n")
        return 1 if stale else 0
    for name, text in stale.items():
        sys.stdout.write(f"written: {FACADE / name}\n")
        if text is None:
            (FACADE / name).unlink()
        else:
            (FACADE / name).write_text(text, encoding="utf-8")
    return 0


def _diff(path: Path, wanted: str | None) -> Iterator[str]:
    """Yield what the generator would change in a file, in unified format."""
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    return difflib.unified_diff(
        present.splitlines(keepends=True),
        (wanted or "").splitlines(keepends=True),
        fromfile=str(path),
        tofile=f"{path.name} as the catalogue gives it" if wanted is not None else "nothing",
    )


def differences() -> dict[str, str | None]:
    """Return what each file that differs should hold; ``None`` for one that should not be there."""
    wanted = render()
    present = {path.name for path in FACADE.glob("*.py")} - BY_HAND
    orphans = dict.fromkeys(sorted(present - wanted.keys()))
    return orphans | {
        name: text
        for name, text in wanted.items()
        if name not in present or (FACADE / name).read_text(encoding="utf-8") != text
    }


if __name__ == "__main__":
    sys.exit(main())
