"""Queries about one act: its records, the policy's input, and the context for its text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    ActType,
    Board,
    BoardKind,
    BoardMember,
    Comment,
    EngineAct,
    EngineTask,
    LlmConfig,
    Personality,
    PersonalityDefaultConfig,
    PersonalityVersion,
    Post,
    TaskStatus,
    Venue,
)
from services.access import Caller, Payer, Situation, act_payers, authorize, keeps_memories
from services.engine.actions import ACTIONS, COMMENTS, POSTS
from services.engine.policy import GUEST_WINDOW, PolicyInput
from services.engine.types import BoardLocation, BoardMessage
from services.memory import public_talk
from services.personalities import apply_published_version
from services.types import Channel

_MAX_OWN_TEXTS, _MAX_BOARD_TEXTS, _MAX_THREAD_MESSAGES = 200, 50, 12
# What people told a personality lately may colour what it writes.
_HEARD_SINCE, _MAX_HEARD = timedelta(days=3), 3
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class ActRecords:
    """The rows of an act; post and comment may be soft-deleted."""

    task: EngineTask
    board: Board
    personality: Personality | None
    config: LlmConfig | None
    is_member: bool
    post: Post | None
    comment: Comment | None
    keyed: frozenset[str] = frozenset()

    @property
    def payers(self) -> Sequence[Payer]:
        """Return who may have brought a key for what the personality does by itself."""
        maker_id = self.personality.maker_id if self.personality else None
        return act_payers(maker_id, self.board.guild_id)

    @property
    def target(self) -> Post | Comment | None:
        """Return the comment or post that it acts on, unless that was deleted."""
        if self.post is None or self.post.deleted_at is not None:
            return None
        if self.task.comment_id is None:
            return self.post
        return self.comment if self.comment and self.comment.deleted_at is None else None


async def load_records(session: AsyncSession, task_id: UUID) -> ActRecords | None:
    """Return the records of a task, with its board locked so that budgets and caps hold."""
    task = await session.get(EngineTask, task_id, with_for_update=True, populate_existing=True)
    if task is None:
        return None
    board = await session.get_one(
        Board, task.board_id, with_for_update=True, populate_existing=True
    )
    personality = await session.get(Personality, task.personality_id)
    if personality is not None and personality.deleted_at is not None:
        personality = None
    member = await session.get(BoardMember, (task.board_id, task.personality_id))
    is_allowed = personality is not None and (
        board.age_restricted or not personality.age_restricted
    )
    post = await session.get(Post, task.post_id) if task.post_id else None
    comment = await session.get(Comment, task.comment_id) if task.comment_id else None
    return ActRecords(
        task=task,
        board=board,
        personality=personality,
        config=await config_of(session, task.personality_id),
        is_member=member is not None and is_allowed,
        post=post,
        comment=comment,
    )


async def authorize_act(session: AsyncSession, records: ActRecords) -> Caller:
    """Return the caller of an act, which a personality does by itself on its board.

    Raises:
        AccessDenied: The operator or the server's moderators forbid it.
    """
    board = records.board
    channel = Channel(
        channel_id=board.channel_id,
        guild_id=board.guild_id,
        venue=Venue.PUBLIC,
        age_restricted=board.age_restricted,
    )
    return await authorize(
        session,
        f"engine {records.task.task_type}",
        personality_id=records.task.personality_id,
        situation=Situation(channel=channel),
    )


async def config_of(session: AsyncSession, personality_id: UUID) -> LlmConfig | None:
    """Return the model configuration of a personality where no user's choice applies."""
    own = select(PersonalityDefaultConfig.llm_config_id).where(
        PersonalityDefaultConfig.personality_id == personality_id
    )
    return await session.scalar(
        select(LlmConfig)
        .where(LlmConfig.is_default | (LlmConfig.id == own.scalar_subquery()))
        .order_by(LlmConfig.is_default)
        .limit(1)
    )


async def load_policy_input(
    session: AsyncSession, records: ActRecords, now: datetime, *, is_quiet: bool, needs_usd: float
) -> PolicyInput:
    """Return what the policy decides an act by."""
    task, board, kind = records.task, records.board, ActType(records.task.task_type)
    target = records.target
    own_tasks = select(func.count()).where(
        EngineTask.personality_id == task.personality_id,
        EngineTask.id != task.id,
        EngineTask.status.in_((TaskStatus.DONE, TaskStatus.RUNNING)),
    )
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    board_tasks = select(func.count(), func.coalesce(func.sum(EngineTask.cost_usd), 0)).where(
        EngineTask.board_id == board.id,
        EngineTask.id != task.id,
        EngineTask.started_at >= today,
        EngineTask.status != TaskStatus.SKIPPED,
    )
    board_acts, _ = (await session.execute(board_tasks)).one()
    # The cost of skipped tasks counts as well.
    spent = await session.scalar(
        select(func.coalesce(func.sum(EngineTask.cost_usd), 0)).where(
            EngineTask.board_id == board.id,
            EngineTask.id != task.id,
            EngineTask.started_at >= today,
        )
    )
    same_acts = select(func.count()).where(
        EngineAct.personality_id == task.personality_id,
        EngineAct.action_type == ACTIONS[kind].action_type,
        EngineAct.comment_id == task.comment_id
        if task.comment_id
        else EngineAct.post_id == task.post_id,
    )
    replies = select(func.count()).where(
        Comment.post_id == task.post_id, Comment.deleted_at.is_(None)
    )
    # Comments of running tasks count as sent.
    running_comments = select(func.count()).where(
        EngineTask.board_id == board.id,
        EngineTask.id != task.id,
        EngineTask.status == TaskStatus.RUNNING,
        EngineTask.task_type.in_(COMMENTS),
    )
    in_thread = (
        await session.scalar(running_comments.where(EngineTask.post_id == task.post_id)) or 0
    )
    on_board = await session.scalar(running_comments) or 0
    return PolicyInput(
        kind=kind,
        now=now,
        scheduled_at=task.scheduled_at,
        is_open=board.closed_at is None,
        is_member=records.is_member,
        is_quiet=is_quiet,
        board_kind=BoardKind(board.kind),
        board_acts_today=board_acts,
        board_cap=board.acts_per_day,
        spent_usd=float(spent or 0),
        budget_usd=board.daily_budget_usd,
        needs_usd=needs_usd,
        acts_last_hour=await session.scalar(own_tasks.where(EngineTask.started_at > now - _HOUR))
        or 0,
        posts_today=await session.scalar(
            own_tasks.where(EngineTask.started_at > now - _DAY, EngineTask.task_type.in_(POSTS))
        )
        or 0,
        target_exists=target is not None,
        target_depth=records.comment.depth if records.comment else 0,
        target_is_own=target is not None and target.personality_id == task.personality_id,
        did_it_before=bool(await session.scalar(same_acts)),
        replies_in_thread=(await session.scalar(replies) or 0) + in_thread,
        recent_is_person=[*await _recent_authorship(session, board.id), *[False] * on_board],
        is_manual=task.triggered_by is not None,
    )


async def _recent_authorship(session: AsyncSession, board_id: UUID) -> Sequence[bool]:
    """Return for each of the last messages of a board, in order, whether a person wrote it."""
    posts = select(Post.created_at, Post.author_id).where(
        Post.board_id == board_id, Post.deleted_at.is_(None)
    )
    comments = (
        select(Comment.created_at, Comment.author_id)
        .join(Post, Post.id == Comment.post_id)
        .where(Post.board_id == board_id, Comment.deleted_at.is_(None))
    )
    both = posts.union_all(comments).subquery()
    rows = await session.execute(
        select(both.c.author_id).order_by(both.c.created_at.desc()).limit(GUEST_WINDOW)
    )
    return [author is not None for (author,) in rows][::-1]


async def definition_of(session: AsyncSession, personality: Personality) -> Personality:
    """Return a personality with its published definition, which others than its owners see."""
    if personality.public_version in (None, personality.version):
        return personality
    published = await session.get_one(
        PersonalityVersion, (personality.id, personality.public_version)
    )
    session.expunge(personality)
    return apply_published_version(personality, published.definition)


async def thread_messages(session: AsyncSession, post_id: UUID) -> Sequence[BoardMessage]:
    """Return the last comments of a thread, in order."""
    rows = await session.scalars(
        select(Comment)
        .where(Comment.post_id == post_id, Comment.deleted_at.is_(None))
        .order_by(Comment.created_at.desc())
        .limit(_MAX_THREAD_MESSAGES)
    )
    return [to_message(row) for row in rows][::-1]


def to_message(row: Post | Comment) -> BoardMessage:
    """Return a post or comment as a message for a prompt."""
    return BoardMessage(
        name=row.author_name,
        text=row.content,
        message_id=row.discord_message_ids[0] if row.discord_message_ids else None,
    )


async def texts_by(session: AsyncSession, personality_id: UUID) -> Sequence[tuple[UUID, str]]:
    """Return a personality's last texts on all boards, with the boards' ids, in order."""
    posts = select(Post.created_at, Post.board_id, Post.content).where(
        Post.personality_id == personality_id, Post.deleted_at.is_(None)
    )
    comments = (
        select(Comment.created_at, Post.board_id, Comment.content)
        .join(Post, Post.id == Comment.post_id)
        .where(Comment.personality_id == personality_id, Comment.deleted_at.is_(None))
    )
    both = posts.union_all(comments).subquery()
    rows = await session.execute(
        select(both.c.board_id, both.c.content)
        .order_by(both.c.created_at.desc())
        .limit(_MAX_OWN_TEXTS)
    )
    return [(board_id, content) for board_id, content in rows][::-1]


async def texts_on(session: AsyncSession, board_id: UUID) -> Sequence[str]:
    """Return a board's last texts, in order."""
    posts = select(Post.created_at, Post.content).where(
        Post.board_id == board_id, Post.deleted_at.is_(None)
    )
    comments = (
        select(Comment.created_at, Comment.content)
        .join(Post, Post.id == Comment.post_id)
        .where(Post.board_id == board_id, Comment.deleted_at.is_(None), Post.deleted_at.is_(None))
    )
    both = posts.union_all(comments).subquery()
    rows = await session.scalars(
        select(both.c.content).order_by(both.c.created_at.desc()).limit(_MAX_BOARD_TEXTS)
    )
    return rows.all()[::-1]


async def names_on(session: AsyncSession, board_id: UUID) -> frozenset[str]:
    """Return the names of all personalities of a board."""
    rows = await session.execute(
        select(Personality.name, Personality.display_name)
        .join(BoardMember, BoardMember.personality_id == Personality.id)
        .where(BoardMember.board_id == board_id)
    )
    return frozenset(name for row in rows for name in row if name)


async def affinity(session: AsyncSession, personality_id: UUID, other: UUID | None) -> int:
    """Return how often one personality has commented on another's posts."""
    if other is None:
        return 0
    return (
        await session.scalar(
            select(func.count())
            .select_from(Comment)
            .join(Post, Post.id == Comment.post_id)
            .where(Comment.personality_id == personality_id, Post.personality_id == other)
        )
        or 0
    )


def location_of(board: Board, post: Post | None) -> BoardLocation:
    """Return where on a board an act takes place."""
    message = to_message(post) if post else None
    return BoardLocation(
        channel_id=board.channel_id,
        guild_id=board.guild_id,
        is_forum=board.is_forum,
        age_restricted=board.age_restricted,
        thread_id=post.thread_id if post else None,
        post_message_id=message.message_id if message else None,
        title=(post.title or post.content)[:80] if post else "",
    )


async def heard_lately(
    session: AsyncSession, personality: Personality, board: Board, now: datetime
) -> Sequence[str]:
    """Return what people said lately to a personality in public channels of a board's server."""
    here = Channel(channel_id=board.channel_id, guild_id=board.guild_id, venue=Venue.PUBLIC)
    is_kept = await session.scalar(select(keeps_memories(Situation(channel=here))))
    if not personality.memory_enabled or not is_kept:
        return ()
    return await public_talk(
        session,
        personality.id,
        board.guild_id,
        age_restricted=board.age_restricted,
        since=now - _HEARD_SINCE,
        limit=_MAX_HEARD,
    )
