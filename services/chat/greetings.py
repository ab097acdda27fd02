"""First words: what a personality says when it comes into a channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ConversationLine, Personality, Role
from services.chat.ports import Page
from services.llm import estimate
from services.macros import Macros
from services.personalities import macro_values
from services.texts import shorten
from services.types import Channel

GREETING = "greeting"  # of the provenance of a line: which of the first messages it is
_MAX_LENGTH = 6000  # characters of first words that are said; three messages


@dataclass(frozen=True)
class Greeting:
    """First words, and which of how many they are."""

    text: str
    page: Page


def openings(personality: Personality, *, in_server: bool) -> Sequence[str]:
    """Return the first messages that a personality may say; those of groups only in servers."""
    others = personality.group_greetings if in_server else []
    texts = [personality.first_message, *personality.alternate_greetings, *others]
    return [text for text in texts if text]


def render(
    personality: Personality, channel: Channel, *, index: int, user: str, now: datetime
) -> Greeting | None:
    """Return first words as they are said, or None if a personality has none."""
    texts = openings(personality, in_server=channel.guild_id is not None)
    if not texts:
        return None
    index = min(max(index, 0), len(texts) - 1)
    values = macro_values(
        personality,
        now=now,
        user=user,
        seed=f"{personality.id}:{channel.channel_id}",
    )
    text = shorten(Macros(values).expand(texts[index]).strip(), _MAX_LENGTH)
    return Greeting(text, Page(index, len(texts))) if text else None


def greeting_line(
    channel: Channel,
    personality: Personality,
    greeting: Greeting,
    *,
    user_id: UUID,
    line_id: UUID,
    message_ids: Sequence[int],
) -> ConversationLine:
    """Return the history line of first words that were said."""
    line = unsent_line(channel, personality, greeting, user_id=user_id)
    line.id, line.discord_message_ids = line_id, list(message_ids)
    return line


def unsent_line(
    channel: Channel, personality: Personality, greeting: Greeting, *, user_id: UUID
) -> ConversationLine:
    """Return the history line of first words that are not said yet."""
    return ConversationLine(
        channel_id=channel.channel_id,
        position=0,
        guild_id=channel.guild_id,
        role=Role.ASSISTANT,
        personality_id=personality.id,
        user_id=user_id,
        speaker_name=personality.name,
        content=greeting.text,
        token_count=estimate(greeting.text),
        provenance={GREETING: greeting.page.index},
    )


async def has_spoken(session: AsyncSession, channel_id: int, personality_id: UUID) -> bool:
    """Whether a personality has said something in the conversation of a channel."""
    spoken = exists().where(
        ConversationLine.channel_id == channel_id,
        ConversationLine.personality_id == personality_id,
        ConversationLine.role == Role.ASSISTANT,
        ConversationLine.deleted_at.is_(None),
    )
    return bool(await session.scalar(select(spoken)))
