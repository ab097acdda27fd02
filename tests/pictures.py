"""`make pictures`: take the pictures of the documentation from the real page."""

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, ViewportSize, async_playwright

from tests.e2e.test_page import command, enter
from tests.e2e.test_playground import CHROMIUM, FLAGS
from tests.vendors.openai import Body, OpenAIStandIn

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
WIDE: ViewportSize = {"width": 1240, "height": 800}
TALL: ViewportSize = {"width": 1000, "height": 1700}
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
    """Use the page, and take a picture of each thing that the documentation shows."""
    await page.set_viewport_size(WIDE)
    await page.goto(f"{url}?as=alice")
    await page.get_by_text("Welcome to Troupe").last.wait_for()
    await page.wait_for_timeout(1500)
    await shoot(page, "first-steps")
    card = page.locator("#guide li").filter(has_text="Bring your own card")
    await card.get_by_role("button", name="Do it").click()
    greeting = page.locator("#log > li", has_text="You there! Can you cook").last
    await greeting.wait_for()
    await page.set_viewport_size(TALL)
    await page.get_by_role("button", name="Open its page").last.click()
    await page.locator("#log > li .container").last.wait_for()
    await page.wait_for_timeout(2500)
    await page.locator("#log > li .container").last.screenshot(path=FOLDER / "page.png")
    await greeting.screenshot(path=FOLDER / "greeting.png")
    await page.set_viewport_size(WIDE)
    await card.get_by_role("button", name="Undo").click()
    await page.wait_for_timeout(1000)
    await page.reload()
    await page.get_by_role("button", name="Close the first steps").click()
    await say(page, "@Mirela how was the night?", "Fog till four")
    await say(page, "@Bex any noodles left?", "double chilli")
    await shoot(page, "chat")
    await page.get_by_role("button", name="Behind the scenes").first.click()
    await page.locator("#log > li", has_text="Fog till four").locator(".text").first.click()
    await page.get_by_text("The prompt as it was sent").wait_for()
    await shoot(page, "playground")
    await page.locator("#drawer").get_by_role("button", name="Close").click()
    await enter(page, "square")
    await shoot(page, "square")
    await enter(page, "feed")
    await page.get_by_role("textbox", name="Message").fill("/personality")
    await shoot(page, "commands")
    await page.set_viewport_size(TALL)
    await take_commands(page)
    await page.set_viewport_size(WIDE)
    await page.get_by_role("button", name="Dark or light").click()
    await enter(page, "lobby")
    await shoot(page, "light")
    await page.get_by_role("button", name="Dark or light").click()
    await page.set_viewport_size({"width": 390, "height": 760})
    await shoot(page, "phone")


async def take_commands(page: Page) -> None:
    """Run commands, and take pictures of what they answer."""
    answers: tuple[tuple[str, dict[str, str], str], ...] = (
        ("discover browse", {}, "catalogue"),
        ("help", {}, "help"),
        ("settings", {"personality": "Mirela"}, "settings"),
        ("photos list", {"personality": "Oru"}, "photos"),
        ("engine status", {}, "status"),
    )
    for name, options, picture in answers:
        await command(page, name, **options)
        answer = page.locator("#log > li").last
        await answer.locator(".container, .embed").first.wait_for()
        await page.wait_for_timeout(2500)
        await answer.locator(".body").screenshot(path=FOLDER / f"{picture}.png")


async def shoot(page: Page, name: str) -> None:
    """Take a picture of the whole page."""
    await page.mouse.move(700, 20)
    await page.wait_for_timeout(800)
    await page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
