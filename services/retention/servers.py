"""Servers that the bot is in, and what is deleted when it has left one."""

from collections.abc import Callable, Collection
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    ActivatedChannel,
    Admission,
    ApiKey,
    AuditEntry,
    Block,
    Board,
    ChannelSettings,
    ConversationLine,
    EngineTask,
    JobStep,
    LlmCall,
    Lorebook,
    LoreTimer,
    Memory,
    OpenAnswer,
    Post,
    ServerPolicy,
)

# What was said in a server is deleted so long after the bot has left it.
LEFT_DAYS = 30


async def reconcile_servers(
    session: AsyncSession, present: Collection[int], owns: Callable[[int], bool]
) -> None:
    """Note which servers the bot is in, and which of those that `owns` accepts it has left."""
    known = (
        await session.scalars(select(ServerPolicy.guild_id).where(ServerPolicy.left_at.is_(None)))
    ).all()
    left = [guild_id for guild_id in known if owns(guild_id) and guild_id not in present]
    await session.execute(
        update(ServerPolicy).where(ServerPolicy.guild_id.in_(left)).values(left_at=func.now())
    )
    if present:
        await session.execute(
            insert(ServerPolicy)
            .values([{"guild_id": guild_id} for guild_id in sorted(present)])
            .on_conflict_do_update(
                index_elements=["guild_id"],
                set_={"left_at": None},
                where=ServerPolicy.left_at.is_not(None),
            )
        )


async def forget_server(session: AsyncSession, guild_id: int) -> int:
    """Delete what was said in a server, and what is remembered of it; return how many rows."""
    boards = select(Board.id).where(Board.guild_id == guild_id)
    # In the order in which the engine locks them.
    tasks = select(EngineTask.job_id).where(EngineTask.board_id.in_(boards))
    await session.execute(tasks.order_by(EngineTask.id).with_for_update())
    # The steps of these jobs contain answers of models; unfinished ones end without a message.
    await session.execute(delete(JobStep).where(JobStep.job_id.in_(tasks)))
    count = 0
    channels = select(ConversationLine.channel_id).where(ConversationLine.guild_id == guild_id)
    await session.execute(delete(LoreTimer).where(LoreTimer.channel_id.in_(channels)))
    for statement in (
        delete(Memory).where(Memory.guild_id == guild_id).returning(Memory.id),
        delete(ConversationLine)
        .where(ConversationLine.guild_id == guild_id)
        .returning(ConversationLine.id),
        delete(Post).where(Post.board_id.in_(boards)).returning(Post.id),
    ):
        count += len((await session.scalars(statement)).all())
    await session.execute(delete(OpenAnswer).where(OpenAnswer.guild_id == guild_id))
    # What was said before is not read from Discord again.
    now = func.clock_timestamp()
    await session.execute(
        insert(ServerPolicy)
        .values(guild_id=guild_id, forgotten_at=now)
        .on_conflict_do_update(index_elements=["guild_id"], set_={"forgotten_at": now})
    )
    return count


async def forget_left_server(session: AsyncSession) -> bool:
    """Delete all that is kept of a server that the bot has left long ago, if there is one."""
    guild_id = await session.scalar(
        select(ServerPolicy.guild_id)
        .where(ServerPolicy.left_at < func.now() - timedelta(days=LEFT_DAYS))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if guild_id is None:
        return False
    await forget_server(session, guild_id)
    for table in (
        *(
            Board,
            ActivatedChannel,
            ChannelSettings,
            Admission,
            Block,
            ApiKey,
            AuditEntry,
            Lorebook,
            ServerPolicy,
        ),
    ):
        await session.execute(delete(table).where(table.guild_id == guild_id))
    calls = update(LlmCall).where(LlmCall.guild_id == guild_id).values(guild_id=None)
    await session.execute(calls)
    return True
