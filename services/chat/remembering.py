"""Having a personality remember a message that somebody points at."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Memory, Personality
from db.session import Sessions
from services.chat import addressing, queries
from services.chat.errors import AuthorNotStored, NoPersonalityHere
from services.chat.preferences import who_answers
from services.memory import Author, MemoryService
from services.people import get_or_create_user
from services.types import Actor, Channel


@dataclass(frozen=True, kw_only=True)
class PointedMessage:
    """A message that somebody points at."""

    message_id: int
    author: Author
    text: str


@dataclass(frozen=True)
class Remembered:
    """Who remembers a message; `is_pinned` if it was remembered already, and is pinned now."""

    personality: str
    is_pinned: bool


class MessageMemory:
    """Remembers messages for their own sake."""

    def __init__(self, sessions: Sessions, memory: MemoryService) -> None:
        self._sessions = sessions
        self._memory = memory

    async def remember(self, actor: Actor, channel: Channel, message: PointedMessage) -> Remembered:
        """Have a message remembered: by who has said it, or who answers the actor here.

        An answer to the actor is remembered already, with what they had said: it is pinned.

        Raises:
            AuthorNotStored: Its author has opted out or is incognito.
            NoPersonalityHere: No personality answers the actor here.
            DomainError: What adding or pinning a memory raises.
        """
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, actor)
            rules = await addressing.load_context(session, people=[message.author.discord_id])
            is_own = message.author.discord_id == actor.discord_id
            if not is_own and rules.opted_out | rules.incognito:
                raise AuthorNotStored
            personality, memory = await self._find(session, message)
            if personality is None:
                chosen = await who_answers(session, user, channel) or user.dm_personality_id
                personality = await session.get(Personality, chosen) if chosen else None
        if personality is None or personality.deleted_at is not None:
            raise NoPersonalityHere
        if memory is not None and memory.user_id == user.id:
            if not memory.is_pinned:
                await self._memory.toggle_pin(actor, memory.id)
            return Remembered(personality.name, is_pinned=True)
        author = None if is_own else message.author
        await self._memory.add(actor, personality, channel, message.text, author=author)
        return Remembered(personality.name, is_pinned=False)

    async def _find(
        self, session: AsyncSession, message: PointedMessage
    ) -> tuple[Personality | None, Memory | None]:
        """Return who has said a message and the memory of it, if it is an answer."""
        line_id = await queries.answer_of(session, message.message_id)
        line = await queries.answer(session, line_id) if line_id else None
        if line is None:
            return None, None
        personality = await session.get(Personality, line.personality_id)
        return personality, await queries.memory_of(session, line.id)
