"""Telling makers that a member now has the name of their personality."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from db.models import Personality, PersonalityOwner, User
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.access import is_notice_due
from services.errors import NotificationFailed
from services.notifications import Notice, Notifier

log = logging.getLogger(__name__)

_INTERVAL = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class NameTaken(Notice):
    """A member or role of a server has a name of a personality, which is silent there now."""

    personality: str
    name: str
    guild_id: int


async def tell_owners(
    sessions: Sessions, notifier: Notifier, personality_id: UUID, name: str, guild_id: int
) -> None:
    """Tell the owners of a personality, once a week and server, that somebody has its name."""

    async def find() -> tuple[str | None, list[int]]:
        async with sessions.begin() as session:
            personality = await session.scalar(
                select(Personality.name).where(Personality.id == personality_id)
            )
            account = func.coalesce(User.account_id, User.discord_id)
            owners = await session.scalars(
                select(account)
                .join(PersonalityOwner, PersonalityOwner.user_id == User.id)
                .where(PersonalityOwner.personality_id == personality_id)
            )
            topic = f"name taken {guild_id} {personality_id}"
            due = [
                each
                for each in owners.all()
                if await is_notice_due(session, each, topic, every=_INTERVAL)
            ]
            return personality, due

    personality, due = await retry_on_disconnect(find)
    notice = NameTaken(personality=personality or name, name=name, guild_id=guild_id)
    for account_id in due:
        try:
            await notifier.send_dm(account_id, notice)
        except NotificationFailed:
            log.info("An owner cannot be told now that a member has the name of a personality")
