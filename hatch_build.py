"""Add the example programs to a wheel, and compile the modules that each request and event goes through, where asked.

``BINANCE_WSAPI_BUILD=compiled`` builds a wheel with them compiled by mypyc, for this Python and platform; it
takes a C compiler. Without it the wheel is pure Python and fits everywhere.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SWITCH = "BINANCE_WSAPI_BUILD"
PACKAGE = "binance_wsapi"
EXAMPLES = "examples"


class CompilingHook(BuildHookInterface[Any]):
    """Adds to a wheel the example programs, and compiled modules beside their sources."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Return what compiling takes: types come from the libraries that the package uses, too."""
        if not is_wanted():
            return []
        return ["mypy[mypyc]>=2.4", *self.metadata.core.dependencies]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add what is to be added, unless the package is installed in place: what is edited there has to run."""
        if version == "editable":
            return
        for file in (Path(self.root) / EXAMPLES).iterdir():
            if file.suffix in {".csv", ".py"}:
                build_data["force_include"][str(file)] = f"{PACKAGE}/{EXAMPLES}/{file.name}"
        if not is_wanted():
            return
        # Kept until the process ends, which is after the wheel is packed.
        self._folder = tempfile.TemporaryDirectory()
        made = compiled(Path(self.root), self.config["modules"], Path(self._folder.name))
        for file in filter(Path.is_file, made.rglob("*")):
            build_data["force_include"][str(file)] = file.relative_to(made).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


def is_wanted() -> bool:
    """Whether modules are to be compiled."""
    kind = os.environ.get(SWITCH, "pure")
    if kind not in ("pure", "compiled"):
        raise ValueError(f"{SWITCH}={kind!r}: use 'pure' or 'compiled'")
    return kind == "compiled"


def compiled(root: Path, modules: list[str], folder: Path) -> Path:
    """Compile modules of the package in a folder, and return what is to lie beside the package."""
    from mypyc.build import mypycify
    from setuptools import Distribution  # type: ignore[import-untyped]  # it brings no types

    shutil.copytree(root / PACKAGE, folder / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    with contextlib.chdir(folder):
        extensions = mypycify(
            [
                "--config-file=",
                "--follow-imports=silent",
                f"--python-version={minor}",
                *(f"{PACKAGE}/{module}.py" for module in modules),
            ],
            group_name=PACKAGE,
            debug_level="0",
        )
        build = Distribution({"name": PACKAGE, "ext_modules": extensions}).get_command_obj(
            "build_ext"
        )
        build.build_lib = "made"
        build.ensure_finalized()
        build.run()
    return folder / "made"
