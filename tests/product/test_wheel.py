"""The wheel holds what users need, and works where nothing else of this project is."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

PUBLIC = re.compile(
    r"binance_wsapi\.(?:[A-Z]|(?:async_client|client|endpoints|errors|events|health|options|response)\."
    r"|models\.|facade\.(?:async_)?(?:spot|usdm|coinm)\.)"
)
"""What users touch: the package's own names, and the modules behind them."""

BUILD = """
import sys
from hatchling.build import build_wheel
print(build_wheel(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built by the PEP 517 hook, from a copy so that the tree stays clean: of what the container's build copies."""
    source = tmp_path_factory.mktemp("source")
    for line in (ROOT / "examples/docker/Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            _, *names, target = line.split()
            for name in names:
                if (ROOT / name).is_dir():
                    bare = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(ROOT / name, source / target, ignore=bare)
                else:
                    shutil.copy(ROOT / name, source / target)
    built = _run(sys.executable, "-c", BUILD, str(source), cwd=source, BINANCE_WSAPI_BUILD="pure")
    return source / built.split()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel and, by reference, its dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _run(
        sys.executable, "-m", "pip", "--python", str(python), "install",
        "--quiet", "--no-deps", "--no-index", "--no-warn-script-location", str(wheel),
    )  # fmt: skip
    # A line of a .pth file adds a folder without its own .pth files: the dependencies are found, an
    # editable install of this project is not.
    site = _run(
        str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
    )
    (Path(site.strip()) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    tops = {name.split("/")[0] for name in names}
    own = {path.relative_to(ROOT).as_posix() for path in (ROOT / "binance_wsapi").rglob("*.py")}
    assert {top.split("-")[0] for top in tops} == {"binance_wsapi"}
    assert "binance_wsapi/py.typed" in names
    assert "binance_wsapi/simulator/window/assets/window.html" in names
    assert own <= set(names)
    programs = {
        f"binance_wsapi/{each.relative_to(ROOT).as_posix()}"
        for each in (ROOT / "examples").glob("*.py")
    }
    assert {name for name in names if "/examples/" in name} == {
        *programs,
        "binance_wsapi/examples/tape.csv",
    }
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_package_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    told = _run(
        str(installed), "-c",
        "import binance_wsapi; print(binance_wsapi.__file__, binance_wsapi.__version__)",
        cwd=tmp_path,
    ).split()  # fmt: skip

    assert Path(told[0]).is_relative_to(installed.parents[1])
    assert told[1] == _version()


def test_the_console_script_runs_the_demo(installed: Path, tmp_path: Path) -> None:
    script = installed.with_name("binance-wsapi")

    printed = _run(str(script), "demo", cwd=tmp_path)

    assert "The sync client" in printed
    assert "The async client" in printed
    assert "Done." in printed


def test_the_examples_come_along(installed: Path, tmp_path: Path) -> None:
    script = installed.with_name("binance-wsapi")

    assert "\n  grid_bot " in _run(str(script), "examples", cwd=tmp_path)
    assert " 39 fills\n" in _run(str(script), "examples", "backtest", cwd=tmp_path)


def test_the_module_tells_its_version(installed: Path, tmp_path: Path) -> None:
    assert _run(str(installed), "-m", "binance_wsapi", "--version", cwd=tmp_path).strip() == (
        _version()
    )


def test_pytest_finds_the_plugin_by_itself(installed: Path, tmp_path: Path) -> None:
    printed = _run(
        str(installed), "-m", "pytest", "--fixtures", "-q", "-c", os.devnull, "-p",
        "no:cacheprovider", str(tmp_path), cwd=tmp_path, status=5,
    )  # fmt: skip

    assert "binance_client" in printed


def test_every_public_type_is_known(installed: Path, tmp_path: Path) -> None:
    """Pyright, reading the wheel as users' editors do, finds no name whose type it has to guess."""
    told = _run(
        sys.executable, "-m", "pyright", "--ignoreexternal", "--outputjson", "--verifytypes",
        "binance_wsapi", cwd=tmp_path, status=1,
        PATH=f"{installed.parent}{os.pathsep}{os.environ['PATH']}",
    )  # fmt: skip

    symbols = json.loads(told)["typeCompleteness"]["symbols"]
    public = [each for each in symbols if PUBLIC.match(each["name"])]
    guessed = [each for each in public if not each["isTypeKnown"] or each["isTypeAmbiguous"]]
    assert len(public) > 1000
    assert not guessed, json.dumps(guessed, indent=1)


def test_every_import_is_a_declared_dependency() -> None:
    declared = {_normal(re.split(r"[<>=;\[ ]", each)[0]) for each in PROJECT["dependencies"]}
    optional = {
        _normal(re.split(r"[<>=;\[ ]", each)[0])
        for extra in PROJECT["optional-dependencies"].values()
        for each in extra
    }
    homes = packages_distributions()

    for path in (ROOT / "binance_wsapi").rglob("*.py"):
        allowed = declared
        if path.stem in {
            "opentelemetry",
            "pytest_plugin",
        }:  # parts that only an extra brings to life
            allowed = declared | optional
        if path.parent.name == "presentation":  # loaded by whom it presents to, if at all
            allowed = declared | optional | {"pydantic-core"}
        if (
            path.parent.name in {"cli", "event_log", "shared_limits"}
            or path.stem == "postgres_link"
        ):  # which an extra brings to life
            allowed = declared | optional
        for module in _imported(path):
            if module in sys.stdlib_module_names or module == "binance_wsapi":
                continue
            distributions = {_normal(each) for each in homes.get(module, [module])}
            assert any(each in allowed or f"{each}-api" in allowed for each in distributions), (
                f"{path} imports {module}"
            )


def test_the_changelog_knows_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"## [{_version()}]" in changelog
    assert "## [Unreleased]" in changelog


def _imported(path: Path) -> set[str]:
    """Return the top-level modules a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")


def _version() -> str:
    text = (ROOT / "binance_wsapi" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'"(\d+\.\d+\.\d+\w*)"', text)
    assert found is not None
    return found[1]


def _run(*command: str, cwd: Path | None = None, status: int = 0, **changed: str) -> str:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **changed}
    environment.pop("PYTHONPATH", None)
    result = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert result.returncode in {0, status}, result.stdout + result.stderr
    return result.stdout
