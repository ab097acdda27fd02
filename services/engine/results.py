"""Results of acts: posts, comments, votes, and lines of the channel's history."""

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
    records: ActRecords,
    context: ActContext,
    content: ActContent,
    sent: SentMessages | None,
    *,
    now: datetime,
) -> BoardItem | None:
    """Store the result of an act; return the new post or comment, if there is one."""
    task = records.task
    row_id = task.result_id = result_id(task.id)
    act = EngineAct(
        personality_id=task.personality_id,
        board_id=task.board_id,
        post_id=None if task.comment_id else task.post_id,
        comment_id=task.comment_id,
        action_type=ACTIONS[context.kind].action_type,
        task_id=task.id,
        created_at=now,
    )
    if sent is None:
        task.result_type = "vote"
        await vote(
            session,
            task.post_id if task.comment_id is None else None,
            task.comment_id,
            personality_id=task.personality_id,
            value=content.vote,
            now=now,
        )
        session.add(act)
        return None
    await _write_history(session, context, content, sent)
    if ACTIONS[context.kind].is_post:
        row: Post | Comment = _new_post(records, context, content, sent, now)
        act.post_id, task.result_type = row_id, "post"
    else:
        row = _new_comment(records, context, content, sent, now)
        task.result_type = "comment"
    row.id = row_id
    session.add(row)
    await session.flush()
    session.add(act)
    if content.picture is not None:
        session.add(_new_media(row.id, content, content.picture))
    return to_item(task.board_id, row)


async def record_view(session: AsyncSession, records: ActRecords, now: datetime) -> None:
    """Record once that a personality was shown a post of somebody else."""
    post, task = records.post, records.task
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


def _new_post(
    records: ActRecords, context: ActContext, content: ActContent, sent: SentMessages, now: datetime
) -> Post:
    return Post(
        board_id=records.board.id,
        personality_id=context.personality_id,
        author_name=context.speaker.name,
        title=content.title or None,
        content=content.text,
        discord_message_ids=sent.message_ids,
        thread_id=sent.thread_id,
        created_at=now,
    )


def _new_media(post_id: UUID, content: ActContent, image: StoredImage) -> Media:
    return Media(
        post_id=post_id,
        storage_key=image.key,
        sha256=image.sha256,
        content_type=image.media_type,
        size=image.size,
        width=image.width,
        height=image.height,
        alt_text=content.alt,
        prompt=content.alt,
        model=image.model,
    )


def _new_comment(
    records: ActRecords, context: ActContext, content: ActContent, sent: SentMessages, now: datetime
) -> Comment:
    if records.post is None:
        raise Skipped(SkipReason.GONE)  # it was sent, but its post was deleted meanwhile
    records.post.thread_id = sent.thread_id or records.post.thread_id
    return Comment(
        post_id=records.post.id,
        parent_id=records.task.comment_id,
        depth=(records.comment.depth if records.comment else 0) + 1,
        personality_id=context.personality_id,
        author_name=context.speaker.name,
        content=content.text,
        discord_message_ids=sent.message_ids,
        created_at=now,
    )


async def _write_history(
    session: AsyncSession, context: ActContext, content: ActContent, sent: SentMessages
) -> None:
    """Append the message to the chat's history, so that replies to it have their context."""
    location = context.location
    is_post = ACTIONS[context.kind].is_post
    channel_id = location.channel_id if is_post and not sent.thread_id else sent.thread_id
    line = ConversationLine(
        channel_id=channel_id or location.thread_id or location.channel_id,
        position=0,
        guild_id=location.guild_id,
        role=Role.ASSISTANT,
        personality_id=context.personality_id,
        speaker_name=context.name,
        content=content.text,
        token_count=estimate(content.text),
        discord_message_ids=sent.message_ids,
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
    """Count a vote for (1) or against (-1) a post or comment; 0 removes it.

    With `toggles`, repeating the same vote removes it as well.
    """
    kind = Comment if comment_id else Post
    target = comment_id or post_id
    # Concurrent votes wait for the lock, so that the counts are right.
    await session.execute(select(kind.id).where(kind.id == target).with_for_update())
    own_vote = (
        Vote.comment_id == comment_id if comment_id else Vote.post_id == post_id,
        Vote.personality_id == personality_id if personality_id else Vote.author_id == author_id,
    )
    existing = await session.scalar(select(Vote).where(*own_vote))
    if existing is not None and value and not (toggles and existing.value == value):
        existing.value, existing.created_at = value, now
    elif existing is not None:
        await session.delete(existing)
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
    on_target = Vote.comment_id == target if comment_id else Vote.post_id == target
    counts = select(func.count().filter(Vote.value > 0), func.count().filter(Vote.value < 0)).where(
        on_target
    )
    ups, downs = (await session.execute(counts)).one()
    await session.execute(update(kind).where(kind.id == target).values(ups=ups, downs=downs))


async def show_votes(adapter: BoardAdapter, location: BoardLocation, post: Post) -> None:
    """Show a post's votes; errors are ignored, because the votes are stored already."""
    is_ours = post.personality_id is not None
    if not post.discord_message_ids or (not is_ours and not post.ups):
        return
    with suppress(DomainError):
        await adapter.show_votes(
            location,
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
