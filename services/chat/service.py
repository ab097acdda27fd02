"""A turn of conversation: from a message that calls somebody to an answer that is said and kept."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID, uuid4

from db.models import ConversationLine
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.chat import files, queries
from services.chat.addressing import (
    MessageContext,
    addressees,
    combined_text,
    incognito_until,
    load_context,
    message_context,
    redact,
)
from services.chat.crisis import is_crisis
from services.chat.errors import ChannelNotFound, NoPersonalityHere, OptedOut
from services.chat.ordering import ReplyOrder, Turnstile
from services.chat.persistence import ConversationWriter, answer_line
from services.chat.ports import ChatAdapter
from services.chat.recent_messages import PendingLine, RecentMessages, to_line
from services.chat.reply_generation import GeneratedReply, ReplyGenerator, ReplyRequest
from services.chat.turns import Turn
from services.errors import DomainError
from services.types import Actor, IncomingMessage, speaker_of

log = logging.getLogger(__name__)

_CATCH_UP = 30


class ChatService:
    """Listens, and lets personalities answer whoever calls them."""

    def __init__(
        self,
        sessions: Sessions,
        composer: ReplyGenerator,
        keeper: ConversationWriter,
        stage: ChatAdapter,
    ) -> None:
        self._sessions = sessions
        self._composer = composer
        self._keeper = keeper
        self._stage = stage
        self._lanes = ReplyOrder()
        self._earshot = RecentMessages()
        self._turns: list[Turn] = []

    async def handle_message(self, heard: IncomingMessage) -> None:
        """Take in what a person said; if somebody was called, they have answered on return.

        Failures are told to the person; nothing is raised but bugs.
        """
        # Queued up before anything is awaited, so that answers keep the order of their triggers.
        async with self._lanes.turn(heard.channel.channel_id) as in_line:
            try:
                signs, summoned = await retry_on_disconnect(lambda: self._resolve_addressees(heard))
            except NoPersonalityHere as error:
                await self._stage.send_error(heard, error)
                return
            if heard.author_id in signs.opted_out:
                return
            # Only now: to mention a member called Mirela was not to call Mirela.
            heard = redact(heard, signs.opted_out)
            is_secret = heard.author_id in signs.incognito
            turn = next((each for each in self._turns if each.accepts(heard)), None)
            if turn is None and not summoned:
                line = to_line(heard, combined_text([heard]))
                self._earshot.add(heard.channel.channel_id, PendingLine(line, is_secret))
            elif turn is None or is_crisis(heard.content):
                await self._answer(heard, summoned, in_line, is_secret=is_secret)
            else:
                turn.add(heard, summoned)

    async def answer_command(self, heard: IncomingMessage, personality_id: UUID) -> None:
        """Let a personality answer what somebody said to it by a command."""
        async with self._lanes.turn(heard.channel.channel_id) as in_line:
            signs = await retry_on_disconnect(lambda: self._message_context(heard))
            is_secret = heard.author_id in signs.incognito
            await self._answer(heard, [personality_id], in_line, is_secret=is_secret)

    async def check_may_speak(self, discord_id: int) -> None:
        """See that a person who speaks by a command has not opted out of being heard.

        Raises:
            OptedOut: They have.
        """
        async with self._sessions() as session:
            signs = await load_context(session, people=[discord_id], channel_ids=[], reply_to=None)
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

        await retry_on_disconnect(erase)

    def forget_person(self, discord_id: int) -> None:
        """Let go of what a person said that is not written down yet."""
        self._earshot.forget_people({discord_id})
        for turn in self._turns:
            if turn.author_id == discord_id:
                turn.forget([each.message_id for each in turn.messages])

    async def handle_edit(self, heard: IncomingMessage) -> None:
        """Follow the edit of a person's message."""
        signs = await retry_on_disconnect(lambda: self._message_context(heard))
        if heard.author_id in signs.opted_out:
            return
        content = combined_text([redact(heard, signs.opted_out)])
        self._earshot.apply_edit(heard.message_id, content)
        for turn in self._turns:
            turn.apply_edit(heard.message_id, content)
        await self._keeper.apply_edit(heard.message_id, content)

    async def _answer(
        self,
        heard: IncomingMessage,
        summoned: Sequence[UUID],
        in_line: Turnstile,
        *,
        is_secret: bool,
    ) -> None:
        """Let these personalities answer a message, in this order."""
        if is_crisis(heard.content):
            with suppress(DomainError):
                await self._stage.send_crisis_resources(heard)
            return
        turn = Turn(heard.channel, heard.author_id, [heard], list(summoned), is_secret)
        self._turns.append(turn)
        try:
            for personality_id in turn.addressees:
                await self._answer_as(turn, personality_id, in_line)
        finally:
            self._turns.remove(turn)
            if turn.user_line is None:
                # It got no answer; the next answer should know of it all the same.
                lines = [to_line(each, combined_text([each])) for each in turn.messages]
                overheard = [PendingLine(line, is_secret) for line in lines]
                self._earshot.add(turn.channel.channel_id, *overheard)

    async def _answer_as(self, turn: Turn, personality_id: UUID, in_line: Turnstile) -> None:
        try:
            async with self._stage.typing(turn.channel):
                draft = await self._generate(turn, personality_id)
                await in_line.wait()
                while turn.changed.is_set():
                    draft = await self._generate(turn, personality_id)
            turn.is_open = False
            await self._send(turn, draft)
        except ChannelNotFound:
            log.info(
                "Nobody answers in channel %s: it or the message is gone", turn.channel.channel_id
            )
        except DomainError as error:
            with suppress(DomainError):
                await self._stage.send_error(turn.last, error)

    async def _resolve_addressees(
        self, heard: IncomingMessage
    ) -> tuple[MessageContext, list[UUID]]:
        """Return what a message may mean, and who is to answer it."""
        async with self._sessions() as session:
            signs = await message_context(session, heard)
            if heard.author_id in signs.opted_out:
                return signs, []
            return signs, await addressees(session, heard, signs)

    async def _message_context(self, heard: IncomingMessage) -> MessageContext:
        async with self._sessions() as session:
            return await message_context(session, heard)

    async def _generate(self, turn: Turn, personality_id: UUID) -> GeneratedReply:
        """Write an answer; begin anew whenever the person goes on in the same breath."""
        while True:
            if not turn.messages:
                raise ChannelNotFound
            turn.changed.clear()
            thinking = asyncio.ensure_future(self._generate_once(turn, personality_id))
            changing = asyncio.ensure_future(turn.changed.wait())
            try:
                await asyncio.wait({thinking, changing}, return_when=asyncio.FIRST_COMPLETED)
                if thinking.done():
                    return thinking.result()
            finally:
                for task in (thinking, changing):
                    task.cancel()

    async def _generate_once(self, turn: Turn, personality_id: UUID) -> GeneratedReply:
        channel_id = turn.channel.channel_id
        if not self._earshot.is_tracking(channel_id):
            self._earshot.track(channel_id, await self._missed_messages(turn.messages[0]))
        attached = [await files.read(self._stage, heard) for heard in turn.messages]
        return await self._composer.generate(
            ReplyRequest(
                personality_id=personality_id,
                actor=Actor(discord_id=turn.last.author_id, name=turn.last.author_name),
                channel=turn.last.channel,
                text=combined_text(turn.messages, [each.text for each in attached]),
                images=tuple(image for each in attached for image in each.images),
                lines=await self._pending_lines(channel_id),
            )
        )

    async def _pending_lines(self, channel_id: int) -> list[ConversationLine]:
        """Return what is not in the history, without those who have opted out since."""
        said = self._earshot.lines(channel_id)
        people = sorted({each.line.speaker_id for each in said if each.line.speaker_id})
        if not people:
            return [each.line for each in said]
        async with self._sessions() as session:
            signs = await load_context(session, people=people, channel_ids=[], reply_to=None)
        self._earshot.forget_people(signs.opted_out)
        return [each.line for each in self._earshot.lines(channel_id)]

    async def _missed_messages(self, heard: IncomingMessage) -> list[PendingLine]:
        """Ask the channel what was said since its history was last written."""

        async def caught_up() -> tuple[int | None, frozenset[int]]:
            async with self._sessions() as session:
                return await queries.caught_up(session, heard.channel.channel_id)

        after, known = await retry_on_disconnect(caught_up)
        recent = await self._stage.history(
            heard.channel, after=after, before=heard.message_id, limit=_CATCH_UP
        )
        missed = [each for each in recent if each.message_id not in known]
        people = sorted({id_ for each in missed for id_ in (each.author_id, *each.mentions)})
        async with self._sessions() as session:
            signs = await load_context(session, people=people, channel_ids=[], reply_to=None)
            until = await incognito_until(session, people)
        return [
            PendingLine(to_line(each, combined_text([redact(each, signs.opted_out)])))
            for each in missed
            if each.author_id not in signs.opted_out
            and (each.author_id not in until or each.created_at > until[each.author_id])
        ]

    async def _send(self, turn: Turn, draft: GeneratedReply) -> None:
        """Say an answer, then keep it with everything else that was said."""
        personality, place = draft.resolution.personality, turn.channel
        line_id = uuid4()
        shown = "\n".join([draft.text, *(f"-# {note}" for note in draft.notes)])
        message_ids = await self._stage.send(place, speaker_of(personality), shown, line_id=line_id)
        if not turn.messages:
            return  # taken back meanwhile
        answer = answer_line(place, draft, line_id, message_ids)
        is_secret = draft.user.incognito
        if turn.user_line is None:
            turn.user_line = turn.to_user_line(draft)
            self._earshot.add(place.channel_id, PendingLine(turn.user_line, is_secret))
        self._earshot.add(place.channel_id, PendingLine(answer, is_secret))
        if is_secret:
            return
        heard = [each for each in self._earshot.lines(place.channel_id) if not each.is_incognito]
        lines = [each.line for each in heard]
        await self._keeper.save(place, lines, draft, asked=turn.user_line, answer=answer)
        self._earshot.discard(place.channel_id, heard)
