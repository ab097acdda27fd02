"""The page of the playground, by its websocket, with a bot of a few commands."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands, ui
from typing_extensions import override

from bot.playground import simulation, world
from bot.playground.live import LiveEnv
from bot.playground.server import PageServer
from bot.playground.world import World, WorldFile

simulation.install()


class Form(ui.Modal, title="A form"):
    word: ui.TextInput["Form"] = ui.TextInput(label="Word", custom_id="word", max_length=5)

    @override
    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message(f"You wrote {self.word.value}.", ephemeral=True)


class Buttons(ui.View):
    @ui.button(label="Secret", custom_id="secret")
    async def secret(self, interaction: discord.Interaction[Any], _: ui.Button["Buttons"]) -> None:
        await interaction.response.send_message("Only yours.", ephemeral=True)

    @ui.button(label="Form", custom_id="form")
    async def form(self, interaction: discord.Interaction[Any], _: ui.Button["Buttons"]) -> None:
        await interaction.response.send_modal(Form())

    @ui.button(label="Dead", custom_id="dead")
    async def dead(self, interaction: discord.Interaction[Any], _: ui.Button["Buttons"]) -> None:
        """Answer nothing."""


class SmallBot(discord.AutoShardedClient):
    """Answers messages, a command and its menus."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.all())
        self.tree = app_commands.CommandTree(self)

    @override
    async def setup_hook(self) -> None:
        @self.tree.command(description="Say it again")
        @app_commands.describe(text="What", times="How often")
        async def echo(interaction: discord.Interaction[Any], text: str, times: int = 1) -> None:
            await interaction.response.defer(thinking=True)
            await interaction.followup.send(" ".join([text] * times))

        @echo.autocomplete("text")
        async def complete(
            _: discord.Interaction[Any], current: str
        ) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=f"{current}!", value=f"{current}!!")]

        @self.tree.context_menu(name="Shout")
        async def shout(interaction: discord.Interaction[Any], message: discord.Message) -> None:
            await interaction.response.send_message(message.content.upper(), ephemeral=True)

        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        if not message.author.bot:
            await message.channel.send(f"Heard: {message.content}", view=Buttons(timeout=None))


class Window:
    """A window of the page, as somebody."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.events: list[dict[str, Any]] = []
        self.known: dict[str, Any] = {}

    async def until(self, event: str, **fields: Any) -> dict[str, Any]:
        """Return the next event of a kind with these fields."""
        async with asyncio.timeout(5):
            while True:
                for each in self.events:
                    if each["event"] == event and fields.items() <= each.items():
                        self.events.remove(each)
                        return each
                self.events += json.loads(await self._socket.receive_str())

    async def message(self, text: str) -> dict[str, Any]:
        """Return the next message with a text."""
        while True:
            shown = (await self.until("message"))["message"]
            if text in shown["content"]:
                return shown

    async def act(self, action: str, /, **arguments: Any) -> Any:
        """Do something; return what it returns, or why it was refused."""
        self._number += 1
        request = {"number": self._number, "action": action, "with": arguments}
        await self._socket.send_str(json.dumps(request))
        answer = await self.until("answer", number=self._number)
        return answer.get("refused", answer.get("value"))

    def channel(self, name: str) -> str:
        return next(each["id"] for each in self.known["channels"] if each["name"] == name)


class Playground:
    def __init__(self, env: LiveEnv, server: World, url: str) -> None:
        self.env, self.server, self.url = env, server, url

    @asynccontextmanager
    async def window(self, who: str) -> AsyncGenerator[Window]:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{self.url}socket?as={who}") as socket,
        ):
            window = Window(socket)
            window.known = await window.until("hello")
            yield window


@asynccontextmanager
async def running(file: Path) -> AsyncGenerator[Playground]:
    env, world_file = LiveEnv(SmallBot()), WorldFile(file)
    world_file.restore(env)
    await env.start()
    try:
        server = world.build(env, world_file.token)
        async with PageServer(env, server).running(0) as url:
            yield Playground(env, server, url)
        world_file.save_now(env)
    finally:
        await env.shutdown()


@pytest.fixture
async def playground(tmp_path: Path) -> AsyncGenerator[Playground]:
    async with running(tmp_path / "playground.json") as playground:
        yield playground


async def test_what_one_says_and_what_the_bot_says_is_shown_to_all(
    playground: Playground,
) -> None:
    async with playground.window("alice") as alice, playground.window("bob") as bob:
        lobby = alice.channel("lobby")
        await alice.act("typing", channel=lobby)
        sent = await alice.act("send", channel=lobby, text="Hello <b>there</b>")

        assert (await bob.until("typing"))["name"] == "Alice"
        said = await bob.message("Hello")
        assert (said["id"], said["mine"]) == (sent, False)
        assert said["author"]["global_name"] == "Alice"
        assert (await alice.message("Hello"))["mine"]
        assert (await bob.message("Heard: Hello <b>there</b>"))["author"]["bot"]


async def test_messages_are_edited_answered_reacted_to_and_deleted(
    playground: Playground,
) -> None:
    async with playground.window("alice") as alice, playground.window("bob") as bob:
        at = {"channel": alice.channel("lobby")}
        first = await alice.act("send", **at, text="One")
        await alice.act("edit", **at, id=first, text="Two")
        await bob.act("react", **at, id=first, emoji="👍", on=True)
        await bob.act("send", **at, text="Three", reply=first)

        assert (await bob.message("Two"))["edited_timestamp"]
        reacted = await alice.until("message")
        while not reacted["message"].get("reactions"):
            reacted = await alice.until("message")
        assert reacted["message"]["reactions"][0]["count"] == 1
        assert (await alice.message("Three"))["referenced_message"]["id"] == first
        assert "Missing" in await bob.act("delete", **at, id=first)
        await alice.act("delete", **at, id=first)
        assert (await bob.until("gone"))["id"] == first
        assert [each["content"] for each in await bob.act("search", words="thr")][-1] == "Three"


async def test_commands_are_listed_completed_and_run(playground: Playground) -> None:
    async with playground.window("alice") as alice:
        at = {"channel": alice.channel("lobby")}
        listed = await alice.act("commands", **at)
        choices = await alice.act(
            "autocomplete", **at, name="echo", option="text", text="ahoy", options={}
        )
        wrong = await alice.act("slash", **at, name="echo", options={"text": "x", "times": "no"})
        run = await alice.act("slash", **at, name="echo", options={"text": "ahoy", "times": "2"})

        (echo,) = listed["slash"]
        assert (echo["name"], echo["description"], listed["message"]) == (
            *("echo", "Say it again", ["Shout"]),
        )
        assert [each["name"] for each in echo["options"]] == ["text", "times"]
        assert choices == [{"name": "ahoy!", "value": "ahoy!!"}]
        assert "times" in wrong
        assert run["kind"] in ("deferred", "message")
        assert await alice.message("ahoy ahoy")


async def test_what_is_private_is_for_one_alone(playground: Playground) -> None:
    async with playground.window("alice") as alice, playground.window("bob") as bob:
        at = {"channel": alice.channel("lobby")}
        sent = await alice.act("send", **at, text="quiet")
        heard = await alice.message("Heard: quiet")
        await bob.act("click", **at, id=heard["id"], custom="secret")
        await bob.act("menu", **at, id=sent, name="Shout")
        dead = await alice.act("click", **at, id=heard["id"], custom="dead")

        assert (await bob.message("Only yours."))["flags"] & 64
        assert (await bob.message("QUIET"))["flags"] & 64
        assert dead == "The application did not respond."
        shown = await alice.act("open", **at)
        assert [each["content"] for each in shown] == ["quiet", "Heard: quiet"]


async def test_a_refused_form_stays_open(playground: Playground) -> None:
    async with playground.window("alice") as alice:
        at = {"channel": alice.channel("lobby")}
        await alice.act("send", **at, text="hello")
        heard = await alice.message("Heard: hello")
        await alice.act("click", **at, id=heard["id"], custom="form")
        form = await alice.until("form")
        too_long = await alice.act("submit", form=form["id"], values={"word": "seventy"})
        done = await alice.act("submit", form=form["id"], values={"word": "seven"})

        assert form["form"]["title"] == "A form"
        assert isinstance(too_long, str)
        assert done == {"kind": "message"}
        assert await alice.message("You wrote seven.")


async def test_files_go_up_and_come_back_as_what_is_harmless(playground: Playground) -> None:
    async with playground.window("alice") as alice, aiohttp.ClientSession() as session:
        form = aiohttp.FormData()
        form.add_field("file", b"\x89PNG", filename="a.png")
        form.add_field("file", b"<script>alert(1)</script>", filename="a.html")
        async with session.post(f"{playground.url}upload", data=form) as answer:
            keys = await answer.json()
        await alice.act("send", channel=alice.channel("lobby"), text="Look", files=keys)
        shown = await alice.message("Look")
        kinds: list[str | None] = []
        for each in shown["attachments"]:
            async with session.get(f"{playground.url}{each['url']}") as answer:
                kinds.append(answer.headers["Content-Type"])
                assert answer.headers["X-Content-Type-Options"] == "nosniff"

    assert kinds == ["image/png", "application/octet-stream"]


async def test_threads_dms_and_somebody_new(playground: Playground) -> None:
    async with playground.window("alice") as alice:
        thread = await alice.act(
            "thread", channel=alice.channel("lobby"), name="Aside", text="Psst"
        )
        listed = await alice.until("channels")
        key = await alice.act("join", name="  Wren  ")
        named = await alice.act("join", name=" ")
        dm = next(each["id"] for each in alice.known["channels"] if each["type"] == 1)
        await alice.act("send", channel=dm, text="Just us")
        heard = await alice.message("Heard: Just us")
        async with playground.window(key) as wren:
            refused = await wren.act("open", channel=dm)

    assert thread in {each["id"] for each in listed["channels"]}
    assert heard["channel_id"] == dm
    assert key == "wren"
    assert refused == []
    assert named == "Somebody new needs a name."


@pytest.mark.parametrize(
    "asked",
    [
        ("open", {"channel": "7"}),
        ("open", {}),
        ("nothing", {}),
        ("send", {"channel": "x", "text": "y"}),
        ("click", {"channel": "1", "id": "2", "custom": "z"}),
        ("submit", {"form": "9", "values": {}}),
        ("slash", {"channel": "1", "name": "gone", "options": {}}),
    ],
)
async def test_what_is_not_there_is_said(
    playground: Playground, asked: tuple[str, dict[str, Any]]
) -> None:
    async with playground.window("alice") as alice:
        action, arguments = asked

        assert isinstance(await alice.act(action, **arguments), str | list)
        assert await alice.act("commands", channel=alice.channel("lobby"))


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("", {}, 200),
        ("static/app.js", {}, 200),
        ("static/../server.py", {}, 404),
        ("cdn/none.png", {}, 404),
        ("", {"Host": "evil.example"}, 403),
        ("", {"Origin": "https://evil.example"}, 403),
        ("socket", {"Origin": "https://evil.example"}, 403),
        ("../guessed/", {}, 404),
    ],
)
async def test_only_this_machine_and_the_printed_address_see_the_page(
    playground: Playground, path: str, headers: dict[str, str], status: int
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{playground.url}{path}", headers=headers) as answer,
    ):
        assert answer.status == status
        if status == 200:
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_the_world_is_there_after_a_restart_with_its_files(tmp_path: Path) -> None:
    file = tmp_path / "playground.json"
    async with running(file) as before, before.window("alice") as alice:
        key = await alice.act("join", name="Wren")
        async with aiohttp.ClientSession() as session:
            form = aiohttp.FormData()
            form.add_field("file", b"\x89PNG", filename="a.png")
            async with session.post(f"{before.url}upload", data=form) as answer:
                keys = await answer.json()
        await alice.act("send", channel=alice.channel("lobby"), text="Look", files=keys)
        heard = await alice.message("Heard: Look")
        token = before.server.token

    async with running(file) as after, after.window("alice") as alice:
        at = {"channel": alice.channel("lobby")}
        shown = await alice.act("open", **at)
        await alice.act("click", **at, id=heard["id"], custom="secret")
        sent = await alice.act("send", **at, text="again")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{after.url}{shown[0]['attachments'][0]['url']}") as answer,
        ):
            data = await answer.read()

    assert after.server.token == token
    assert key in after.server.members
    assert [each["content"] for each in shown] == ["Look", "Heard: Look"]
    assert int(sent) > int(heard["id"])
    assert data == b"\x89PNG"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}', '{"version": 1, "users": 7}'])
async def test_a_world_that_cannot_be_read_begins_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "playground.json"
    file.write_text(text)

    async with running(file) as playground:
        assert playground.server.is_new
