"""The time from starting the playground to the first answer on its page."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.bench.measure import Measure
from tests.e2e.test_playground import CHROMIUM, FLAGS, PATIENCE, say


def measure(_: str) -> list[Measure]:
    """Return the seconds, or nothing if there is no browser."""
    if CHROMIUM is None:
        return []
    with tempfile.TemporaryDirectory(prefix="troupe-bench-") as folder, sync_playwright() as tools:
        Path(folder).chmod(0o755)
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        expect.set_options(timeout=PATIENCE)
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "playground", "--no-browser"],
            env={**os.environ, "DATA_DIR": folder, "DISCORD_TOKEN": ""},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if line.startswith("Playground: "))
            page.goto(line.removeprefix("Playground: ").strip())
            say(page, "@Mirela did anybody pass by?")
            expect(page.get_by_role("button", name="⋯").last).to_be_visible()
            took = time.perf_counter() - began
            browser.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
        Path(folder).mkdir(exist_ok=True)
    return [Measure("first_answer_s", took, "s", "≤ 10")]
