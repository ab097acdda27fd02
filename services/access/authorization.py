"""The one place that lets a paid call be made: whoever may make it becomes its `Caller`."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality, User
from services.access.errors import AccessDenied
from services.access.types import Caller
from services.access.verdicts import Situation, Verdict, person_verdict, personality_verdict


async def authorize(
    session: AsyncSession,
    purpose: str,
    *,
    user: User | None = None,
    personality_id: UUID | None = None,
    situation: Situation | None = None,
) -> Caller:
    """Let somebody make paid calls; `user` is None for what a personality does by itself.

    Raises:
        AccessDenied: A rule of the operator, the server or the maker forbids it.
    """
    where = situation or (Situation.of_user(user) if user else Situation())
    found = None
    columns = (personality_verdict(where), Personality.name, Personality.maker_id)
    if personality_id is not None:
        row = await session.execute(select(*columns).where(Personality.id == personality_id))
        found = row.one_or_none()
    # Of a personality that is gone, the rules about the person still hold.
    verdict, name, maker_id = found or (
        await session.scalar(select(person_verdict(where))),
        "",
        None,
    )
    return permit(
        purpose,
        Verdict.parse(verdict),
        user=user,
        personality_id=personality_id,
        name=name,
        guild_id=where.guild_id,
        maker_id=maker_id,
    )


def permit(
    purpose: str,
    verdict: Verdict | None = None,
    *,
    user: User | None = None,
    personality_id: UUID | None = None,
    name: str = "",
    guild_id: int | None = None,
    maker_id: UUID | None = None,
) -> Caller:
    """Return the caller whom a verdict that was read with other things lets through.

    Raises:
        AccessDenied: The verdict forbids it.
    """
    if verdict is not None:
        raise AccessDenied(verdict.reason, name)
    return Caller(
        purpose=purpose,
        user_id=user.id if user else None,
        account_id=(user.account_id or user.discord_id) if user else None,
        personality_id=personality_id,
        maker_id=None if user else maker_id,
        guild_id=guild_id,
    )
