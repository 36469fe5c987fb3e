"""Write what the catalogue describes (facades, options), or check that it is as it would be written.

``python -m binance_wsapi.catalogue [--check]``
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

from binance_wsapi.catalogue._render import render
from binance_wsapi.catalogue._render_options import render_fields, render_signature

COMMAND = "python -m binance_wsapi.catalogue"
PACKAGE = Path(__file__).parents[1]
FACADE = PACKAGE / "facade"
BY_HAND = {"__init__.py", "namespace.py", "market_streams.py", "opening.py"}


def main() -> int:
    """Write or check what is generated; return the exit status."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on differences")
    check: bool = parser.parse_args().check
    stale = differences()
    if check:
        for path, text in stale.items():
            sys.stdout.writelines(_diff(path, text))
        if stale:
            names = ", ".join(path.name for path in stale)
            sys.stdout.write(f"\n{names}: not fresh; run {COMMAND}\n")
        return 1 if stale else 0
    for path, text in stale.items():
        sys.stdout.write(f"written: {path}\n")
        if text is None:
            path.unlink()
        else:
            path.write_text(text, encoding="utf-8")
    return 0


def _diff(path: Path, wanted: str | None) -> Iterator[str]:
    """Yield what the generator would change in a file, in unified format."""
    return difflib.unified_diff(
        _text(path).splitlines(keepends=True),
        (wanted or "").splitlines(keepends=True),
        fromfile=str(path),
        tofile=f"{path.name} as the catalogue gives it" if wanted is not None else "nothing",
    )


def differences() -> dict[Path, str | None]:
    """Return what each file that differs should hold; ``None`` for one that should not be there."""
    wanted = {FACADE / name: text for name, text in render().items()}
    orphans = dict.fromkeys(
        path
        for path in sorted(FACADE.glob("*.py"))
        if path.name not in BY_HAND and path not in wanted
    )
    wanted[PACKAGE / "_option_fields.py"] = render_fields()
    wanted[PACKAGE / "_client_signature.py"] = render_signature()
    return orphans | {path: text for path, text in wanted.items() if _text(path) != text}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
