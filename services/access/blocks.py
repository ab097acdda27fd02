"""Blocks and mutes: of the operator, of a server's moderators, and of makers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Block, BlockLevel, BlockTarget, Personality, User
from db.session import Sessions
from services.access.audit import log_action
from services.access.errors import BlockNotFound, CannotBlock, NotAMaker
from services.errors import BotOwnerOnly, ModeratorsOnly
from services.texts import clean_optional
from services.types import Actor

_MAX_NOTE = 200


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is blocked: a Discord id, or a personality; `name` is for the log."""

    kind: BlockTarget
    name: str
    id: int | None = None
    personality_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ListedBlock:
    """A block, with the name of the personality that it is about."""

    block: Block
    personality: str | None


# What can be blocked at which level.
_TARGETS = {
    BlockLevel.OPERATOR: {BlockTarget.USER, BlockTarget.SERVER},
    BlockLevel.SERVER: {
        BlockTarget.USER,
        BlockTarget.ROLE,
        BlockTarget.CHANNEL,
        BlockTarget.PERSONALITY,
    },
    BlockLevel.MAKER: {BlockTarget.USER},
}


class BlockService:
    """Adds, removes and lists blocks."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def add(
        self,
        actor: Actor,
        level: BlockLevel,
        target: Target,
        *,
        guild_id: int | None = None,
        protected: Collection[int] = (),
        is_mute: bool = False,
        duration: timedelta | None = None,
        note: str | None = None,
    ) -> Block:
        """Block or mute something; an earlier block of it at this level is replaced.

        `protected` are accounts that nobody below the operator may block: the operator, and in a
        server its moderators.

        Raises:
            BotOwnerOnly, ModeratorsOnly, NotAMaker: The actor may not block at this level.
            CannotBlock: It is the actor, somebody protected, or nothing for this level.
            TextTooLong: The note is too long.
        """
        if target.kind not in _TARGETS[level] or target.id == actor.discord_id:
            raise CannotBlock(target.name)
        if target.kind == BlockTarget.USER and target.id in protected:
            raise CannotBlock(target.name)
        note = clean_optional(note, field="note", limit=_MAX_NOTE)
        async with self._sessions.begin() as session:
            key = await self._key(session, actor, level, guild_id)
            values = {
                **key,
                "target": target.kind,
                "target_id": target.id,
                "personality_id": target.personality_id,
            }
            changes = {
                "is_mute": is_mute,
                "ends_at": func.now() + duration if duration else None,
                "note": note,
                "created_by": actor.discord_id,
                "created_at": func.now(),
            }
            block = await session.scalar(
                insert(Block)
                .values(**values, **changes)
                .on_conflict_do_update(index_elements=_KEY_COLUMNS, set_=changes)
                .returning(Block)
                .execution_options(populate_existing=True)
            )
            if block is None:
                raise BlockNotFound
            action = "muted" if is_mute else "blocked"
            log_action(session, actor, action, f"{target.kind} {target.name}", guild_id=guild_id)
            return block

    async def remove(
        self, actor: Actor, level: BlockLevel, target: Target, *, guild_id: int | None = None
    ) -> None:
        """Lift a block.

        Raises:
            BlockNotFound: There is none such.
            BotOwnerOnly, ModeratorsOnly, NotAMaker: The actor may not block at this level.
        """
        async with self._sessions.begin() as session:
            key = await self._key(session, actor, level, guild_id)
            removed = await session.execute(
                delete(Block)
                .where(
                    *(getattr(Block, column).is_not_distinct_from(v) for column, v in key.items()),
                    Block.target == target.kind,
                    Block.target_id.is_not_distinct_from(target.id),
                    Block.personality_id.is_not_distinct_from(target.personality_id),
                )
                .returning(Block.id)
            )
            if removed.first() is None:
                raise BlockNotFound
            log_action(
                session, actor, "unblocked", f"{target.kind} {target.name}", guild_id=guild_id
            )

    async def list_blocks(
        self, actor: Actor, *, guild_id: int | None = None
    ) -> Sequence[ListedBlock]:
        """Return the blocks that the actor has a say in or that concern them, the newest first.

        The operator sees those of the operator, moderators those of their server, everyone those
        of their own and those against them, without the notes of others.
        """
        async with self._sessions() as session:
            maker_id = await _user_id(session, actor)
            rows = await session.execute(_visible_blocks(actor, maker_id, guild_id))
            return [ListedBlock(block=block, personality=name) for block, name in rows]

    async def _key(
        self, session: AsyncSession, actor: Actor, level: BlockLevel, guild_id: int | None
    ) -> dict[str, object]:
        """Return the columns of a block at a level, if the actor may block there."""
        maker_id: UUID | None = None
        match level:
            case BlockLevel.OPERATOR:
                if not actor.is_bot_owner:
                    raise BotOwnerOnly
            case BlockLevel.SERVER:
                if guild_id is None or not actor.moderates_server:
                    raise ModeratorsOnly
            case BlockLevel.MAKER:
                maker_id = await _user_id(session, actor)
                if maker_id is None:
                    raise NotAMaker
        is_server = level == BlockLevel.SERVER
        return {
            "level": level,
            "guild_id": guild_id if is_server else None,
            "maker_id": maker_id,
        }


_KEY_COLUMNS = ("level", "guild_id", "maker_id", "target", "target_id", "personality_id")


async def _user_id(session: AsyncSession, actor: Actor) -> UUID | None:
    return await session.scalar(select(User.id).where(User.discord_id == actor.discord_id))


def _visible_blocks(actor: Actor, maker_id: UUID | None, guild_id: int | None) -> Select[Any, Any]:
    seen = [
        and_(Block.level == BlockLevel.MAKER, Block.maker_id == maker_id),
        and_(Block.target == BlockTarget.USER, Block.target_id == actor.discord_id),
    ]
    if actor.is_bot_owner:
        seen.append(Block.level == BlockLevel.OPERATOR)
    if guild_id is not None and actor.moderates_server:
        seen.append(and_(Block.level == BlockLevel.SERVER, Block.guild_id == guild_id))
    return (
        select(Block, Personality.name)
        .outerjoin(Personality, Personality.id == Block.personality_id)
        .where(or_(*seen), or_(Block.ends_at.is_(None), Block.ends_at > func.now()))
        .order_by(Block.created_at.desc())
    )
