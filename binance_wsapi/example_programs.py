"""``python -m binance_wsapi examples``: lists the example programs, and runs one."""

from __future__ import annotations

import ast
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["folder", "main"]

USAGE = "usage: binance-wsapi examples [NAME [ARGUMENT ...]]"


def folder() -> Path:
    """Return where the programs lie: in an installed package beside its modules, else at the top of the checkout."""
    installed = Path(__file__).with_name("examples")
    return installed if installed.is_dir() else Path(__file__).parents[1] / "examples"


def main(arguments: Sequence[str] | None = None) -> int:
    """List the programs, or run the one that is named, and return the exit status."""
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or [""]
    programs = {path.stem: path for path in sorted(folder().glob("*.py"))}
    if name in {"", "-h", "--help"}:
        _list(programs)
        return 0
    if name not in programs:
        known = ", ".join(programs) or f"there are none in {folder()}"
        print(f"{USAGE}\nno example {name!r}: {known}", file=sys.stderr)
        return 2
    return _run(programs[name], rest)


def _list(programs: dict[str, Path]) -> None:
    print(f"{USAGE}\n")
    for name, path in programs.items():
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        print(f"  {name:<20}{told.partition(chr(10))[0]}")
    print(
        "\nThey trade on the embedded exchange. BINANCE_WSAPI_ENV=testnet, demo, simulator or production "
        f"leads them\nelsewhere, with your keys. Read them, and copy them, in {folder()}"
    )


def _run(path: Path, arguments: Sequence[str]) -> int:
    """Run a program as Python runs a script: signals, arguments and its neighbours' imports included."""
    argv, sys.argv = sys.argv, [str(path), *arguments]
    sys.path.insert(0, str(path.parent))
    try:
        runpy.run_path(str(path), run_name="__main__")
    except ModuleNotFoundError as missing:
        print(f"{path.stem} needs {missing.name}: pip install {missing.name}", file=sys.stderr)
        return 1
    finally:
        sys.argv = argv
        sys.path.remove(str(path.parent))
    return 0
