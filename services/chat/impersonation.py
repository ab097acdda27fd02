"""Names of personalities that members of a server could be mistaken for."""

from collections.abc import Awaitable, Callable, Iterable

from db.models import Personality
from db.session import Sessions
from services.errors import NameImpersonates
from services.personalities import owner_ids


async def refuse_impersonation(
    sessions: Sessions,
    personality: Personality,
    namesakes: Callable[[str], Awaitable[frozenset[int]]],
    also: Iterable[str] = (),
) -> None:
    """Refuse a personality whose name is that of a member who does not own it.

    `namesakes` returns the members and roles whose name looks like one; `also` are other names
    that it is called by.

    Raises:
        NameImpersonates: It has such a name.
    """
    for name in {personality.display_name or personality.name, *filter(None, also)}:
        members = await namesakes(name)
        if not members:
            continue
        async with sessions() as session:
            owners = await owner_ids(session, personality.id)
        # Those that come with the bot are nobody's.
        if owners and members - owners:
            raise NameImpersonates(name)
