"""The playground's page in a browser: what people do on it, while the bot does other things."""

import asyncio
import os
import random
import re
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.e2e.test_playground import CHROMIUM, FLAGS
from tests.vendors.openai import Body, OpenAIStandIn, Reply

# Milliseconds until the bot has done something, on cores that others use as well.
PATIENCE, QUICKLY = 120_000, 15_000
_GRAVE = ("serious", "critical")
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstv" for vowel in "aeiou"]
LAYOUTS = (("dark", 1300), ("light", 1300), ("dark", 360), ("light", 3840))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


class Process:
    """A playground in a process of its own, with a model that says what a test wants."""

    def __init__(self, folder: Path, openai: OpenAIStandIn) -> None:
        self._folder = folder
        self._number = 0
        self.openai = openai
        self.url = ""
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, on the same port as before."""
        port = self.url.rpartition(":")[2].partition("/")[0] or "0"
        environment = {
            **os.environ,
            "DATA_DIR": str(self._folder),
            "DISCORD_TOKEN": "",
            "OPENAI_API_KEY": "sk-page",
            "OPENAI_BASE_URL": self.openai.url,
            "LOCAL_MODEL": "false",
        }
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "playground", "--no-browser", "--port", port),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if line.startswith(b"Playground: "):
                self.url = line.decode().removeprefix("Playground: ").strip()
                return
        raise AssertionError("the playground did not start")

    async def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """End its process."""
        assert self._process is not None
        self._process.send_signal(number)
        await self._process.wait()

    def answer(self, body: Body) -> str:
        """Return a line that shares no word with others, so that no check calls it a repetition."""
        self._number += 1
        asked = str(body["messages"][-1]["content"])
        words = re.findall(r"\b(?:heron|anchor|noodles)\b", asked)
        what = words[-1] if words else "a gull"
        chance = random.Random(self._number)
        said = " ".join("".join(chance.choices(_SYLLABLES, k=3)) for _ in range(8))
        return f"Line {self._number}: {said}, and {what} went by."


@asynccontextmanager
async def running_playground() -> AsyncGenerator[Process]:
    openai = OpenAIStandIn()
    with tempfile.TemporaryDirectory(prefix="troupe-page-") as name:
        # PostgreSQL, which runs as somebody else, has to reach its folder.
        (folder := Path(name)).chmod(0o755)
        async with openai.running():
            process = Process(folder, openai)
            openai.answer = process.answer
            await process.start()
            try:
                yield process
            finally:
                await process.stop()


@asynccontextmanager
async def running_browser() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def window(process: Process, browser: Browser, who: str = "bob") -> AsyncGenerator[Page]:
    """Open the page as somebody; nothing on it may fail or be refused by its policy."""
    page = await browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    await page.goto(f"{process.url}?as={who}")
    await expect(page.locator("#channels button").first).to_be_visible(timeout=PATIENCE)
    try:
        yield page
    finally:
        await page.close()
    assert [each for each in faults if "WebSocket" not in each] == []


async def enter(page: Page, channel: str) -> None:
    await page.locator("#channels").get_by_role("button", name=channel).first.click()
    await expect(page.locator("#title")).to_contain_text(channel)


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message")


async def say(page: Page, text: str) -> None:
    """Say something; it is shown at once, whatever the bot does."""
    await composer(page).fill(text)
    await composer(page).press("Enter")
    await is_shown(page, text, QUICKLY)


async def is_shown(page: Page, text: str, within: int = PATIENCE) -> None:
    await expect(page.locator("#log").get_by_text(text).last).to_be_visible(timeout=within)


async def command(page: Page, name: str, **options: str) -> None:
    """Choose a command from the composer's list, fill it in and run it."""
    await composer(page).fill(f"/{name}")
    await page.locator("#picker").get_by_role("option").first.click()
    for option, typed in options.items():
        field = page.locator(f'[data-option="{option}"]')
        await field.fill(typed)
        suggestion = page.locator("#picker").get_by_role("option", name=typed).first
        await suggestion.click()
    await page.keyboard.press("Enter")


async def somebody_chats_with_all_that_the_page_has(process: Process, browser: Browser) -> None:
    async with window(process, browser) as page:
        await enter(page, "lobby")
        await composer(page).press_sequentially("@Mir")
        await page.locator("#picker").get_by_role("option", name="@Mirela").click()
        await page.keyboard.type("did a heron pass?")
        note: Any = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"It is buried here."}
        await page.set_input_files("#attach", note)
        await page.keyboard.press("Enter")
        await is_shown(page, "heron went by")
        await is_shown(page, "note.txt")

        own = page.locator("#log > li", has_text="did a heron pass?").last
        await own.hover()
        await own.get_by_role("button", name="React with 👍").click()
        await expect(own.get_by_role("button", name="👍 1")).to_be_visible(timeout=QUICKLY)
        await own.hover()
        await own.get_by_role("button", name="Edit").click()
        await page.locator("dialog textarea").fill("never mind")
        await page.locator("dialog").get_by_role("button", name="Submit").click()
        await is_shown(page, "never mind", QUICKLY)
        answer = page.locator("#log > li", has_text="heron went by").last
        await answer.hover()
        await answer.get_by_role("button", name="Reply").click()
        await say(page, "and the noodles?")
        await is_shown(page, "noodles went by")
        await page.locator("#words").fill("noodles")
        await page.keyboard.press("Enter")
        await expect(page.locator("#title")).to_contain_text("Search: noodles")
        await is_shown(page, "noodles went by", QUICKLY)


async def commands_forms_menus_and_buttons(process: Process, browser: Browser) -> None:
    async with window(process, browser) as page:
        await enter(page, "lighthouse")
        await command(page, "personality view", personality="Bex")
        await is_shown(page, "noodle cart")
        await command(page, "persona create")
        await page.locator("dialog input").first.fill("Wren")
        await page.locator("dialog").get_by_role("button", name="Submit").click()
        await is_shown(page, "Wren")
        await say(page, "an anchor, I think")
        answer = page.locator("#log > li", has_text="anchor went by").last
        await expect(answer).to_be_visible()
        await answer.get_by_role("button", name="⋯", exact=True).click()
        await page.get_by_role("button", name="Why this reply?").last.click()
        await is_shown(page, "Why Mirela said that")
        await answer.hover()
        await answer.get_by_role("button", name="Apps").click()
        await expect(page.get_by_role("menuitem").first).to_be_visible()
        await page.keyboard.press("Escape")


async def two_people_see_each_other_while_the_bot_answers(
    process: Process, browser: Browser
) -> None:
    async with window(process, browser, "alice") as alice, window(process, browser) as bob:
        await enter(alice, "lobby")
        await enter(bob, "lobby")
        process.openai.replies.append(Reply("At last.", hold=(hold := asyncio.Event())))
        await say(alice, "@Oru what is the slowest clock?")
        await is_shown(bob, "the slowest clock", QUICKLY)
        await expect(bob.locator("#typing")).to_contain_text("typing")
        await say(bob, "I can wait")
        await is_shown(alice, "I can wait", QUICKLY)
        await command(bob, "usage")
        await is_shown(bob, "Only you can see this")
        await expect(alice.get_by_text("Only you can see this")).to_have_count(0)
        hold.set()
        await is_shown(alice, "At last.")
        await is_shown(bob, "At last.")


async def a_publication_holds_nothing(process: Process, browser: Browser) -> None:
    async with window(process, browser, "alice") as alice, window(process, browser) as bob:
        await enter(alice, "lobby")
        await enter(bob, "lobby")
        await command(alice, "personality create")
        await alice.locator("dialog input").first.fill("Zed")
        await alice.locator("dialog textarea").first.fill("Zed mends nets, and is forty.")
        await alice.locator("dialog").get_by_role("button", name="Submit").click()
        await expect(alice.get_by_role("button", name="Open its page").last).to_be_visible()
        process.openai.replies.append(Reply("{}", hold=(hold := asyncio.Event())))
        process.openai.requested.clear()
        await command(alice, "publish start", personality="Zed")
        await asyncio.wait_for(process.openai.requested.wait(), PATIENCE / 1000)
        await say(bob, "@Bex is the anchor hot?")
        await is_shown(bob, "anchor went by")
        await say(alice, "Not held by anything")
        hold.set()
        await command(alice, "publish status", personality="Zed")
        await is_shown(alice, "Zed")


async def the_first_steps_are_done_and_undone(process: Process, browser: Browser) -> None:
    async with window(process, browser, "alice") as page:
        guide = page.locator("#guide li")
        await enter(page, "lobby")
        await say(page, "@Mirela is the anchor yours?")
        await is_shown(page, "anchor went by")
        earlier = page.locator("#log > li", has_text="anchor went by").last
        answer_id = await earlier.get_attribute("data-id")
        process.openai.replies.append(Reply("Too late.", hold=(hold := asyncio.Event())))
        talk = guide.filter(has_text="Talk to Mirela")
        await talk.get_by_role("button", name="Do it").click()
        await talk.get_by_role("button", name="Undo").click()
        await expect(talk.get_by_role("button", name="Do it")).to_be_visible()
        hold.set()
        await expect(page.locator(f'#log > [data-id="{answer_id}"]')).to_be_visible()
        seen = (
            ("Talk to Mirela", "Line"),
            ("Bring your own card", "leans over the rail"),
            ("Give her a photo", "ledger-and-tea"),
            ("Plan a post", "Posts of Mirela"),
        )
        for title, text in seen:
            step = guide.filter(has_text=title)
            await step.get_by_role("button", name="Do it").click()
            await is_shown(page, text)
            if title != "Give her a photo":  # as it is planned next
                await step.get_by_role("button", name="Undo").click()
                await expect(step.get_by_role("button", name="Do it")).to_be_visible()
        await expect(page.locator("#company").get_by_text("Captain Rook")).to_have_count(0)


async def shows_the_prompt(message: Locator, drawer: Locator) -> None:
    """Click a message until the drawer has its prompt: it is shown before it is stored."""
    shown = expect(drawer.locator("#message"))
    for timeout in (500, 1000, 2000, PATIENCE):
        await message.locator(".text").first.click()
        try:
            await shown.to_contain_text("The prompt as it was sent", timeout=timeout)
        except AssertionError:
            if timeout == PATIENCE:
                raise
        else:
            return


async def time_passes_faster_and_the_square_lives(process: Process, browser: Browser) -> None:
    async with window(process, browser, "alice") as page:
        await page.get_by_role("button", name="Behind the scenes").first.click()
        drawer = page.locator("#drawer")
        await drawer.get_by_role("button", name="Set the clock an hour forward").click()
        step = page.locator("#guide li").filter(has_text="Watch the square")
        await step.get_by_role("button", name="Do it").click()
        await is_shown(page, "The rehearsal ends here")
        fast = drawer.get_by_role("button", name="Let an hour pass in a minute")
        await expect(fast).to_have_attribute("aria-pressed", "true")
        await say(page, "While they talk, I talk, too.")
        own = page.locator("#log > li", has_text="went by").last
        await shows_the_prompt(own, drawer)
        await expect(
            drawer.locator("#queue li", has_text="something on a board").first
        ).to_be_visible()
        await drawer.get_by_role("button", name="Let time pass as it does").click()
        await expect(drawer.get_by_role("button", name="Let time pass as")).to_have_attribute(
            "aria-pressed", "true"
        )


async def a_flood_does_not_hold_the_page(process: Process, browser: Browser) -> None:
    async with window(process, browser, "alice") as alice, window(process, browser, "mod") as mod:
        await enter(alice, "feed")
        await enter(mod, "feed")
        flooding = mod.evaluate(
            """async () => {
                const { act, state } = await import("./static/connection.js");
                for (let i = 1; i <= 200; i++) {
                    await act("send", { channel: state.channel, text: `Message number ${i}` });
                    await new Promise(resolve => setTimeout(resolve, 20));
                }
            }"""
        )
        flood = asyncio.ensure_future(flooding)
        await is_shown(alice, "Message number 20")
        await say(alice, "I am still heard")
        await flood
        await is_shown(alice, "Message number 200")


async def a_cut_and_a_restart_are_survived(process: Process, browser: Browser) -> None:
    async with window(process, browser) as page:
        await enter(page, "lobby")
        await say(page, "Before the storm")
        await page.evaluate("async () => (await import('./static/connection.js')).disconnect()")
        await expect(page.locator("body.lost")).to_have_count(0)
        await say(page, "After the cut")
        await asyncio.sleep(2.5)  # until it is saved
        await process.stop(signal.SIGKILL)
        await expect(page.locator("body.lost")).to_have_count(1)
        await process.start()
        await expect(page.locator("body.lost")).to_have_count(0)
        await is_shown(page, "After the cut")
        await say(page, "@Fen is the plank still there? anchor")
        await is_shown(page, "anchor went by")


async def everybody_can_use_the_page(process: Process, browser: Browser) -> None:
    for theme, width in LAYOUTS:
        await is_accessible(process, browser, theme, width)


async def is_accessible(process: Process, browser: Browser, theme: Any, width: int) -> None:
    async with window(process, browser, "alice") as page:
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme=theme)
        await page.reload()
        await expect(page.locator("#log > li").first).to_be_visible()
        await page.get_by_role("button", name="Behind the scenes").first.click()
        await expect(page.locator("#drawer")).to_be_visible()

        await page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text("utf-8"))
        found: list[dict[str, Any]] = (await page.evaluate("axe.run()"))["violations"]

        overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    grave = [
        (each["id"], [node["html"][:200] for node in each["nodes"]][:4])
        for each in found
        if each["impact"] in _GRAVE
    ]
    assert grave == []
    assert overflow <= 0


SCENARIOS = (
    somebody_chats_with_all_that_the_page_has,
    commands_forms_menus_and_buttons,
    two_people_see_each_other_while_the_bot_answers,
    a_publication_holds_nothing,
    the_first_steps_are_done_and_undone,
    time_passes_faster_and_the_square_lives,
    a_flood_does_not_hold_the_page,
    a_cut_and_a_restart_are_survived,
    everybody_can_use_the_page,
)


async def test_the_page_is_used_while_the_bot_does_other_things(
    subtests: pytest.Subtests,
) -> None:
    async with running_playground() as process, running_browser() as browser:
        for scenario in SCENARIOS:
            with subtests.test(scenario.__name__):
                await scenario(process, browser)
