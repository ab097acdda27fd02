"""Import of the database of the previous bot."""

from sqlalchemy import text

from db.session import Sessions
from services.embeddings import TextEmbedder, text_embedder
from services.images import ImagePipeline
from services.legacy.avatars import move_avatars
from services.legacy.configs import move_configs, move_prompts
from services.legacy.conversations import move_lines
from services.legacy.memories import move_memories
from services.legacy.migration import Migration
from services.legacy.people import move_default_personas, move_personas, move_users
from services.legacy.personalities import (
    move_aliases,
    move_channels,
    move_choices,
    move_default_configs,
    move_owners,
    move_personalities,
)
from services.legacy.report import ImportReport
from services.legacy.source import open_legacy
from services.types import Actor

# Blocks concurrent writes, so that names and positions stay unique; readers do not wait.
_LOCK_TABLES = text(
    "LOCK TABLE users, personas, user_default_personas, system_prompts, llm_configs, "
    "personalities, personality_aliases, personality_owners, personality_default_configs, "
    "user_personality_configs, activated_channels, optouts, conversation_history, "
    "memories "
    "IN SHARE ROW EXCLUSIVE MODE"
)


async def import_legacy(
    old_url: str,
    sessions: Sessions,
    *,
    admin_discord_id: int,
    admin_name: str,
    embedder: TextEmbedder | None = None,
    pipeline: ImagePipeline | None = None,
) -> ImportReport:
    """Import everything from a database with the old schema, in one transaction.

    Memories are embedded anew with `embedder`; pictures are stored with `pipeline` if there is one.
    Rows keep their ids, so that rows imported earlier are left as they are now; rows deleted here
    since are imported again. Personas without an owner are assigned to the admin.

    Raises:
        LegacyShapeUnknown: The old database lacks required tables or columns.
        LegacyUnreachable: It cannot be opened.
        StorageUnavailable, StorageMisconfigured: A picture could not be stored.
    """
    admin = Actor(discord_id=admin_discord_id, name=admin_name)
    async with open_legacy(old_url) as source, sessions.begin() as session:
        await session.execute(_LOCK_TABLES)
        migration = Migration(source=source, session=session)
        users = await source.rows("users")
        choices = await source.rows("user_personality_settings")
        await move_users(migration, users)
        await move_personas(migration, users, choices, admin)
        await move_default_personas(migration, users)
        await move_prompts(migration)
        await move_configs(migration)
        await move_personalities(migration)
        await move_default_configs(migration)
        await move_avatars(migration, pipeline)
        await move_aliases(migration)
        await move_owners(migration)
        await move_choices(migration, choices)
        await move_channels(migration)
        await move_lines(migration)
        await move_memories(migration, embedder or text_embedder(lazily=True))
        for note in await source.unread():
            migration.report.skip(note)
        return migration.report.build(source.absent())
