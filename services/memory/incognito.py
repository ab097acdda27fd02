"""Incognito mode, in which nothing of a user is stored, and its end."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import User
from db.session import Sessions
from services.jobs import Handler, Payload, Run, enqueue


class IncognitoJob(Payload):
    """The incognito mode of a user is to end."""

    kind: ClassVar[str] = "incognito mode"

    user_id: UUID


class IncognitoHandler(Handler[IncognitoJob]):
    """Ends incognito mode at its time, unless another was chosen meanwhile."""

    payload_type = IncognitoJob
    max_attempts: ClassVar[int] = 100_000

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    @override
    async def run(self, run: Run[IncognitoJob]) -> None:
        async with run.final_transaction() as session:
            user = await session.get(User, run.payload.user_id, with_for_update=True)
            if user is None or not user.incognito or user.incognito_until is None:
                return
            now = await session.scalar(func.now())
            if now is not None and user.incognito_until <= now:
                end_incognito(user, now)


async def begin_incognito(session: AsyncSession, user: User, until: datetime | None) -> None:
    """Store nothing of a user from now on, for ever or until some time."""
    user.incognito, user.incognito_until = True, until
    if until is not None:
        key = f"incognito:{user.id}"
        await enqueue(
            session, IncognitoJob(user_id=user.id), due=until, lock_key=key, replacing=True
        )


def end_incognito(user: User, now: datetime) -> None:
    """Store what a user says from now on."""
    user.incognito, user.incognito_until = False, None
    # Messages before this moment must not be picked up later.
    user.incognito_ended_at = now
