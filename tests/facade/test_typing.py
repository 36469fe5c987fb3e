"""Both type checkers see the types that the facades promise, and the mistakes they should catch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "typing_cases.py"


def test_mypy_agrees(tmp_path: Path) -> None:
    # Unused ignores are errors under --strict, so each mistake in the cases must be one.
    result = subprocess.run(
        [
            sys.executable, "-m", "mypy", "--strict", "--follow-imports", "silent",
            "--cache-dir", str(tmp_path), "--config-file", "", str(CASES),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert result.returncode == 0, result.stdout + result.stderr


def test_pyright_agrees(tmp_path: Path) -> None:
    (tmp_path / CASES.name).write_text(CASES.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps(
            {
                "extraPaths": [str(ROOT)],
                "typeCheckingMode": "strict",
                "enableTypeIgnoreComments": False,
                "reportUnnecessaryTypeIgnoreComment": "error",
                "pythonVersion": "3.11",
            }
        )
    )

    result = subprocess.run(
        [
            sys.executable, "-m", "pyright", "--outputjson",
            "--pythonpath", sys.executable, "-p", str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    report = json.loads(result.stdout)
    assert report["summary"]["filesAnalyzed"] == 1
    assert not report["generalDiagnostics"]
