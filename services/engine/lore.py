"""What personalities know on boards: lore of the board, of its server, and their own."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Personality
from services.engine.types import ActContext
from services.lore import LoreContext, LoreLibrary, LorePlace
from services.macros import Macros
from services.personalities import macro_values

_BUDGET = 500  # estimated tokens, beside a definition of at most 900
_MAX_TEXTS = 6


async def search_lore(
    session: AsyncSession,
    library: LoreLibrary,
    personality: Personality,
    context: ActContext,
    *,
    now: datetime,
) -> tuple[str, ...]:
    """Return the lore that a board's topic and the texts of an act bring up."""
    location = context.location
    place = LorePlace(
        personality_id=personality.id,
        channel_ids=[location.channel_id, *([location.thread_id] if location.thread_id else [])],
        guild_id=location.guild_id,
    )
    books = await library.books(session, place)
    if not books:
        return ()
    texts = [each.text for each in (context.post, *context.thread, context.target) if each]
    values = macro_values(personality, now=now, user="people")
    activation = await library.search(
        books,
        LoreContext(
            messages=[context.topic, *texts[-_MAX_TEXTS:]],
            personality_name=personality.name,
            fields=values.fields,
            budget=_BUDGET,
        ),
        expand=Macros(values).expand,
    )
    return tuple(each.text for each in activation.activated)
