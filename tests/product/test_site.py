"""The site: built strictly, without the network, and read without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as ``mkdocs build --strict`` writes it, where no other host can be reached."""
    folder = tmp_path_factory.mktemp("site")
    nowhere = dict.fromkeys(
        ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
    )
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, **nowhere, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_pages_name_nothing_of_another_host(site: Path) -> None:
    """No script, style, font, image or frame comes from elsewhere."""
    loaded = re.compile(
        r"""<(?:script|link|img|iframe|source|object|embed)\b[^>]*?(?:src|href|data)\s*=\s*["']?"""
        r"""((?:https?:)?//[^"'\s>]+)"""
    )
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    named = {found for page in pages for found in loaded.findall(page.read_text(encoding="utf-8"))}
    assert not named

    styles = list(site.rglob("*.css"))
    assert styles
    imported = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")
    assert not {each for style in styles for each in imported.findall(style.read_text())}
