"""The playground end to end: a process, a browser, the local model."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A language model on two cores that others use as well.
PATIENCE, QUICKLY = 240_000, 60_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@contextlib.contextmanager
def playground(folder: Path) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Run the playground on a folder, and yield its process and its address."""
    # As a shell starts what it puts into the background.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "playground", "--no-browser"],
        env={**os.environ, "DATA_DIR": str(folder), "DISCORD_TOKEN": ""},
        stdout=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert process.stdout is not None
        first = next(line for line in process.stdout if line.startswith("Playground: "))
        yield process, first.removeprefix("Playground: ").strip()
    finally:
        process.terminate()
        assert process.wait(timeout=30) in (0, -signal.SIGKILL)
        if process.stdout is not None:
            process.stdout.close()


def second_start(folder: Path) -> str:
    """Start the playground where one runs, and return what it says."""
    second = subprocess.run(
        [sys.executable, "-m", "bot", "playground", "--no-browser"],
        env={**os.environ, "DATA_DIR": str(folder), "DISCORD_TOKEN": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert second.returncode == 2
    return second.stderr


@pytest.fixture
def page() -> Generator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page
        browser.close()


def say(page: Page, text: str) -> None:
    """Say something; it is shown at once, whatever the bot does."""
    composer = page.get_by_role("textbox", name="Message")
    composer.fill(text)
    composer.press("Enter")
    expect(page.get_by_text(text).last).to_be_visible(timeout=QUICKLY)


def command(page: Page, name: str, answer: str) -> None:
    """Choose a command from the composer's list, run it, and see what it answers."""
    page.get_by_role("textbox", name="Message").fill(name)
    page.get_by_role("listbox", name="Suggestions").get_by_role("option").first.click()
    page.keyboard.press("Enter")
    expect(page.get_by_text(answer).last).to_be_visible(timeout=QUICKLY)


def why(page: Page) -> None:
    """Ask of the last answer why it came out so."""
    page.get_by_role("button", name="⋯", exact=True).last.click()
    page.get_by_role("button", name="Why this reply?").last.click()
    expect(page.get_by_text("Why Mirela said that").last).to_be_visible(timeout=QUICKLY)


def test_a_person_chats_uses_a_command_and_presses_a_button(tmp_path: Path, page: Page) -> None:
    with playground(tmp_path) as (process, url):
        page.goto(url)
        expect(page.get_by_text("Welcome to Troupe's playground").last).to_be_visible()

        say(page, "@Mirela did anybody pass by?")
        expect(page.get_by_role("button", name="⋯", exact=True).last).to_be_visible()
        why(page)
        command(page, "/help", "What would you like to do?")

        assert "runs in this folder already" in second_start(tmp_path)
        process.kill()
        process.wait()

    with playground(tmp_path) as (_, url):
        page.goto(url)
        expect(page.get_by_text("@Mirela did anybody pass by?").last).to_be_visible()
        why(page)

    assert not (tmp_path / "postgres" / "postmaster.pid").exists(), "PostgreSQL still runs"
