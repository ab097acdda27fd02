"""Which servers the bot is in, and forgetting one at once."""

from collections.abc import Callable, Collection

from db.session import Sessions
from services.access import log_action
from services.errors import ModeratorsOnly
from services.retention import servers, sweeping
from services.types import Actor


class RetentionService:
    """Forgets servers, by their moderators or because the bot has left."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def enqueue(self) -> None:
        """Enqueue the deletion of what is old."""
        async with self._sessions.begin() as session:
            await sweeping.enqueue_retention(session)

    async def note_servers(
        self, present: Collection[int], owns: Callable[[int], bool] = lambda _: False
    ) -> None:
        """Note which servers the bot is in; it has left others that `owns` accepts."""
        async with self._sessions.begin() as session:
            await servers.reconcile_servers(session, present, owns)

    async def note_left(self, guild_id: int) -> None:
        """Note that the bot has left a server: what was said there is deleted later."""
        await self.note_servers((), lambda known: known == guild_id)

    async def forget_server(self, actor: Actor, guild_id: int) -> int:
        """Delete what was said in a server, and what is remembered of it; return how many rows.

        Raises:
            ModeratorsOnly: The actor does not manage the server.
        """
        if not actor.manages_server:
            raise ModeratorsOnly("Manage Server")
        async with self._sessions.begin() as session:
            count = await servers.forget_server(session, guild_id)
            log_action(session, actor, "forgot", f"{count} rows", guild_id=guild_id)
            return count
