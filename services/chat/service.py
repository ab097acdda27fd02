"""A turn of conversation: from a message that calls somebody to an answer that is said and kept."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ConversationLine
from db.session import Sessions
from services.chat import files, naming, queries
from services.chat.composing import Asked, Composer, Draft
from services.chat.crisis import is_crisis
from services.chat.earshot import Earshot, Overheard, line_of
from services.chat.errors import NobodyHere, OptedOut, PlaceGone
from services.chat.keeping import Keeper, answer_line
from services.chat.lanes import Lanes, PlaceInLine
from services.chat.ports import Stage
from services.chat.prompt import estimate
from services.chat.types import Heard, speaker_of
from services.errors import DomainError
from services.patience import patiently
from services.people import Actor
from services.personalities import called

log = logging.getLogger(__name__)

# Messages of one person that come this close together are answered once.
BREATH = timedelta(seconds=1.5)
_CATCH_UP = 30
SOMEONE = "[someone]"


@dataclass(eq=False)
class Turn:
    """What one person said in one breath, and who is to answer it."""

    messages: list[Heard]
    summoned: list[UUID]
    is_open: bool = True
    asked: ConversationLine | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last(self) -> Heard:
        """Return the newest message."""
        return self.messages[-1]

    def takes(self, heard: Heard) -> bool:
        """Whether a message still belongs to this breath."""
        return self.is_open and heard.created_at - self.last.created_at <= BREATH

    def add(self, heard: Heard, summoned: Sequence[UUID]) -> None:
        """Let a message belong to this breath; whoever is thinking of an answer begins anew."""
        self.messages.append(heard)
        self.summoned += [each for each in summoned if each not in self.summoned]
        self.changed.set()


class ChatService:
    """Listens, and lets personalities answer whoever calls them."""

    def __init__(
        self, sessions: Sessions, composer: Composer, keeper: Keeper, stage: Stage
    ) -> None:
        self._sessions = sessions
        self._composer = composer
        self._keeper = keeper
        self._stage = stage
        self._lanes = Lanes()
        self._earshot = Earshot()
        self._turns: dict[tuple[int, int], Turn] = {}

    async def hear(self, heard: Heard) -> None:
        """Take in what a person said; if somebody was called, they have answered on return.

        Failures are told to the person; nothing is raised but bugs.
        """
        signs = await patiently(lambda: self._signs(heard))
        if heard.author_id in signs.opted_out:
            return
        heard = _without(heard, signs.opted_out)
        try:
            summoned = await patiently(lambda: self._summoned(heard, signs))
        except NobodyHere as error:
            await self._stage.excuse(heard, error)
            return
        key = (heard.place.channel_id, heard.author_id)
        turn = self._turns.get(key)
        if turn is not None and turn.takes(heard):
            turn.add(heard, summoned)
        elif summoned:
            await self.answer(heard, summoned)
        else:
            self._earshot.add(key[0], Overheard(line_of(heard, _text_of([heard]))))

    async def check_may_speak(self, discord_id: int) -> None:
        """See that a person who speaks by a command has not opted out of being heard.

        Raises:
            OptedOut: They have.
        """
        async with self._sessions() as session:
            signs = await queries.signs(session, people=[discord_id], channel_ids=[], reply_to=None)
        if discord_id in signs.opted_out:
            raise OptedOut

    async def answer(self, heard: Heard, summoned: Sequence[UUID]) -> None:
        """Let these personalities answer a message, in this order."""
        if is_crisis(heard.content):
            with suppress(DomainError):
                await self._stage.comfort(heard)
            return
        key = (heard.place.channel_id, heard.author_id)
        turn = self._turns[key] = Turn([heard], list(summoned))
        try:
            async with self._lanes.turn(heard.place.channel_id) as place_in_line:
                for personality_id in turn.summoned:
                    await self._answer_as(turn, personality_id, place_in_line)
        finally:
            if self._turns.get(key) is turn:
                del self._turns[key]
            if turn.asked is None:
                # It got no answer; the next answer should know of it all the same.
                lines = [line_of(each, _text_of([each])) for each in turn.messages]
                self._earshot.add(key[0], *map(Overheard, lines))

    async def _answer_as(self, turn: Turn, personality_id: UUID, in_line: PlaceInLine) -> None:
        try:
            async with self._stage.typing(turn.last.place):
                draft = await self._think(turn, personality_id)
                await in_line.comes()
            turn.is_open = False
            await self._speak(turn, draft)
        except PlaceGone:
            log.info("Channel %s is gone, nobody answers there", turn.last.place.channel_id)
        except DomainError as error:
            with suppress(DomainError):
                await self._stage.excuse(turn.last, error)

    async def forget_messages(self, message_ids: Sequence[int]) -> None:
        """Honour the deletion of messages on Discord: what they said is kept nowhere."""
        self._earshot.forget(message_ids)

        async def erase() -> None:
            async with self._sessions.begin() as session:
                await queries.erase(session, message_ids)

        await patiently(erase)

    async def reword(self, message_id: int, content: str) -> None:
        """Follow the edit of a person's message."""

        async def reword() -> None:
            async with self._sessions.begin() as session:
                await queries.reword(session, message_id, content, estimate(content))

        await patiently(reword)

    async def _signs(self, heard: Heard) -> queries.Signs:
        async with self._sessions() as session:
            channels = [heard.place.channel_id, heard.place.parent_id or heard.place.channel_id]
            return await queries.signs(
                session,
                people=[heard.author_id, *heard.mentions],
                channel_ids=channels,
                reply_to=heard.reply_to,
            )

    async def _summoned(self, heard: Heard, signs: queries.Signs) -> list[UUID]:
        """Return who is to answer; the first of the triggers that fits decides."""
        if signs.replied_to is not None:
            return [signs.replied_to]
        tried = naming.candidates(heard.content)
        async with self._sessions() as session:
            if tried:
                words = sorted({word for names in tried for word in names})
                names = await called(session, words, heard.author_id, heard.place.channel_id)
                if by_name := naming.called(heard.content, names):
                    return by_name
            if signs.activated:
                return list(signs.activated)[: naming.MOST_CALLED]
            return await _present(session, heard)

    async def _think(self, turn: Turn, personality_id: UUID) -> Draft:
        """Write an answer; begin anew whenever the person goes on in the same breath."""
        while True:
            turn.changed.clear()
            thinking = asyncio.ensure_future(self._compose(turn, personality_id))
            changing = asyncio.ensure_future(turn.changed.wait())
            try:
                await asyncio.wait({thinking, changing}, return_when=asyncio.FIRST_COMPLETED)
                if thinking.done():
                    return thinking.result()
            finally:
                for task in (thinking, changing):
                    task.cancel()

    async def _compose(self, turn: Turn, personality_id: UUID) -> Draft:
        channel_id = turn.last.place.channel_id
        if not self._earshot.knows(channel_id):
            self._earshot.begin(channel_id, await self._missed(turn.messages[0]))
        attached = [await files.read(self._stage, heard) for heard in turn.messages]
        return await self._composer.compose(
            Asked(
                personality_id=personality_id,
                actor=Actor(discord_id=turn.last.author_id, name=turn.last.author_name),
                place=turn.last.place,
                text=_text_of(turn.messages, [each.words for each in attached]),
                images=tuple(image for each in attached for image in each.images),
                lines=[overheard.line for overheard in self._earshot.lines(channel_id)],
            )
        )

    async def _missed(self, heard: Heard) -> list[Overheard]:
        """Ask the channel what was said since its history was last written."""

        async def last() -> int | None:
            async with self._sessions() as session:
                return await queries.last_message_id(session, heard.place.channel_id)

        missed = await self._stage.recent(
            heard.place, after=await patiently(last), before=heard.message_id, limit=_CATCH_UP
        )
        people = sorted({id_ for each in missed for id_ in (each.author_id, *each.mentions)})
        async with self._sessions() as session:
            signs = await queries.signs(session, people=people, channel_ids=[], reply_to=None)
            discreet = await queries.discreet(session, people)
        return [
            Overheard(line_of(each, _text_of([_without(each, signs.opted_out)])))
            for each in missed
            if each.author_id not in signs.opted_out
            and (each.author_id not in discreet or each.created_at > discreet[each.author_id])
        ]

    async def _speak(self, turn: Turn, draft: Draft) -> None:
        """Say an answer, then keep it with everything else that was said."""
        personality, place = draft.resolution.personality, turn.last.place
        line_id = uuid4()
        shown = "\n".join([draft.text, *(f"-# {note}" for note in draft.notes)])
        message_ids = await self._stage.say(place, speaker_of(personality), shown, line_id=line_id)
        answer = answer_line(place, draft, line_id, message_ids)
        is_secret = draft.user.incognito
        if turn.asked is None:
            turn.asked = _asked_line(turn, draft)
            self._earshot.add(place.channel_id, Overheard(turn.asked, is_secret))
        self._earshot.add(place.channel_id, Overheard(answer, is_secret))
        if is_secret:
            return
        heard = [each for each in self._earshot.lines(place.channel_id) if not each.is_secret]
        lines = [each.line for each in heard]
        await self._keeper.keep(place, lines, draft, asked=turn.asked, answer=answer)
        self._earshot.written(place.channel_id, heard)


async def _present(session: AsyncSession, heard: Heard) -> list[UUID]:
    """Return who answers where nobody was named: the one chosen for DMs, or the last to speak.

    Raises:
        NobodyHere: The bot was spoken to, and there is no one.
    """
    if heard.place.guild_id is None:
        present = await queries.dm_personality(session, heard.author_id)
    elif heard.mentions_bot:
        present = await queries.last_speaker(session, heard.place.channel_id)
    else:
        return []
    if present is None:
        raise NobodyHere
    return [present]


def _asked_line(turn: Turn, draft: Draft) -> ConversationLine:
    return line_of(
        turn.last,
        _text_of(turn.messages),
        message_ids=[heard.message_id for heard in turn.messages],
        speaker_name=draft.speaker_name,
        user_id=draft.user.id,
        persona_id=draft.resolution.persona.id,
        personality_id=draft.resolution.personality.id,
    )


def _without(heard: Heard, opted_out: frozenset[int]) -> Heard:
    """Return a message in which mentions are names, and those who opted out are nobody."""
    content = heard.content
    for discord_id, name in heard.mentions.items():
        shown = SOMEONE if discord_id in opted_out else f"@{name}"
        content = content.replace(f"<@{discord_id}>", shown).replace(f"<@!{discord_id}>", shown)
    return replace(heard, content=content)


def _text_of(messages: Sequence[Heard], attached: Sequence[str] = ()) -> str:
    texts = [heard.content.strip() for heard in messages]
    if attached:
        return "\n".join(
            text for pair in zip(texts, attached, strict=True) for text in pair if text
        )
    named = [f"[attached: {a.name}]" for heard in messages for a in heard.attachments]
    return "\n".join(text for text in [*texts, *named] if text)
