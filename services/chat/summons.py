"""Who a message calls."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chat import naming
from services.chat.errors import NobodyHere
from services.chat.signs import Signs, dm_personality, last_speaker, read_signs
from services.chat.types import Heard
from services.personalities import Personality, called


async def signs_of(session: AsyncSession, heard: Heard) -> Signs:
    """Return what the database knows of the people and the places in a message."""
    return await read_signs(
        session,
        people=[heard.author_id, *heard.mentions],
        channel_ids=[heard.place.channel_id, heard.place.parent_id or heard.place.channel_id],
        reply_to=heard.reply_to,
    )


async def summoned_by(session: AsyncSession, heard: Heard, signs: Signs) -> list[UUID]:
    """Return who is to answer; the first of the triggers that fits decides.

    Raises:
        NobodyHere: The bot was spoken to, and there is no one.
    """
    if signs.replied_to and await _may_call(session, heard, signs.replied_to):
        return [signs.replied_to]
    if tried := naming.candidates(heard.content):
        words = sorted({word for names in tried for word in names})
        names = await called(session, words, heard.author_id, heard.place.channel_id)
        if by_name := naming.called(heard.content, names):
            return by_name
    if signs.activated:
        return list(signs.activated)[: naming.MOST_CALLED]
    return await _present(session, heard)


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
