"""The notebooks run from top to bottom, and show the tables and pictures that are stored with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples" / "notebooks").glob("*.ipynb"))
SHOWN = {"backtest": (2, 3), "market_data": (2, 4), "results": (6, 2)}
"""How many tables and pictures at least."""
EXECUTE = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def kinds(notebook: dict[str, Any]) -> list[set[str]]:
    """What kinds of output each cell of code shows; what a library says on stderr is not of it."""
    return [
        {
            kind
            for output in cell["outputs"]
            for kind in output.get("data", {"error"})
            if output["output_type"] != "stream"
        }
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def test_every_notebook_is_tested() -> None:
    assert {each.stem for each in NOTEBOOKS} == set(SHOWN)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda each: each.stem)
def test_it_runs_and_shows_what_is_stored_with_it(notebook: Path, tmp_path: Path) -> None:
    for package in ("nbclient", "ipykernel", "pandas", "matplotlib"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    executed = tmp_path / "executed.ipynb"

    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(notebook), str(executed)],
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    shown = kinds(json.loads(executed.read_text()))
    assert shown == kinds(json.loads(notebook.read_text()))
    tables, pictures = SHOWN[notebook.stem]
    assert sum("text/html" in each for each in shown) >= tables
    assert sum("image/png" in each for each in shown) >= pictures
    assert not any("error" in each for each in shown)
