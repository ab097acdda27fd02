"""Every error has a message, and every failure is answered once."""

import importlib
import logging
import math
import pkgutil
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

import discord
import pytest
import simcord
from discord import app_commands, ui
from discord.ext import commands
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.env import Env
from simcord.results import InteractionResult
from typing_extensions import override

import services
from bot.discord import errors
from bot.discord.errors import explain
from bot.discord.locales import ENGLISH
from bot.discord.messages import Translator
from bot.discord.ui import AnyInteraction, Modal, PersistentButton, Tree, View
from services.access import Bringers, BudgetLimit, Owned, PayerKind, Reason
from services.characters import PhotoProblem
from services.chat import Refusal
from services.engine import Skipped, SkipReason
from services.errors import DomainError, TextEmpty
from services.keys import KeyProblem
from services.llm import ModelProblem, ModelRateLimited
from services.lore import LoreScope
from services.media import FileKind, PictureTooLarge
from services.photos import PhotoNotFound
from services.social import PhotoHasPost
from services.voice import Unheard

FACTS: dict[Any, Any] = {
    str: "x",
    int: 3,
    float: 1.5,
    float | None: None,
    str | None: None,
    datetime: datetime(2026, 3, 27, tzinfo=UTC),
    datetime | None: None,
    tuple[str, ...]: ("x",),
    SkipReason: SkipReason.CAP,
    PhotoProblem: PhotoProblem.NOBODY,
    Bringers: Bringers.NOBODY,
    BudgetLimit: BudgetLimit.SHARE,
    KeyProblem: KeyProblem.SHORT,
    LoreScope: LoreScope.SERVER,
    Owned: Owned.PHOTOS,
    PayerKind: PayerKind.USER,
    Reason: Reason.NOT_ADMITTED,
    Unheard: Unheard.NO_WORDS,
    Refusal: Refusal.AUTOMOD,
    FileKind: FileKind.VIDEO,
    ModelProblem: ModelProblem.NO_CREDIT,
}
WORDS = "The name is empty or has no visible text."


def leaves(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    """Yield the errors that have no kinds of their own."""
    if not kind.__subclasses__():
        yield kind
    for each in kind.__subclasses__():
        yield from leaves(each)


def every_error() -> list[type[DomainError]]:
    """Return every error of every feature."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if module.name.endswith(".errors"):
            importlib.import_module(module.name)
    return sorted(leaves(DomainError), key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", every_error())
def test_every_domain_error_has_a_message_that_can_be_rendered(kind: type[DomainError]) -> None:
    facts = {each.name: FACTS[each.type] for each in fields(kind)} if is_dataclass(kind) else {}

    text = explain(kind(**facts))

    assert kind in ENGLISH.messages, f"bot.discord.locales.english has no row for {kind.__name__}"
    assert text
    assert not re.search(r"[{}]|\[\[|\]\]|None|  ", text), text
    assert text[0].isupper() or text[0] in "*`<"
    assert text[-1] in ".`x", text


@pytest.mark.parametrize("kind", every_error())
def test_text_of_users_in_a_message_is_never_markdown(kind: type[DomainError]) -> None:
    hostile = "**x** `y` [z](https://a.example)" + "x" * 300
    facts = (
        {each.name: hostile if each.type is str else FACTS[each.type] for each in fields(kind)}
        if is_dataclass(kind)
        else {}
    )

    text = explain(kind(**facts)) or ""

    assert "**x**" not in re.sub(r"`[^`]*`", "", text)
    assert not re.search(r"(?<!\\)\[z\]\(", re.sub(r"`[^`]*`", "", text))
    assert len(text) < 1500


def test_no_row_of_the_catalogue_is_for_an_error_that_nobody_raises() -> None:
    raised = {*every_error(), *(kind for each in every_error() for kind in each.__mro__)}
    ours = {kind for kind in ENGLISH.messages if issubclass(kind, DomainError)}

    assert ours <= raised


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ModelRateLimited("m", 12.4), "The model `m` is rate-limited. Try again in 12 seconds."),
        (ModelRateLimited("m", None), "The model `m` is rate-limited. Try again in a minute."),
        (PhotoNotFound(""), "That photo no longer exists."),
        (
            PhotoHasPost("sea", "posted", "art", None),
            "**sea** already has a post on **art**: posted. A photo is posted once.",
        ),
        (
            PhotoHasPost("sea", "draft", "", None),
            "**sea** already has a post: a draft. A photo is posted once.",
        ),
        (
            PictureTooLarge("x", math.inf, 40),
            "**x** has too many megapixels; the limit is 40 megapixels.",
        ),
        (Skipped(SkipReason.CAP), "That was skipped: the activity limit is reached."),
        (app_commands.NoPrivateMessage(), "That only works in servers."),
        (
            app_commands.MissingPermissions(["manage_messages"]),
            "Only members with **Manage Messages** can do that.",
        ),
        (app_commands.CheckFailure(), "You cannot do that here."),
        (RuntimeError("ours"), None),
    ],
)
def test_messages_follow_the_facts(error: Exception, text: str | None) -> None:
    assert explain(error) == text


async def test_a_second_language_is_one_more_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    german = replace(
        ENGLISH,
        messages={TextEmpty: "Nichts zu sehen in: {field}."},
        commands={"at_once": "sofort"},
    )
    monkeypatch.setattr(errors, "CATALOGUES", {discord.Locale.german: german})

    assert explain(TextEmpty("name"), discord.Locale.german) == "Nichts zu sehen in: name."
    assert explain(TextEmpty("name"), discord.Locale.french) == WORDS
    translator = Translator({discord.Locale.german: german})
    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name="at_once", description="x", callback=at_once
    )
    payload = await command.get_translated_payload(Doors().tree, translator)
    assert payload["name_localizations"] == {"de": "sofort"}


class FailingView(View):
    @ui.button(label="Fail")
    async def fail(self, _: AnyInteraction, __: ui.Button[Self]) -> None:
        raise TextEmpty("name")


class FailingModal(Modal, title="Fail"):
    text = ui.TextInput[Self](label="Text", custom_id="text", required=False)

    @override
    async def on_submit(self, interaction: AnyInteraction) -> None:
        raise TextEmpty("name")


class FailingButton(PersistentButton, template="fail"):
    def __init__(self) -> None:
        super().__init__(ui.Button(label="Fail", custom_id="fail"))

    @classmethod
    @override
    def of(cls, match: re.Match[str]) -> Self:
        return cls()

    @override
    async def press(self, interaction: AnyInteraction) -> None:
        raise TextEmpty("name")


async def at_once(interaction: AnyInteraction) -> None:
    """Fail before an answer."""
    raise TextEmpty("name")


async def deferred(interaction: AnyInteraction) -> None:
    """Fail while an answer is awaited."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    raise TextEmpty("name")


async def answered(interaction: AnyInteraction) -> None:
    """Fail after an answer."""
    await interaction.response.send_message("So far so good.", ephemeral=True)
    raise TextEmpty("name")


async def forbidden(interaction: AnyInteraction) -> None:
    """Fail at Discord."""
    assert isinstance(interaction.channel, discord.TextChannel)
    await interaction.channel.send("hello")


async def broken(interaction: AnyInteraction) -> None:
    """Fail by our own fault."""
    raise RuntimeError("a bug")


async def view(interaction: AnyInteraction) -> None:
    """Show a button."""
    shown = FailingView(interaction.user.id)
    await interaction.response.send_message("Press.", view=shown, ephemeral=True)


async def persistent(interaction: AnyInteraction) -> None:
    """Show a button that outlives the process."""
    shown = ui.View(timeout=None).add_item(FailingButton())
    await interaction.response.send_message("Press.", view=shown, ephemeral=True)


async def modal(interaction: AnyInteraction) -> None:
    """Open a form."""
    await interaction.response.send_modal(FailingModal())


class Doors(commands.Bot):
    """A bot whose every door leads to a failure."""

    def __init__(self) -> None:
        super().__init__((), intents=discord.Intents.default(), tree_cls=Tree)

    @override
    async def setup_hook(self) -> None:
        for act in (at_once, deferred, answered, forbidden, broken, view, persistent, modal):
            name, description = act.__name__, act.__doc__ or ""
            self.tree.add_command(
                app_commands.Command(name=name, description=description, callback=act)
            )
        self.add_dynamic_items(FailingButton)
        await self.tree.sync()


@dataclass(frozen=True)
class Scene:
    env: Env
    lobby: ChannelHandle
    alice: MemberActor


@asynccontextmanager
async def scene() -> AsyncGenerator[Scene]:
    async with simcord.run(Doors(), check_errors=False) as env:
        guild = env.create_guild()
        lobby = guild.create_text_channel("lobby")
        yield Scene(env, lobby, guild.add_member(env.create_user("alice")))


def explained(result: InteractionResult) -> list[str]:
    """Return everything that was answered, all of it to whoever asked only."""
    shown = [each for each in (result.response, *result.followups) if each is not None]
    assert all(each.ephemeral for each in shown)
    return [each.content for each in shown]


async def test_each_failure_is_answered_once_behind_every_door() -> None:
    async with scene() as at:
        results = {
            name: explained(await at.alice.slash(at.lobby, name))
            for name in ("at_once", "deferred", "answered")
        }
        for name in ("view", "persistent"):
            shown = await at.alice.slash(at.lobby, name)
            assert shown.response is not None
            results[name] = explained(await at.alice.click(shown.response, label="Fail"))
        opened = await at.alice.slash(at.lobby, "modal")
        results["modal"] = explained(await at.alice.submit_modal(opened, {}))

    assert results == {
        "at_once": [WORDS],
        "deferred": [WORDS],
        "answered": ["So far so good.", WORDS],
        "view": [WORDS],
        "persistent": [WORDS],
        "modal": [WORDS],
    }


async def test_our_own_fault_is_logged_with_the_number_that_people_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with scene() as at:
        (words,) = explained(await at.alice.slash(at.lobby, "broken"))

    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    number = re.findall(r"`(\d+)`", words)
    assert words.startswith("Something went wrong on our side.")
    assert record.getMessage() == f"Interaction {number[0]} failed"
    assert record.exc_info
    assert isinstance(record.exc_info[1], RuntimeError)


async def test_what_discord_forbids_is_said_and_what_ran_out_is_left_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with scene() as at:
        at.env.inject_error("POST", "/channels/*/messages", status=403)
        refused = explained(await at.alice.slash(at.lobby, "forbidden"))
        at.env.inject_error("POST", "/interactions/*", status=404, code=10062)
        late = explained(await at.alice.slash(at.lobby, "answered"))

    assert refused == [
        "Discord does not allow me to do that here. A moderator can give me the permission."
    ]
    assert late == []
    assert [each.levelname for each in caplog.records if "has expired" in each.message] == [
        "WARNING"
    ]
