"""The notebook of results runs from top to bottom, and shows tables and pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebooks" / "results.ipynb"
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


def test_it_runs_and_shows_what_is_stored_with_it(tmp_path: Path) -> None:
    for package in ("nbclient", "ipykernel", "pandas", "matplotlib"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    executed = tmp_path / "executed.ipynb"

    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(NOTEBOOK), str(executed)],
        cwd=tmp_path,
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    shown = kinds(json.loads(executed.read_text()))
    assert shown == kinds(json.loads(NOTEBOOK.read_text()))
    assert sum("text/html" in each for each in shown) >= 6
    assert sum("image/png" in each for each in shown) == 2
    assert not any("error" in each for each in shown)
