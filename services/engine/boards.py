"""Boards as moderators and people see them: opened, closed, set, and voted on."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActType, Board, BoardKind, BoardMember, EngineTask, Personality, Post
from db.session import Sessions
from services.chat import AgeRestricted, OptedOut, load_context
from services.clock import Clock
from services.engine import forecast, queries
from services.engine.act_queries import config_of
from services.engine.errors import (
    BoardNotFound,
    InvalidHours,
    InvalidTimeZone,
    NoBoardMembers,
    NotABoard,
    NotOnBoard,
)
from services.engine.forecast import Forecast
from services.engine.results import vote
from services.engine.rhythm import Rhythm
from services.engine.scheduler import to_task
from services.engine.types import Limits, PlannedAct
from services.errors import ModeratorsOnly
from services.llm import LanguageModels
from services.texts import clean_text
from services.types import Actor, Channel

TOPIC, TONE = 300, 200


def columns_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns of a board from what a moderator typed."""
    columns: dict[str, Any] = {
        name: changes[name]
        for name in ("kind", "acts_per_day", "daily_budget_usd", "model_votes")
        if changes.get(name) is not None
    }
    for name, limit in (("topic", TOPIC), ("tone", TONE)):
        if changes.get(name) is not None:
            columns[name] = clean_text(changes[name], field=name, limit=limit)
    if (hours := changes.get("quiet")) is not None:
        columns["quiet_from"], columns["quiet_until"] = _hours(hours)
    if (zone := changes.get("time_zone")) is not None:
        try:
            columns["time_zone"] = ZoneInfo(zone).key
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidTimeZone(zone) from error
    return columns


def _hours(text: str) -> tuple[time | None, time | None]:
    """Read `23:00-07:00`; `never` is none at all."""
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
    """Let somebody act on a board, or no longer."""
    if (new := changes.get("add")) is not None:
        if new.age_restricted and not board.age_restricted:
            raise AgeRestricted(new.name)
        await add_members(session, board.id, [new])
    if (name := changes.get("remove")) is not None:
        old = await queries.member_named(session, board.id, name)
        if old is None:
            raise NotOnBoard(name)
        gone = BoardMember.board_id == board.id, BoardMember.personality_id == old.id
        await session.execute(delete(BoardMember).where(*gone))


async def add_members(
    session: AsyncSession, board_id: UUID, members: Sequence[Personality]
) -> None:
    """Let these act on a board, whoever else does."""
    for each in members:
        await session.execute(
            insert(BoardMember)
            .values(board_id=board_id, personality_id=each.id)
            .on_conflict_do_nothing()
        )


_BEST = 10


@dataclass(frozen=True, kw_only=True)
class BoardDetails:
    """A board with those who may act on it."""

    board: Board
    members: Sequence[Personality]


class BoardService:
    """Which channels are boards, for whom, and within which limits."""

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
        """Return what a board with these personalities would do and cost a day.

        Raises:
            ModeratorsOnly: The actor may not open boards.
            NobodyOnBoard: There is nobody.
        """
        _require_moderator(actor)
        if not members:
            raise NoBoardMembers
        async with self._sessions() as session:
            config = await config_of(session, members[0].id)
        model = self._models.resolve(config.model) if config else None
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
        place: Channel,
        members: Sequence[Personality],
        *,
        is_forum: bool,
        kind: BoardKind = BoardKind.STAGE,
        topic: str = "",
        tone: str = "",
    ) -> BoardDetails:
        """Let personalities act by themselves in a channel; who was there before stays.

        Raises:
            AgeRestricted: One of them may not speak there.
            ModeratorsOnly: The actor may not decide that.
            NobodyOnBoard: There is nobody.
            NotABoard: It is a DM or a thread.
        """
        _require_moderator(actor)
        if place.guild_id is None or place.parent_id is not None:
            raise NotABoard
        for each in members:
            if each.age_restricted and not place.age_restricted:
                raise AgeRestricted(each.name)
        values: dict[str, Any] = {
            "guild_id": place.guild_id,
            "is_forum": is_forum,
            "age_restricted": place.age_restricted,
            "kind": kind,
            "topic": clean_text(topic, field="topic", limit=TOPIC),
            "tone": clean_text(tone, field="tone", limit=TONE),
            "opened_by": actor.discord_id,
        }
        # A board that is opened again begins as the forecast says, but for what it is about.
        kept = {name for name in ("topic", "tone") if not values[name]}
        again = {name: value for name, value in values.items() if name not in kept}
        again |= {"closed_at": None, "closed_why": None, "daily_budget_usd": 1, "acts_per_day": 40}
        async with self._sessions.begin() as session:
            statement = insert(Board).values(channel_id=place.channel_id, **values)
            await session.execute(
                statement.on_conflict_do_update(index_elements=["channel_id"], set_=again)
            )
            await add_members(session, (await _of(session, place.channel_id)).id, members)
            sheet = await _details(session, place.channel_id)
            if not sheet.members:
                raise NoBoardMembers
            if kind == BoardKind.STAGE:
                session.add(self._first_post(sheet))
            return sheet

    def _first_post(self, sheet: BoardDetails) -> EngineTask:
        """Let whoever is likeliest to be there begin, so that there is something to answer."""
        now = self._clock.now()
        first = max(sheet.members, key=lambda each: self._rhythm.presence(str(each.id), now))
        soon = now + timedelta(seconds=random.uniform(20, 240))  # noqa: S311 - no secret
        return to_task(
            PlannedAct(
                personality_id=first.id, board_id=sheet.board.id, kind=ActType.POST, at=soon
            ),
            now,
        )

    async def close(self, actor: Actor, place: Channel) -> Board:
        """End all acting in a channel, at once; what was said stays.

        Raises:
            BoardNotFound: It is no open board.
            ModeratorsOnly: The actor may not decide that.
        """
        _require_moderator(actor)
        async with self._sessions.begin() as session:
            board = (await _details(session, _board_channel_id(place))).board
            board.closed_at, board.closed_why = self._clock.now(), "closed by a moderator"
            return board

    async def close_deleted(self, *, channel_id: int = 0, guild_id: int = 0) -> None:
        """End all acting in a channel that was deleted, or in a server that we have left."""
        async with self._sessions.begin() as session:
            await session.execute(
                update(Board)
                .where(
                    (Board.channel_id == channel_id) | (Board.guild_id == guild_id),
                    Board.closed_at.is_(None),
                )
                .values(closed_at=self._clock.now(), closed_why="the channel is gone")
            )

    async def sync_channel(self, place: Channel) -> None:
        """Follow a change of a channel: what is fit for adults only is said only among them."""
        async with self._sessions.begin() as session:
            await session.execute(
                update(Board)
                .where(Board.channel_id == place.channel_id)
                .values(age_restricted=place.age_restricted)
            )

    async def update(
        self, actor: Actor, place: Channel, changes: Mapping[str, Any]
    ) -> BoardDetails:
        """Change settings of a board: columns, or `add` a personality and `remove` one by its name.

        Raises:
            BadHours: Quiet hours are no hours.
            BadTimeZone: There is no such zone.
            BoardNotFound: It is no open board.
            ModeratorsOnly: The actor may not decide that.
            NobodyOnBoard: Nobody would be left.
        """
        _require_moderator(actor)
        async with self._sessions.begin() as session:
            board = (await _details(session, _board_channel_id(place))).board
            for name, value in columns_of(changes).items():
                setattr(board, name, value)
            await update_members(session, board, changes)
            await session.flush()
            sheet = await _details(session, _board_channel_id(place))
            if not sheet.members:
                raise NoBoardMembers
            return sheet

    async def get(self, place: Channel) -> BoardDetails:
        """Return the board that a channel is, or that a thread belongs to.

        Raises:
            BoardNotFound: It is none.
        """
        async with self._sessions() as session:
            return await _details(session, _board_channel_id(place))

    async def exists(self, place: Channel) -> bool:
        """Whether a channel is a board, or once was."""
        async with self._sessions() as session:
            board = select(Board.id).where(Board.channel_id == _board_channel_id(place))
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

    async def top(self, place: Channel) -> Sequence[Post]:
        """Return a board's posts with the most votes, the best first.

        Raises:
            BoardNotFound: It is none.
        """
        async with self._sessions() as session:
            board = (await _details(session, _board_channel_id(place))).board
            found = await session.scalars(
                select(Post)
                .where(Post.board_id == board.id, Post.deleted_at.is_(None))
                .order_by((Post.ups - Post.downs).desc(), Post.created_at.desc())
                .limit(_BEST)
            )
            return found.all()

    async def vote(self, actor: Actor, post_id: UUID, value: int) -> Post:
        """Count the actor's voice; the same one again takes it back. Return the post.

        Raises:
            BoardNotFound: The post is gone.
            OptedOut: Nothing of the actor is to be kept.
        """
        async with self._sessions.begin() as session:
            me = actor.discord_id
            signs = await load_context(session, people=[me], channel_ids=[], reply_to=None)
            if me in signs.opted_out | signs.incognito:
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


def _board_channel_id(place: Channel) -> int:
    return place.parent_id or place.channel_id


async def _of(session: AsyncSession, channel_id: int) -> Board:
    board = await session.scalar(
        select(Board).where(Board.channel_id == channel_id, Board.closed_at.is_(None))
    )
    if board is None:
        raise BoardNotFound
    return board


async def _details(session: AsyncSession, channel_id: int) -> BoardDetails:
    (details,) = await _with_members(session, [await _of(session, channel_id)])
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
