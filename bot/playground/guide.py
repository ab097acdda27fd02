"""The first visit: five things to try, each done on the page beside whoever reads, with an undo."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Final
from uuid import UUID

import discord
from simcord.actors import MemberActor

from bot.discord.client import Bot
from bot.discord.converters import to_actor, to_channel
from bot.playground.actions import ActionRefused, Actions
from bot.playground.inspector import Inspector
from bot.playground.seeding import GUIDE_PHOTO, alt_text_of, channel_named, to_target
from bot.playground.world import World, fetch_member
from services.access import Situation
from services.chat import AnswerNotFound
from services.engine import ActType
from services.personalities import Personality
from services.photos import file_source
from services.social import CaptionDraft, NotScheduled
from services.types import Actor

_QUESTION: Final = "@Mirela how was the night?"
_WHEN: Final = "tomorrow 9:00"
_CAPTION: Final = "Seen from indoors, which is the right side of it."
_FAST, _REAL = 60.0, 1.0
_HOUR_SECONDS: Final = 60.0
_CARD: Final = "captain-rook.json"
_IMPORT_SECONDS: Final = 15.0


@dataclass(frozen=True)
class CompletedStep:
    """A step that was done: the channel where it is seen, and how it is undone."""

    channel: discord.TextChannel
    undo: Callable[[], Awaitable[None]]


class Guide:
    """Does the five things as whoever asks for them, and undoes them."""

    def __init__(self, bot: Bot, server: World, actions: Actions, inspector: Inspector) -> None:
        self._bot = bot
        self._services = bot.services
        self._server = server
        self._actions = actions
        self._inspector = inspector
        self._hour: asyncio.Task[None] | None = None
        self._undo: dict[tuple[int, str], Callable[[], Awaitable[None]]] = {}
        self._steps: Mapping[str, Callable[..., Awaitable[CompletedStep]]] = {
            "talk": self._talk,
            "card": self._bring_card,
            "square": self._watch_square,
            "photo": self._give_photo,
            "post": self._plan_post,
        }

    async def do(self, who: MemberActor, name: str, **options: str) -> dict[str, str]:
        """Do a step; return where it is seen. A card may be a `file` that was uploaded.

        Raises:
            ActionRefused, DomainError: It cannot be done.
        """
        step = await self._steps[name](who, **options)
        self._undo[who.id, name] = step.undo
        return {"channel": str(step.channel.id)}

    async def undo(self, who: MemberActor, name: str) -> None:
        """Undo a step that was done since the bot has started.

        Raises:
            ActionRefused, DomainError: It was not, or is not there any more.
        """
        undo = self._undo.pop((who.id, name), None)
        if undo is None:
            raise ActionRefused("There is nothing to undo.")
        await undo()

    async def _talk(self, who: MemberActor) -> CompletedStep:
        lobby, sent = await self._say(who, _QUESTION)

        async def undo() -> None:
            await self._take_back(who, lobby, sent, "Mirela")

        return CompletedStep(lobby, undo)

    async def _bring_card(self, who: MemberActor, file: str = "") -> CompletedStep:
        lobby = channel_named(self._bot, self._server, "lobby")
        actor = await self._actor(who, lobby)
        before = {each.id for each in await self._own(actor)}
        card = file or self._actions.store(_CARD, _read(_CARD))
        await self._command(who, lobby, "personality import", card=card)
        imported = await self._wait_for_another(actor, before)
        _, sent = await self._say(who, f"@{imported.name} hello! Who are you?")

        async def undo() -> None:
            await self._take_back(who, lobby, sent, imported.name)
            await self._services.personalities.delete(actor, imported.id)

        return CompletedStep(lobby, undo)

    async def _own(self, actor: Actor) -> list[Personality]:
        listed = await self._services.personalities.list_personalities(actor, age_restricted=True)
        return [each for each, is_own in listed if is_own]

    async def _wait_for_another(self, actor: Actor, before: Collection[UUID]) -> Personality:
        """Return the personality that a command makes meanwhile."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_IMPORT_SECONDS):
                while True:
                    for each in await self._own(actor):
                        if each.id not in before:
                            return each
                    await asyncio.sleep(0.1)
        raise ActionRefused("That is not a card that can be read; the answer in #lobby says why.")

    async def _watch_square(self, who: MemberActor) -> CompletedStep:
        square = channel_named(self._bot, self._server, "square")
        details = await self._services.boards.get(to_channel(square, square.guild))
        author = random.choice(details.members)  # noqa: S311 - no secret
        await self._services.engine.trigger(
            await self._actor(who, square), ActType.POST, personality=author, board=details.board
        )
        await self._inspector.set_clock(speed=_FAST, forward=timedelta(0))

        async def undo() -> None:
            await self._inspector.set_clock(speed=_REAL, forward=timedelta(0))

        self._hour = asyncio.create_task(self._after_an_hour(undo))
        return CompletedStep(square, undo)

    async def _after_an_hour(self, undo: Callable[[], Awaitable[None]]) -> None:
        """Let time pass as it does again, after an hour of the fast clock."""
        await asyncio.sleep(_HOUR_SECONDS)
        await undo()

    async def _give_photo(self, who: MemberActor) -> CompletedStep:
        feed = channel_named(self._bot, self._server, "feed")
        actor, mirela = await self._actor(who, feed), await self._mirela()
        source = file_source(GUIDE_PHOTO, _read(f"photos/{GUIDE_PHOTO}"))
        (result,) = [each async for each in self._services.photos.add(actor, mirela.id, [source])]
        if result.photo is None:
            raise ActionRefused("She has this photo already: `/photos list` shows her library.")
        photo_id = result.photo.id
        await self._services.photos.set_alt_text(actor, photo_id, alt_text_of(GUIDE_PHOTO))
        await self._command(who, feed, "photos view", photo=GUIDE_PHOTO)

        async def undo() -> None:
            await self._services.photos.delete(actor, photo_id)

        return CompletedStep(feed, undo)

    async def _plan_post(self, who: MemberActor) -> CompletedStep:
        feed = channel_named(self._bot, self._server, "feed")
        actor, mirela = await self._actor(who, feed), await self._mirela()
        library = await self._services.photos.list_photos(actor, mirela.id, unscheduled=True)
        if not library:
            raise ActionRefused("She has no photo left to post: `/photos import` gives her one.")
        targets = await self._services.targets.list_targets(actor, mirela.id)
        target = (
            targets[0].target
            if targets
            else await self._services.targets.add_discord_channel(actor, mirela.id, to_target(feed))
        )
        photo = library[0].photo
        draft = CaptionDraft(caption=_CAPTION, alt_text=photo.alt_text or "A photo by Mirela")
        planned = await self._services.posts.schedule_post(
            actor, photo.id, draft, target_id=target.id, when=_WHEN
        )
        if isinstance(planned, NotScheduled):
            raise planned.reason
        await self._command(who, feed, "schedule calendar", personality=mirela.name)
        post_id = planned.details.post.id

        async def undo() -> None:
            await self._services.posts.cancel(actor, post_id)

        return CompletedStep(feed, undo)

    async def _mirela(self) -> Personality:
        return await self._services.personalities.find("mirela", Situation())

    async def _say(self, who: MemberActor, text: str) -> tuple[discord.TextChannel, str]:
        lobby = channel_named(self._bot, self._server, "lobby")
        sent = await self._actions.run(who, "send", {"channel": str(lobby.id), "text": text})
        return lobby, sent

    async def _take_back(
        self, who: MemberActor, channel: discord.TextChannel, sent: str, name: str
    ) -> None:
        """Delete a message and what a personality has answered to it, and to nothing else."""
        actor = await self._actor(who, channel)
        async for message in channel.history(after=discord.Object(int(sent)), oldest_first=True):
            if not message.webhook_id:
                break  # what comes then answers somebody else
            if message.author.name == name:
                await self._delete_answer(actor, message)
        await self._actions.run(who, "delete", {"channel": str(channel.id), "id": sent})

    async def _delete_answer(self, actor: Actor, message: discord.Message) -> None:
        answers, channel = self._services.answers, to_channel(message.channel, message.guild)
        try:
            await answers.delete(actor, channel, await answers.locate(message.id))
        except AnswerNotFound:
            await message.delete()  # first words answer nobody

    async def _command(
        self, who: MemberActor, channel: discord.TextChannel, name: str, **options: str
    ) -> None:
        arguments = {"channel": str(channel.id), "name": name, "options": options}
        await self._actions.run(who, "slash", arguments)

    async def _actor(self, who: MemberActor, channel: discord.TextChannel) -> Actor:
        member = await fetch_member(channel.guild, who)
        return to_actor(member, channel, is_bot_owner=who.id in (self._bot.owner_ids or ()))


def _read(name: str) -> bytes:
    return (files("bot.playground") / name).read_bytes()
