"""What an act leaves behind: rows of the board, of the channel's history, and votes shown."""

import logging
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ActionType, Comment, ConversationLine, EngineAct, Media, Post, Role, Vote
from services.chat import append
from services.engine.act_queries import ActRecords
from services.engine.actions import ACTIONS
from services.engine.actions.base import result_id
from services.engine.errors import Skipped, SkipReason
from services.engine.ports import BoardAdapter
from services.engine.types import ActContent, ActContext, BoardItem, BoardLocation, SentMessages
from services.errors import DomainError
from services.images import StoredImage
from services.llm import estimate

log = logging.getLogger(__name__)


async def save_result(
    session: AsyncSession,
    found: ActRecords,
    scene: ActContext,
    words: ActContent,
    spoken: SentMessages | None,
    *,
    now: datetime,
) -> BoardItem | None:
    """Write down what an act left on the board; return it where others may answer it."""
    task = found.task
    row_id = task.result_id = result_id(task.id)
    act = EngineAct(
        personality_id=task.personality_id,
        board_id=task.board_id,
        post_id=None if task.comment_id else task.post_id,
        comment_id=task.comment_id,
        action_type=ACTIONS[scene.kind].action_type,
        task_id=task.id,
        created_at=now,
    )
    if spoken is None:
        task.result_type = "vote"
        await vote(
            session,
            task.post_id if task.comment_id is None else None,
            task.comment_id,
            personality_id=task.personality_id,
            value=words.vote,
            now=now,
        )
        session.add(act)
        return None
    await _write_history(session, scene, words, spoken)
    if ACTIONS[scene.kind].is_post:
        left: Post | Comment = _post(found, scene, words, spoken, now)
        act.post_id, task.result_type = row_id, "post"
    else:
        left = _comment(found, scene, words, spoken, now)
        task.result_type = "comment"
    left.id = row_id
    session.add(left)
    await session.flush()
    session.add(act)
    if words.picture is not None:
        session.add(_picture(left.id, words, words.picture))
    return to_item(task.board_id, left)


async def record_view(session: AsyncSession, found: ActRecords, now: datetime) -> None:
    """Record that a personality was shown a post of somebody else; once is enough."""
    post, task = found.post, found.task
    if post is None or post.deleted_at is not None or post.personality_id == task.personality_id:
        return
    await session.execute(
        insert(EngineAct)
        .values(
            personality_id=task.personality_id,
            board_id=task.board_id,
            post_id=post.id,
            action_type=ActionType.VIEWED,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )


def _post(
    found: ActRecords, scene: ActContext, words: ActContent, spoken: SentMessages, now: datetime
) -> Post:
    return Post(
        board_id=found.board.id,
        personality_id=scene.personality_id,
        author_name=scene.speaker.name,
        title=words.title or None,
        content=words.text,
        discord_message_ids=spoken.message_ids,
        thread_id=spoken.thread_id,
        created_at=now,
    )


def _picture(post_id: UUID, words: ActContent, kept: StoredImage) -> Media:
    return Media(
        post_id=post_id,
        storage_key=kept.key,
        sha256=kept.sha256,
        content_type=kept.media_type,
        size=kept.size,
        width=kept.width,
        height=kept.height,
        alt_text=words.alt,
        prompt=words.alt,
        model=kept.model,
    )


def _comment(
    found: ActRecords, scene: ActContext, words: ActContent, spoken: SentMessages, now: datetime
) -> Comment:
    if found.post is None:
        raise Skipped(SkipReason.GONE)  # it was said, and what it answered was deleted meanwhile
    found.post.thread_id = spoken.thread_id or found.post.thread_id
    return Comment(
        post_id=found.post.id,
        parent_id=found.task.comment_id,
        depth=(found.comment.depth if found.comment else 0) + 1,
        personality_id=scene.personality_id,
        author_name=scene.speaker.name,
        content=words.text,
        discord_message_ids=spoken.message_ids,
        created_at=now,
    )


async def _write_history(
    session: AsyncSession, scene: ActContext, words: ActContent, spoken: SentMessages
) -> None:
    """Let the chat know what was said, so that whoever answers it is answered in context."""
    where = scene.where
    is_post = ACTIONS[scene.kind].is_post
    channel_id = where.channel_id if is_post and not spoken.thread_id else spoken.thread_id
    line = ConversationLine(
        channel_id=channel_id or where.thread_id or where.channel_id,
        position=0,
        guild_id=where.guild_id,
        role=Role.ASSISTANT,
        personality_id=scene.personality_id,
        speaker_name=scene.name,
        content=words.text,
        token_count=estimate(words.text),
        discord_message_ids=spoken.message_ids,
    )
    await append(session, line.channel_id, [line])


async def vote(
    session: AsyncSession,
    post_id: UUID | None,
    comment_id: UUID | None,
    *,
    personality_id: UUID | None = None,
    author_id: int | None = None,
    value: int,
    now: datetime,
    toggles: bool = False,
) -> None:
    """Count a voice for (1) or against (-1) something; 0, or the same again, takes it back."""
    kind = Comment if comment_id else Post
    target = comment_id or post_id
    # Whoever votes at the same time waits, so that the counts are right.
    await session.execute(select(kind.id).where(kind.id == target).with_for_update())
    mine = (
        Vote.comment_id == comment_id if comment_id else Vote.post_id == post_id,
        Vote.personality_id == personality_id if personality_id else Vote.author_id == author_id,
    )
    cast = await session.scalar(select(Vote).where(*mine))
    if cast is not None and value and not (toggles and cast.value == value):
        cast.value, cast.created_at = value, now
    elif cast is not None:
        await session.delete(cast)
    elif value:
        session.add(
            Vote(
                post_id=None if comment_id else post_id,
                comment_id=comment_id,
                personality_id=personality_id,
                author_id=author_id,
                value=value,
                created_at=now,
            )
        )
    await session.flush()
    cast_on = Vote.comment_id == target if comment_id else Vote.post_id == target
    counts = select(func.count().filter(Vote.value > 0), func.count().filter(Vote.value < 0)).where(
        cast_on
    )
    ups, downs = (await session.execute(counts)).one()
    await session.execute(update(kind).where(kind.id == target).values(ups=ups, downs=downs))


async def show_votes(stage: BoardAdapter, where: BoardLocation, post: Post) -> None:
    """Show a post's votes on Discord, if that can be done; they count in any case."""
    is_ours = post.personality_id is not None
    if not post.discord_message_ids or (not is_ours and not post.ups):
        return
    with suppress(DomainError):
        await stage.show_votes(
            where,
            post.discord_message_ids[0],
            post_id=post.id,
            ups=post.ups,
            downs=post.downs,
            is_ours=is_ours,
        )


def to_item(board_id: UUID, row: Post | Comment) -> BoardItem:
    """Return a post or comment as the planner sees it."""
    is_comment = isinstance(row, Comment)
    return BoardItem(
        id=row.id,
        board_id=board_id,
        post_id=row.post_id if is_comment else row.id,
        depth=row.depth if is_comment else 0,
        personality_id=row.personality_id,
        at=row.created_at,
        answers=(row.parent_id or row.post_id) if is_comment else None,
        score=row.ups - row.downs,
    )
