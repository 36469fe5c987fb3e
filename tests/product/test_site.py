"""The site: built strictly, without the network, and read without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
from browser import needs_browser, new_page, running_browser
from pages import ROOT
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as ``mkdocs build --strict`` writes it, where no other host can be reached."""
    folder = tmp_path_factory.mktemp("site")
    nowhere = dict.fromkeys(
        ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
    )
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
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


def test_links_lead_somewhere(site: Path) -> None:
    """Between pages, and to places in them: those that the reference makes as well."""
    found = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    places = {page: set(re.findall(r"""\bid="?([^"\s>]+)""", text)) for page, text in found.items()}
    lost: list[str] = []
    for page, text in found.items():
        if page.name == "404.html":
            continue
        for link in set(re.findall(r"""<a\b[^>]*?\bhref="?([^"\s>]+)""", text)):
            address, _, place = unquote(unescape(link)).partition("#")
            if "://" in address or address.startswith("mailto:"):
                continue
            target = (page.parent / address).resolve() if address else page
            if not target.exists() or (place and place not in places.get(target, {place})):
                lost.append(f"{page.relative_to(site)}: {link}")
    assert not lost


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as running:
        yield running


@pytest.fixture
def reader(site: Path, browser: Browser) -> Iterator[Page]:
    """A browser on the start page, opened from the folder; it may ask no other host for anything."""
    with new_page(browser) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "index.html").as_uri())
        yield page
        assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:"))]


TASKS = [
    ("place and cancel on the simulator", ["Your first order"], "Place an order and cancel it"),
    ("why was an order refused", ["Read a refusal"], "Find out why an order was refused"),
    ("plot yesterday's candles", ["Tables, data frames, plots"], "Yesterday's candles"),
    ("move a bot over", ["Coming from another library", "python-binance"], "From python-binance"),
    ("test against a lost answer", ["Test a bot"], "Lose an answer, and more"),
    ("what a StreamGap means", ["What a gap is"], "What a gap is"),
]
"""A new user's tasks, the links to click from the start page, and the heading that answers."""


@needs_browser
@pytest.mark.parametrize(("task", "clicks", "heading"), TASKS, ids=[task for task, _, _ in TASKS])
def test_tasks_are_answered_within_two_clicks(
    task: str, clicks: list[str], heading: str, reader: Page
) -> None:
    assert len(clicks) <= 2, task
    for link in clicks:
        reader.locator(".md-content").get_by_role("link", name=link).first.click()

    expect(reader.get_by_role("heading", name=heading).first).to_be_visible()


@needs_browser
def test_search_finds_a_page_and_code_is_copied(reader: Page) -> None:
    """From a folder, where a browser allows no workers: the search brings its own."""
    reader.get_by_placeholder("Search").press_sequentially("StreamGap")
    reader.locator(".md-search-result__link").first.click()
    expect(reader).to_have_url(re.compile(r"/explanation/gaps\.html"))

    reader.get_by_title("Copy to clipboard").first.click()
    copied = reader.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("from binance_wsapi import AccountReconciled")


@needs_browser
def test_the_reader_chooses_light_or_dark(reader: Page) -> None:
    assert reader.locator("body").get_attribute("data-md-color-scheme") == "default"

    reader.get_by_title("Dark").click()

    assert reader.locator("body").get_attribute("data-md-color-scheme") == "slate"


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (
            "migration/ccxt",
            "<code>fetch_ohlcv</code></td>\n<td><code>client.spot.get_klines</code>",
        ),
        ("migration/npm-binance", "<code>client.spot.submit_new_order</code>"),
        ("how-to/examples", ">market_maker<"),
    ],
)
def test_what_is_made_stands_in_pages_that_are_written(site: Path, page: str, shown: str) -> None:
    html = (site / f"{page}.html").read_text(encoding="utf-8")
    assert shown in html
    assert "stand here on the site" not in html
