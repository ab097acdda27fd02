"""`make pictures`: take the pictures of the documentation from the real page."""

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from tests.e2e.test_playground import CHROMIUM, FLAGS
from tests.vendors.openai import Body, OpenAIStandIn

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
# What a good model says; the bundled one is too small to show what the bot can do.
ANSWERS = (
    ("how was the night", "Long. Fog till four, then one boat, then nothing. *pours tea* You?"),
    ("did anybody pass", "A heron, twice. I count herons on slow nights."),
    ("noodles", "always. double chilli or the boring kind? sit, you look like rain."),
)


def answer(body: Body) -> str:
    """Return what is said to the last message of a prompt."""
    asked = str(body["messages"][-1]["content"]).lower()
    return next((text for words, text in ANSWERS if words in asked), "Mm. Go on.")


async def say(page: Page, text: str, answered: str) -> None:
    """Say something, and wait until a beginning of the answer is there."""
    composer = page.get_by_role("textbox", name="Message")
    await composer.fill(text)
    await composer.press("Enter")
    await page.get_by_text(answered).last.wait_for()
    await page.wait_for_timeout(2500)


def main() -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory(prefix="troupe-pictures-") as folder:
        Path(folder).chmod(0o755)
        asyncio.run(take_all(folder))


async def take_all(folder: str) -> None:
    """Run the playground in a folder, with a model that says what we want, and take pictures."""
    openai = OpenAIStandIn()
    openai.answer = answer
    async with openai.running(), async_playwright() as tools:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "playground", "--no-browser"),
            env={
                **os.environ,
                "DATA_DIR": folder,
                "DISCORD_TOKEN": "",
                "OPENAI_API_KEY": "sk-pictures",
                "OPENAI_BASE_URL": openai.url,
            },
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        url = ""
        async for line in process.stdout:
            if line.startswith(b"Playground: "):
                url = line.decode().removeprefix("Playground: ").strip()
                break
        browser = await tools.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            await take(await browser.new_page(color_scheme="dark"), url)
        finally:
            await browser.close()
            process.send_signal(signal.SIGINT)
            await process.wait()


async def take(page: Page, url: str) -> None:
    """Talk with the cast, and take a picture of each thing that the documentation shows."""
    await page.set_viewport_size({"width": 1160, "height": 760})
    await page.goto(url)
    await page.get_by_text("Welcome to Troupe").last.wait_for()
    await say(page, "@Mirela how was the night?", "Fog till four")
    await say(page, "@Bex any noodles left?", "double chilli")
    await page.mouse.move(700, 40)
    await page.screenshot(path=FOLDER / "playground.png")
    await page.get_by_role("textbox", name="Message").fill("/personality")
    await page.wait_for_timeout(300)
    await page.screenshot(path=FOLDER / "commands.png")
    await page.get_by_role("textbox", name="Message").fill("")
    await page.set_viewport_size({"width": 390, "height": 760})
    await page.wait_for_timeout(500)
    await page.screenshot(path=FOLDER / "phone.png")


if __name__ == "__main__":
    main()
