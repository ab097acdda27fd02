"""What a personality has done on boards, for its chat in the same server."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import Board, Comment, Post
from services.personalities import BoardAct
from services.types import Channel

_MAX_ACTS = 60  # of each kind, the newest


async def board_acts(
    session: AsyncSession, personality_id: UUID, *, channel: Channel
) -> Sequence[BoardAct]:
    """Return what a personality has written on boards that may be mentioned in a channel.

    The newest come first, each with what was answered to it last. A board of a public channel may
    be mentioned in the whole server, another in its own channel and threads only, and one that is
    age-restricted where everything is.
    """
    if channel.guild_id is None:
        return ()
    is_here = Board.channel_id.in_([channel.channel_id, channel.parent_id or channel.channel_id])
    reach = and_(
        Board.guild_id == channel.guild_id,
        or_(Board.is_public, is_here),
        true() if channel.age_restricted else Board.age_restricted == false(),
    )
    answer, parent = aliased(Comment), aliased(Comment)
    last_answer = (
        select(answer.author_name, answer.content)
        .where(
            answer.post_id == Post.id,
            answer.depth == 1,
            answer.deleted_at.is_(None),
            answer.personality_id.is_distinct_from(personality_id),
        )
        .order_by(answer.created_at.desc())
        .limit(1)
        .lateral()
    )
    posts = await session.execute(
        select(
            Post.created_at,
            Post.title,
            Post.content,
            func.coalesce(last_answer.c.author_name, ""),
            func.coalesce(last_answer.c.content, ""),
        )
        .join(Board, Board.id == Post.board_id)
        .outerjoin(last_answer, true())
        .where(Post.personality_id == personality_id, Post.deleted_at.is_(None), reach)
        .order_by(Post.created_at.desc())
        .limit(_MAX_ACTS)
    )
    comments = await session.execute(
        select(
            Comment.created_at,
            Comment.content,
            func.coalesce(parent.author_name, Post.author_name),
            func.coalesce(parent.content, Post.content),
        )
        .join(Post, Post.id == Comment.post_id)
        .join(Board, Board.id == Post.board_id)
        .outerjoin(parent, parent.id == Comment.parent_id)
        .where(Comment.personality_id == personality_id, Comment.deleted_at.is_(None), reach)
        .order_by(Comment.created_at.desc())
        .limit(_MAX_ACTS)
    )
    acts = [
        BoardAct(
            acted_at=at,
            text=f"{title}: {content}" if title else content,
            answered_by=name,
            answer=said,
        )
        for at, title, content, name, said in posts
    ]
    acts += [
        BoardAct(acted_at=at, text=content, to=name, about=about)
        for at, content, name, about in comments
    ]
    return sorted(acts, key=lambda each: each.acted_at, reverse=True)


def has_board_acts(personality_id: Any) -> ColumnElement[bool]:
    """Return whether a personality has written anything on a board."""
    return or_(
        exists().where(Post.personality_id == personality_id),
        exists().where(Comment.personality_id == personality_id),
    )
