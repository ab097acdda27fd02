"""Taking back what was said: the last exchange, or a whole conversation."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.session import Sessions
from services.chat import queries, sweeping
from services.chat.errors import NothingToUndo
from services.chat.ports import ChatAdapter
from services.errors import ModeratorsOnly
from services.people import get_or_create_user
from services.types import Actor, Channel


@dataclass(frozen=True)
class Cleared:
    """How many lines were cleared, and when; None if there were none."""

    count: int
    at: datetime | None


class HistoryService:
    """Takes back exchanges and conversations."""

    def __init__(self, sessions: Sessions, adapter: ChatAdapter) -> None:
        self._sessions = sessions
        self._adapter = adapter

    async def undo(self, actor: Actor, channel: Channel) -> str:
        """Delete the actor's last exchange in a channel; return the name of who answered.

        Raises:
            NothingToUndo: There is no exchange.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            answer = await queries.last_answer(session, channel.channel_id, user.id)
            if answer is None:
                raise NothingToUndo
            pictures = await queries.pictures_of(session, answer.id)
            line_ids = [answer.id, *([answer.answers_id] if answer.answers_id else [])]
            await queries.hide(session, [*line_ids, *(each.id for each in pictures)])
        sent = [each for line in (answer, *pictures) for each in line.sent_message_ids]
        await self._adapter.delete(channel, sent)
        return answer.speaker_name

    async def clear(
        self, actor: Actor, channel: Channel, *, personality_id: UUID | None, for_everyone: bool
    ) -> Cleared:
        """Clear the conversation of a channel; it can be taken back for a day.

        Memories are kept: `/memory` manages them.

        Raises:
            ModeratorsOnly: Only moderators may clear everyone's lines.
        """
        if for_everyone and channel.guild_id is not None and not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            count, at = await queries.clear(
                session, channel.channel_id, None if for_everyone else user.id, personality_id
            )
            return Cleared(count, at)

    async def take_back(
        self, actor: Actor, channel: Channel, at: datetime, *, for_everyone: bool
    ) -> int:
        """Show lines again that were cleared at a time; return how many.

        Raises:
            ModeratorsOnly: Only moderators may take back what they cleared for everyone.
        """
        if for_everyone and channel.guild_id is not None and not actor.moderates:
            raise ModeratorsOnly
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            return await queries.restore(
                session, channel.channel_id, at, None if for_everyone else user.id
            )

    async def enqueue_sweep(self) -> None:
        """Enqueue the deletion of what was cleared long ago."""
        async with self._sessions.begin() as session:
            await sweeping.enqueue_sweep(session)
