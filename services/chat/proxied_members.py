"""Members that a proxy bot speaks for, and the accounts of their people."""

from db.retry import retry_on_disconnect
from db.session import Sessions
from services.people import get_or_create_user
from services.types import Actor, IncomingMessage


class ProxiedMembers:
    """Stores whose account a proxied member is, so that its person can export and delete it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._known: set[int] = set()

    async def link(self, message: IncomingMessage) -> None:
        """Store whose account the author of a message is, if it is a proxied member."""
        if message.account_id is None or message.author_id in self._known:
            return
        member = Actor(
            discord_id=message.author_id, name=message.author_name, account_id=message.account_id
        )

        async def store() -> None:
            async with self._sessions.begin() as session:
                await get_or_create_user(session, member)

        await retry_on_disconnect(store)
        self._known.add(message.author_id)

    def forget(self) -> None:
        """Store everybody again who says something."""
        self._known.clear()
