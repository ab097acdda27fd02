"""Moving in from the database that was before."""

from sqlalchemy import text

from db.session import Sessions
from services.legacy.configs import move_configs, move_prompts
from services.legacy.lines import move_lines
from services.legacy.migration import Migration
from services.legacy.people import move_default_personas, move_personas, move_users
from services.legacy.personalities import (
    move_channels,
    move_choices,
    move_default_configs,
    move_owners,
    move_personalities,
)
from services.legacy.report import ImportReport
from services.legacy.source import opened
from services.types import Actor

# Nobody else gives a name or a position while we do; whoever only reads does not wait.
_ALONE = text(
    "LOCK TABLE users, personas, user_default_personas, system_prompts, llm_configs, "
    "personalities, personality_aliases, personality_owners, personality_default_configs, "
    "user_personality_configs, activated_channels, optouts, conversation_history "
    "IN SHARE ROW EXCLUSIVE MODE"
)


async def import_legacy(
    old_url: str, sessions: Sessions, *, admin_discord_id: int, admin_name: str
) -> ImportReport:
    """Bring everything over from a database of the old shape: all of it or nothing.

    Rows keep their ids, so that whatever came over before is left as it is now; what was deleted
    here since comes back. Personas that are nobody's become the admin's.

    Raises:
        LegacyShapeUnknown: The old database lacks what it cannot be read without.
        LegacyUnreachable: It cannot be opened.
    """
    admin = Actor(discord_id=admin_discord_id, name=admin_name)
    async with opened(old_url) as source, sessions.begin() as session:
        await session.execute(_ALONE)
        move = Migration(source=source, session=session)
        users = await source.rows("users")
        choices = await source.rows("user_personality_settings")
        await move_users(move, users)
        await move_personas(move, users, choices, admin)
        await move_default_personas(move, users)
        await move_prompts(move)
        await move_configs(move)
        await move_personalities(move)
        await move_default_configs(move)
        await move_owners(move)
        await move_choices(move, choices)
        await move_channels(move)
        await move_lines(move)
        return move.tally.report(source.absent())
