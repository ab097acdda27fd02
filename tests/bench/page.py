"""How soon the playground's page shows what one says: in quiet, and in a flood of messages."""

import asyncio
from typing import Final

from playwright.async_api import Page

from tests.bench.measure import Measure, percentile
from tests.e2e.test_page import enter, running_browser, running_playground, window
from tests.e2e.test_playground import CHROMIUM

_TIMES: Final = 30
# Types and sends a line, and returns the milliseconds until it stands in the log.
_ECHO: Final = """async number => {
    const text = document.getElementById("text"), words = `Echo ${number}`;
    const shown = new Promise(resolve => {
        new MutationObserver((_, observer) => {
            if (!document.getElementById("log").textContent.includes(words)) return;
            observer.disconnect();
            requestAnimationFrame(() => resolve(performance.now()));
        }).observe(document.getElementById("log"), { childList: true, subtree: true });
    });
    text.value = words;
    const began = performance.now();
    text.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    return (await shown) - began;
}"""
# Sends a hundred messages a second until it is told to stop.
_FLOOD: Final = """async () => {
    const { act, state } = await import("./static/connection.js");
    window.isFlooding = true;
    for (let i = 0; window.isFlooding && i < 2000; i++) {
        const line = { channel: state.channel, text: `Flood ${i}` };
        act("send", line, { quiet: true }).catch(() => {});
        await new Promise(resolve => setTimeout(resolve, 10));
    }
}"""


def measure(_: str) -> list[Measure]:
    """Return the milliseconds, or nothing if there is no browser."""
    return asyncio.run(_measure()) if CHROMIUM else []


async def _measure() -> list[Measure]:
    async with (
        running_playground() as process,
        running_browser() as browser,
        window(process, browser, "alice") as alice,
        window(process, browser, "mod") as mod,
    ):
        for page in (alice, mod):
            await enter(page, "feed")
        quiet = await _echoes(alice, 0)
        flood = asyncio.ensure_future(mod.evaluate(_FLOOD))
        loud = await _echoes(alice, _TIMES)
        await mod.evaluate("window.isFlooding = false")
        await flood
    return [
        Measure("page_echo_ms", percentile(quiet, 0.95), "ms", "≤ 100"),
        Measure("page_echo_flood_ms", percentile(loud, 0.95), "ms", "≤ 200"),
    ]


async def _echoes(page: Page, first: int) -> list[float]:
    return [float(await page.evaluate(_ECHO, first + number)) for number in range(_TIMES)]
