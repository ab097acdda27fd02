"""A turn of conversation: from a message that calls somebody to an answer that is said and kept."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ConversationLine, Personality
from db.session import Sessions
from services.chat import files, naming, queries
from services.chat.composing import Asked, Composer, Draft
from services.chat.crisis import is_crisis
from services.chat.earshot import Earshot, Overheard, line_of
from services.chat.errors import NobodyHere, OptedOut, PlaceGone
from services.chat.keeping import Keeper, answer_line
from services.chat.lanes import Lanes, PlaceInLine
from services.chat.ports import Stage
from services.chat.signs import Signs, discreet, dm_personality, last_speaker, read_signs
from services.chat.turns import Turn, text_of, without
from services.chat.types import Heard, speaker_of
from services.errors import DomainError
from services.patience import patiently
from services.people import Actor
from services.personalities import called

log = logging.getLogger(__name__)

_CATCH_UP = 30


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
        self._turns: list[Turn] = []

    async def hear(self, heard: Heard) -> None:
        """Take in what a person said; if somebody was called, they have answered on return.

        Failures are told to the person; nothing is raised but bugs.
        """
        # Queued up before anything is awaited, so that answers keep the order of their triggers.
        async with self._lanes.turn(heard.place.channel_id) as in_line:
            signs = await patiently(lambda: self._signs(heard))
            if heard.author_id in signs.opted_out:
                return
            # Before mentions become names: to mention a member called Mirela is not to call Mirela.
            said, heard = heard, without(heard, signs.opted_out)
            try:
                summoned = await patiently(lambda: self._summoned(said, signs))
            except NobodyHere as error:
                await self._stage.excuse(heard, error)
                return
            is_secret = heard.author_id in signs.incognito
            turn = next((each for each in self._turns if each.takes(heard)), None)
            if turn is None and not summoned:
                line = line_of(heard, text_of([heard]))
                self._earshot.add(heard.place.channel_id, Overheard(line, is_secret))
            elif turn is None or is_crisis(heard.content):
                await self._answer(heard, summoned, in_line, is_secret=is_secret)
            else:
                turn.add(heard, summoned)

    async def say(self, heard: Heard, personality_id: UUID) -> None:
        """Let a personality answer what somebody said to it by a command."""
        async with self._lanes.turn(heard.place.channel_id) as in_line:
            signs = await patiently(lambda: self._signs(heard))
            is_secret = heard.author_id in signs.incognito
            await self._answer(heard, [personality_id], in_line, is_secret=is_secret)

    async def check_may_speak(self, discord_id: int) -> None:
        """See that a person who speaks by a command has not opted out of being heard.

        Raises:
            OptedOut: They have.
        """
        async with self._sessions() as session:
            signs = await read_signs(session, people=[discord_id], channel_ids=[], reply_to=None)
        if discord_id in signs.opted_out:
            raise OptedOut

    async def forget_messages(self, message_ids: Sequence[int]) -> None:
        """Honour the deletion of messages on Discord: what they said is kept nowhere."""
        self._earshot.forget(message_ids)
        for turn in self._turns:
            turn.forget(message_ids)

        async def erase() -> None:
            async with self._sessions.begin() as session:
                await queries.erase(session, message_ids)

        await patiently(erase)

    def forget_person(self, discord_id: int) -> None:
        """Let go of what a person said that is not written down yet."""
        self._earshot.forget_people({discord_id})
        for turn in self._turns:
            if turn.author_id == discord_id:
                turn.forget([each.message_id for each in turn.messages])

    async def reword(self, heard: Heard) -> None:
        """Follow the edit of a person's message."""
        signs = await patiently(lambda: self._signs(heard))
        if heard.author_id in signs.opted_out:
            return
        content = text_of([without(heard, signs.opted_out)])
        self._earshot.reword(heard.message_id, content)
        for turn in self._turns:
            turn.reword(heard.message_id, content)
        await self._keeper.follow(heard.message_id, content)

    async def _answer(
        self, heard: Heard, summoned: Sequence[UUID], in_line: PlaceInLine, *, is_secret: bool
    ) -> None:
        """Let these personalities answer a message, in this order."""
        if is_crisis(heard.content):
            with suppress(DomainError):
                await self._stage.comfort(heard)
            return
        turn = Turn(heard.place, heard.author_id, [heard], list(summoned), is_secret)
        self._turns.append(turn)
        try:
            for personality_id in turn.summoned:
                await self._answer_as(turn, personality_id, in_line)
        finally:
            self._turns.remove(turn)
            if turn.asked is None:
                # It got no answer; the next answer should know of it all the same.
                lines = [line_of(each, text_of([each])) for each in turn.messages]
                overheard = [Overheard(line, is_secret) for line in lines]
                self._earshot.add(turn.place.channel_id, *overheard)

    async def _answer_as(self, turn: Turn, personality_id: UUID, in_line: PlaceInLine) -> None:
        try:
            async with self._stage.typing(turn.place):
                draft = await self._think(turn, personality_id)
                await in_line.comes()
                while turn.changed.is_set():
                    draft = await self._think(turn, personality_id)
            turn.is_open = False
            await self._speak(turn, draft)
        except PlaceGone:
            log.info(
                "Nobody answers in channel %s: it or the message is gone", turn.place.channel_id
            )
        except DomainError as error:
            with suppress(DomainError):
                await self._stage.excuse(turn.last, error)

    async def _signs(self, heard: Heard) -> Signs:
        async with self._sessions() as session:
            channels = [heard.place.channel_id, heard.place.parent_id or heard.place.channel_id]
            return await read_signs(
                session,
                people=[heard.author_id, *heard.mentions],
                channel_ids=channels,
                reply_to=heard.reply_to,
            )

    async def _summoned(self, heard: Heard, signs: Signs) -> list[UUID]:
        """Return who is to answer; the first of the triggers that fits decides."""
        tried = naming.candidates(heard.content)
        async with self._sessions() as session:
            if signs.replied_to and await _may_call(session, heard, signs.replied_to):
                return [signs.replied_to]
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
            if not turn.messages:
                raise PlaceGone
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
        channel_id = turn.place.channel_id
        if not self._earshot.knows(channel_id):
            self._earshot.begin(channel_id, await self._missed(turn.messages[0]))
        attached = [await files.read(self._stage, heard) for heard in turn.messages]
        return await self._composer.compose(
            Asked(
                personality_id=personality_id,
                actor=Actor(discord_id=turn.last.author_id, name=turn.last.author_name),
                place=turn.last.place,
                text=text_of(turn.messages, [each.words for each in attached]),
                images=tuple(image for each in attached for image in each.images),
                lines=await self._overheard(channel_id),
            )
        )

    async def _overheard(self, channel_id: int) -> list[ConversationLine]:
        """Return what is not in the history, without those who have opted out since."""
        said = self._earshot.lines(channel_id)
        people = sorted({each.line.speaker_id for each in said if each.line.speaker_id})
        if not people:
            return [each.line for each in said]
        async with self._sessions() as session:
            signs = await read_signs(session, people=people, channel_ids=[], reply_to=None)
        self._earshot.forget_people(signs.opted_out)
        return [each.line for each in self._earshot.lines(channel_id)]

    async def _missed(self, heard: Heard) -> list[Overheard]:
        """Ask the channel what was said since its history was last written."""

        async def caught_up() -> tuple[int | None, frozenset[int]]:
            async with self._sessions() as session:
                return await queries.caught_up(session, heard.place.channel_id)

        after, known = await patiently(caught_up)
        recent = await self._stage.recent(
            heard.place, after=after, before=heard.message_id, limit=_CATCH_UP
        )
        missed = [each for each in recent if each.message_id not in known]
        people = sorted({id_ for each in missed for id_ in (each.author_id, *each.mentions)})
        async with self._sessions() as session:
            signs = await read_signs(session, people=people, channel_ids=[], reply_to=None)
            until = await discreet(session, people)
        return [
            Overheard(line_of(each, text_of([without(each, signs.opted_out)])))
            for each in missed
            if each.author_id not in signs.opted_out
            and (each.author_id not in until or each.created_at > until[each.author_id])
        ]

    async def _speak(self, turn: Turn, draft: Draft) -> None:
        """Say an answer, then keep it with everything else that was said."""
        personality, place = draft.resolution.personality, turn.place
        line_id = uuid4()
        shown = "\n".join([draft.text, *(f"-# {note}" for note in draft.notes)])
        message_ids = await self._stage.say(place, speaker_of(personality), shown, line_id=line_id)
        if not turn.messages:
            return  # taken back meanwhile
        answer = answer_line(place, draft, line_id, message_ids)
        is_secret = draft.user.incognito
        if turn.asked is None:
            turn.asked = turn.asked_line(draft)
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
        present = await dm_personality(session, heard.author_id)
    elif heard.mentions_bot:
        present = await last_speaker(session, heard.place.channel_id)
    else:
        return []
    if present is None or not await _may_call(session, heard, present):
        raise NobodyHere
    return [present]


async def _may_call(session: AsyncSession, heard: Heard, personality_id: UUID) -> bool:
    """Whether whoever was heard may call a personality here."""
    personality = await session.get_one(Personality, personality_id)
    names = [personality.name.lower()]
    mine = await called(session, names, heard.author_id, heard.place.channel_id)
    return personality_id in mine.values()
