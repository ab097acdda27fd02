"""Boards for moderators and users: opening, closing, settings, and votes."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActType, Board, BoardKind, BoardMember, EngineTask, Personality, Post
from db.session import Sessions
from services.access import act_payers, admit
from services.chat import AgeRestricted, load_context
from services.clock import Clock
from services.engine import forecast, queries
from services.engine.act_queries import config_of
from services.engine.errors import (
    BoardNotFound,
    InvalidHours,
    NoBoardMembers,
    NotABoard,
    NotOnBoard,
)
from services.engine.forecast import Forecast
from services.engine.results import vote
from services.engine.rhythm import Rhythm
from services.engine.scheduler import to_task
from services.engine.types import Limits, PlannedAct
from services.errors import ModeratorsOnly, OptedOut
from services.llm import LanguageModels
from services.llm_configs import restrict
from services.texts import clean_text
from services.time_zones import parse_time_zone
from services.types import Actor, Channel, Venue

MAX_TOPIC_LENGTH, MAX_TONE_LENGTH = 300, 200


def columns_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return validated columns of a board from a moderator's input.

    Raises:
        InvalidHours: The quiet hours cannot be parsed.
        UnknownTimeZone: The time zone is not known.
    """
    columns: dict[str, Any] = {
        name: changes[name]
        for name in ("kind", "acts_per_day", "daily_budget_usd", "model_votes")
        if changes.get(name) is not None
    }
    for name, limit in (("topic", MAX_TOPIC_LENGTH), ("tone", MAX_TONE_LENGTH)):
        if changes.get(name) is not None:
            columns[name] = clean_text(changes[name], field=name, limit=limit)
    if (hours := changes.get("quiet")) is not None:
        columns["quiet_from"], columns["quiet_until"] = _parse_hours(hours)
    if (zone := changes.get("time_zone")) is not None:
        columns["time_zone"] = parse_time_zone(zone).key
    return columns


def _parse_hours(text: str) -> tuple[time | None, time | None]:
    """Parse hours like `23:00-07:00`; `never` means none."""
    if text.strip().lower() in ("never", "none", "-"):
        return None, None
    try:
        begin, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError as error:
        raise InvalidHours(text) from error
    if begin == end or begin.tzinfo or end.tzinfo:
        raise InvalidHours(text)
    return begin, end


async def update_members(session: AsyncSession, board: Board, changes: Mapping[str, Any]) -> None:
    """Add or remove a member of a board, as the changes say.

    Raises:
        AgeRestricted: The new member is age-restricted and the board is not.
        NotOnBoard: The removed personality is not a member.
    """
    if (added := changes.get("add")) is not None:
        if added.age_restricted and not board.age_restricted:
            raise AgeRestricted(added.name)
        await add_members(session, board, [added])
    if (name := changes.get("remove")) is not None:
        removed = await queries.member_named(session, board.id, name)
        if removed is None:
            raise NotOnBoard(name)
        membership = BoardMember.board_id == board.id, BoardMember.personality_id == removed.id
        await session.execute(delete(BoardMember).where(*membership))


async def add_members(session: AsyncSession, board: Board, members: Sequence[Personality]) -> None:
    """Add members to a board, and let them into its server; who is a member already stays."""
    for each in members:
        await admit(session, board.guild_id, each.id, by=board.opened_by)
        await session.execute(
            insert(BoardMember)
            .values(board_id=board.id, personality_id=each.id)
            .on_conflict_do_nothing()
        )


_MAX_TOP_POSTS = 10


@dataclass(frozen=True, kw_only=True)
class BoardDetails:
    """A board with its members."""

    board: Board
    members: Sequence[Personality]


class BoardService:
    """Opens, closes and configures boards, and counts votes."""

    def __init__(
        self,
        sessions: Sessions,
        models: LanguageModels,
        rhythm: Rhythm,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._rhythm = rhythm
        self._limits = limits
        self._clock = clock

    async def forecast(self, actor: Actor, members: Sequence[Personality]) -> Forecast:
        """Return the expected acts and cost per day of a board with these members.

        Raises:
            ModeratorsOnly: The actor may not open boards.
            NoBoardMembers: There are no members.
        """
        _require_moderator(actor)
        if not members:
            raise NoBoardMembers
        async with self._sessions() as session:
            config = await config_of(session, members[0].id)
            payers = act_payers(members[0].maker_id, None)
            config = (await restrict(session, config, self._models, payers)).config
        model = self._models.resolve(config.model, payers) if config else None
        return await forecast.forecast_day(
            members,
            rhythm=self._rhythm,
            limits=self._limits,
            model=model,
            ledger=self._models.ledger,
            now=self._clock.now(),
        )

    async def open(
        self,
        actor: Actor,
        channel: Channel,
        members: Sequence[Personality],
        *,
        is_forum: bool,
        kind: BoardKind = BoardKind.STAGE,
        topic: str = "",
        tone: str = "",
    ) -> BoardDetails:
        """Open a channel as a board, or update the open board; existing members stay.

        Raises:
            AgeRestricted: A member is age-restricted and the channel is not.
            ModeratorsOnly: The actor is not a moderator.
            NoBoardMembers: There are no members.
            NotABoard: It is a DM or a thread.
        """
        _require_moderator(actor)
        if channel.guild_id is None or channel.parent_id is not None:
            raise NotABoard
        for each in members:
            if each.age_restricted and not channel.age_restricted:
                raise AgeRestricted(each.name)
        values: dict[str, Any] = {
            "guild_id": channel.guild_id,
            "is_forum": is_forum,
            "age_restricted": channel.age_restricted,
            "is_public": channel.venue == Venue.PUBLIC,
            "kind": kind,
            "topic": clean_text(topic, field="topic", limit=MAX_TOPIC_LENGTH),
            "tone": clean_text(tone, field="tone", limit=MAX_TONE_LENGTH),
            "opened_by": actor.discord_id,
        }
        # A board that is opened again starts with the defaults that the forecast assumes, but keeps
        # its topic and tone unless new ones are given.
        unchanged = {name for name in ("topic", "tone") if not values[name]}
        updates = {name: value for name, value in values.items() if name not in unchanged}
        updates |= {
            "closed_at": None,
            "closed_why": None,
            "daily_budget_usd": 1,
            "acts_per_day": 40,
        }
        async with self._sessions.begin() as session:
            statement = insert(Board).values(channel_id=channel.channel_id, **values)
            await session.execute(
                statement.on_conflict_do_update(index_elements=["channel_id"], set_=updates)
            )
            await add_members(session, await _open_board(session, channel.channel_id), members)
            details = await _details(session, channel.channel_id)
            if not details.members:
                raise NoBoardMembers
            if kind == BoardKind.STAGE:
                session.add(self._first_post(details))
            return details

    def _first_post(self, details: BoardDetails) -> EngineTask:
        """Return a task for a first post, by the member who is most likely to be present."""
        now = self._clock.now()
        author = max(details.members, key=lambda each: self._rhythm.presence(str(each.id), now))
        scheduled_at = now + timedelta(seconds=random.uniform(20, 240))  # noqa: S311 - no secret
        return to_task(
            PlannedAct(
                personality_id=author.id,
                board_id=details.board.id,
                kind=ActType.POST,
                at=scheduled_at,
            ),
            now,
        )

    async def close(self, actor: Actor, channel: Channel) -> Board:
        """Close a board immediately; its posts and comments stay.

        Raises:
            BoardNotFound: The channel is not an open board.
            ModeratorsOnly: The actor is not a moderator.
        """
        _require_moderator(actor)
        async with self._sessions.begin() as session:
            board = (await _details(session, _board_channel_id(channel))).board
            board.closed_at, board.closed_why = self._clock.now(), "closed by a moderator"
            return board

    async def close_deleted(self, *, channel_id: int = 0, guild_id: int = 0) -> None:
        """Close the boards of a deleted channel, or of a server that the bot has left."""
        async with self._sessions.begin() as session:
            await session.execute(
                update(Board)
                .where(
                    (Board.channel_id == channel_id) | (Board.guild_id == guild_id),
                    Board.closed_at.is_(None),
                )
                .values(closed_at=self._clock.now(), closed_why="the channel is gone")
            )

    async def sync_channel(self, channel: Channel) -> None:
        """Apply to a board whether its channel is age-restricted, and whether it is public."""
        is_public = channel.venue == Venue.PUBLIC
        async with self._sessions.begin() as session:
            await session.execute(
                update(Board)
                .where(Board.channel_id == channel.channel_id)
                .values(age_restricted=channel.age_restricted, is_public=is_public)
            )

    async def update(
        self, actor: Actor, channel: Channel, changes: Mapping[str, Any]
    ) -> BoardDetails:
        """Change a board's columns; `add` adds a personality, `remove` removes one by name.

        Raises:
            AgeRestricted: The new member is age-restricted and the board is not.
            BoardNotFound: The channel is not an open board.
            InvalidHours: The quiet hours cannot be parsed.
            UnknownTimeZone: The time zone is not known.
            ModeratorsOnly: The actor is not a moderator.
            NoBoardMembers: No members would be left.
            NotOnBoard: The removed personality is not a member.
        """
        _require_moderator(actor)
        async with self._sessions.begin() as session:
            board = (await _details(session, _board_channel_id(channel))).board
            for name, value in columns_of(changes).items():
                setattr(board, name, value)
            await update_members(session, board, changes)
            await session.flush()
            details = await _details(session, _board_channel_id(channel))
            if not details.members:
                raise NoBoardMembers
            return details

    async def get(self, channel: Channel) -> BoardDetails:
        """Return the board of a channel, or of a thread's channel.

        Raises:
            BoardNotFound: The channel is not an open board.
        """
        async with self._sessions() as session:
            return await _details(session, _board_channel_id(channel))

    async def exists(self, channel: Channel) -> bool:
        """Whether a channel is a board, open or closed."""
        async with self._sessions() as session:
            board = select(Board.id).where(Board.channel_id == _board_channel_id(channel))
            return await session.scalar(board) is not None

    async def all(self, guild_id: int) -> Sequence[BoardDetails]:
        """Return the open boards of a guild."""
        async with self._sessions() as session:
            boards = await session.scalars(
                select(Board)
                .where(Board.guild_id == guild_id, Board.closed_at.is_(None))
                .order_by(Board.created_at, Board.id)
            )
            return await _with_members(session, boards.all())

    async def top(self, channel: Channel) -> Sequence[Post]:
        """Return a board's posts with the highest scores, best first.

        Raises:
            BoardNotFound: The channel is not an open board.
        """
        async with self._sessions() as session:
            board = (await _details(session, _board_channel_id(channel))).board
            posts = await session.scalars(
                select(Post)
                .where(Post.board_id == board.id, Post.deleted_at.is_(None))
                .order_by((Post.ups - Post.downs).desc(), Post.created_at.desc())
                .limit(_MAX_TOP_POSTS)
            )
            return posts.all()

    async def vote(self, actor: Actor, post_id: UUID, value: int) -> Post:
        """Count the actor's vote and return the post; the same vote again removes it.

        Raises:
            BoardNotFound: The post is gone.
            OptedOut: The actor opted out or is incognito, so nothing of theirs is stored.
        """
        async with self._sessions.begin() as session:
            voter_id = actor.discord_id
            context = await load_context(session, people=[voter_id], channel_ids=[], reply_to=None)
            if voter_id in context.opted_out | context.incognito:
                raise OptedOut
            post = await session.get(Post, post_id)
            if post is None or post.deleted_at is not None:
                raise BoardNotFound
            await vote(
                session,
                post_id,
                None,
                author_id=actor.discord_id,
                value=value,
                now=self._clock.now(),
                toggles=True,
            )
            await session.refresh(post)
            return post


def _require_moderator(actor: Actor) -> None:
    if not actor.moderates:
        raise ModeratorsOnly


def _board_channel_id(channel: Channel) -> int:
    return channel.parent_id or channel.channel_id


async def _open_board(session: AsyncSession, channel_id: int) -> Board:
    board = await session.scalar(
        select(Board).where(Board.channel_id == channel_id, Board.closed_at.is_(None))
    )
    if board is None:
        raise BoardNotFound
    return board


async def _details(session: AsyncSession, channel_id: int) -> BoardDetails:
    (details,) = await _with_members(session, [await _open_board(session, channel_id)])
    return details


async def _with_members(session: AsyncSession, boards: Sequence[Board]) -> Sequence[BoardDetails]:
    rows = await session.execute(
        select(BoardMember.board_id, Personality)
        .join(BoardMember, BoardMember.personality_id == Personality.id)
        .where(
            BoardMember.board_id.in_([board.id for board in boards]),
            Personality.deleted_at.is_(None),
        )
        .order_by(func.lower(Personality.name))
    )
    members: dict[UUID, list[Personality]] = {board.id: [] for board in boards}
    for board_id, personality in rows:
        members[board_id].append(personality)
    return [BoardDetails(board=board, members=members[board.id]) for board in boards]
