"""Who a message calls."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chat import naming
from services.chat.errors import NoPersonalityHere
from services.chat.signs import MessageContext, dm_personality, last_speaker, load_context
from services.chat.types import IncomingMessage
from services.personalities import Personality, resolve_names


async def message_context(session: AsyncSession, heard: IncomingMessage) -> MessageContext:
    """Return what the database knows of the people and the places in a message."""
    return await load_context(
        session,
        people=[heard.author_id, *heard.mentions],
        channel_ids=[heard.place.channel_id, heard.place.parent_id or heard.place.channel_id],
        reply_to=heard.reply_to,
    )


async def addressees(
    session: AsyncSession, heard: IncomingMessage, signs: MessageContext
) -> list[UUID]:
    """Return who is to answer; the first of the triggers that fits decides.

    Raises:
        NobodyHere: The bot was spoken to, and there is no one.
    """
    if signs.replied_to and await _may_call(session, heard, signs.replied_to):
        return [signs.replied_to]
    if tried := naming.candidates(heard.content):
        words = sorted({word for names in tried for word in names})
        names = await resolve_names(session, words, heard.author_id, heard.place.channel_id)
        if by_name := naming.called(heard.content, names):
            return by_name
    if signs.activated:
        return list(signs.activated)[: naming.MOST_CALLED]
    return await _default_addressee(session, heard)


async def _default_addressee(session: AsyncSession, heard: IncomingMessage) -> list[UUID]:
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
        raise NoPersonalityHere
    return [present]


async def _may_call(session: AsyncSession, heard: IncomingMessage, personality_id: UUID) -> bool:
    """Whether whoever was heard may call a personality here."""
    personality = await session.get_one(Personality, personality_id)
    names = [personality.name.lower()]
    mine = await resolve_names(session, names, heard.author_id, heard.place.channel_id)
    return personality_id in mine.values()
