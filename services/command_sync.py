"""Which commands Discord knows, so that a restart does not send them again."""

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from db.models import SyncedCommands
from db.session import Sessions


class CommandSyncService:
    """Remembers a digest of the commands that were last sent to Discord, by application."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def is_current(self, application_id: int, digest: str) -> bool:
        """Whether these are the commands that Discord knows."""
        async with self._sessions() as session:
            synced = await session.get(SyncedCommands, application_id)
            return synced is not None and synced.digest == digest

    async def save(self, application_id: int, digest: str) -> None:
        """Remember that these commands were sent."""
        async with self._sessions.begin() as session:
            await session.execute(
                insert(SyncedCommands)
                .values(application_id=application_id, digest=digest)
                .on_conflict_do_update(
                    index_elements=["application_id"],
                    set_={"digest": digest, "synced_at": func.now()},
                )
            )
