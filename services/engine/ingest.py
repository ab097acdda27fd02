"""Ingestion of what people do on boards: posts, comments, edits, deletions and votes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Board, Comment, Post
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.chat import (
    NoPersonalityHere,
    addressees,
    load_context,
    message_context,
    redact,
    stored_text,
)
from services.engine.planner import Planner
from services.engine.ports import BoardAdapter
from services.engine.results import show_votes, to_item, vote
from services.engine.scheduler import EngineTiming, plan_reactions
from services.engine.types import BoardLocation
from services.message_parts import Reply
from services.types import IncomingMessage

_MAX_TEXT_LENGTH = 4000


class BoardIngest:
    """Stores what people do on boards, except of those who opted out or are incognito."""

    def __init__(
        self, sessions: Sessions, planner: Planner, timing: EngineTiming, adapter: BoardAdapter
    ) -> None:
        self._sessions = sessions
        self._planner = planner
        self._timing = timing
        self._adapter = adapter

    async def ingest(self, message: IncomingMessage, *, title: str | None = None) -> None:
        """Store a message on a board as a post or a comment, and plan reactions to it.

        A message that addresses a personality is answered by the chat; no reactions are planned.
        """

        async def write() -> None:
            async with self._sessions.begin() as session:
                board = await _board(session, message)
                if board is None:
                    return
                context = await message_context(session, message)
                if message.author_ids & (context.opted_out | context.incognito):
                    return
                row, target = await self._to_row(
                    session, board, redact(message, context.opted_out, context.incognito), title
                )
                session.add(row)
                await session.flush()
                try:
                    is_addressed = bool(await addressees(session, message, context))
                except NoPersonalityHere:
                    is_addressed = True
                if not is_addressed:
                    item = to_item(board.id, row)
                    target_item = to_item(board.id, target) if target else None
                    await plan_reactions(session, self._planner, item, target_item, self._timing)

        await retry_on_disconnect(write)

    async def apply_edit(self, message: IncomingMessage) -> None:
        """Apply the edit of a message to its post or comment."""
        async with self._sessions.begin() as session:
            context = await message_context(session, message)
            if message.author_ids & (context.opted_out | context.incognito):
                return
            edited = redact(message, context.opted_out, context.incognito)
            content = _text_of(edited)
            for kind in (Post, Comment):
                await session.execute(
                    update(kind)
                    .where(
                        kind.discord_message_ids.contains([message.message_id]),
                        kind.author_id == message.author_id,
                    )
                    .values(content=content)
                )

    async def forget(self, message_ids: Sequence[int], *, thread_ids: Sequence[int] = ()) -> None:
        """Soft-delete the posts and comments of deleted messages, and erase their content.

        With a thread, everything in it is deleted.
        """
        now = self._timing.clock.now()

        async def soft_delete() -> None:
            async with self._sessions.begin() as session:
                await session.execute(
                    update(Post)
                    .where(
                        Post.discord_message_ids.overlap(message_ids)
                        | Post.thread_id.in_(thread_ids)
                    )
                    .values(content="", title=None, deleted_at=now)
                )
                await session.execute(
                    update(Comment)
                    .where(
                        Comment.discord_message_ids.overlap(message_ids)
                        | Comment.post_id.in_(select(Post.id).where(Post.thread_id.in_(thread_ids)))
                    )
                    .values(content="", deleted_at=now)
                )

        await retry_on_disconnect(soft_delete)

    async def react(self, discord_id: int, message_id: int, value: int) -> None:
        """Count a person's reaction as a vote (1 or -1) and show it; 0 removes the vote."""
        async with self._sessions.begin() as session:
            context = await load_context(
                session, people=[discord_id], channel_ids=[], reply_to=None
            )
            if discord_id in context.opted_out | context.incognito:
                return
            post_id = await _id_by_message(session, Post, message_id)
            comment_id = None if post_id else await _id_by_message(session, Comment, message_id)
            if post_id or comment_id:
                await vote(
                    session,
                    post_id,
                    comment_id,
                    author_id=discord_id,
                    value=value,
                    now=self._timing.clock.now(),
                )
        if post_id:
            await self._show_votes(post_id)

    async def _show_votes(self, post_id: UUID) -> None:
        """Show the votes of a personality's post."""
        async with self._sessions() as session:
            post = await session.get_one(Post, post_id)
            board = await session.get_one(Board, post.board_id)
        if post.personality_id is not None:
            location = BoardLocation(
                channel_id=board.channel_id,
                guild_id=board.guild_id,
                is_forum=board.is_forum,
                thread_id=post.thread_id,
            )
            await show_votes(self._adapter, location, post)

    async def _to_row(
        self, session: AsyncSession, board: Board, message: IncomingMessage, title: str | None
    ) -> tuple[Post | Comment, Post | Comment | None]:
        """Return a new post or comment for a message, and the target that it replies to."""
        now, text = self._timing.clock.now(), _text_of(message)
        target = await _find_target(session, message)
        post = await _post(session, message, target)
        if post is None:
            is_thread = message.channel.parent_id is not None
            return _new_post(board, message, text, now, title if is_thread else None), None
        parent = target if isinstance(target, Comment) else None
        if post.thread_id is None and message.channel.parent_id is not None:
            post.thread_id = message.channel.channel_id
        comment = Comment(
            post_id=post.id,
            parent_id=parent.id if parent else None,
            depth=parent.depth + 1 if parent else 1,
            author_id=message.author_id,
            author_name=message.author_name,
            content=text,
            discord_message_ids=[message.message_id],
            created_at=now,
        )
        return comment, parent or post


def _new_post(
    board: Board, message: IncomingMessage, text: str, now: datetime, title: str | None
) -> Post:
    return Post(
        board_id=board.id,
        author_id=message.author_id,
        author_name=message.author_name,
        title=title,
        content=text,
        discord_message_ids=[message.message_id],
        thread_id=message.channel.channel_id if message.channel.parent_id else None,
        created_at=now,
    )


async def _board(session: AsyncSession, message: IncomingMessage) -> Board | None:
    channel_id = message.channel.parent_id or message.channel.channel_id
    return await session.scalar(
        select(Board).where(Board.channel_id == channel_id, Board.closed_at.is_(None))
    )


def _text_of(message: IncomingMessage) -> str:
    """Return the text of a message; what it answers is known by its target."""
    parts = tuple(each for each in message.parts if not isinstance(each, Reply))
    return stored_text([replace(message, parts=parts)])[:_MAX_TEXT_LENGTH]


async def _find_target(session: AsyncSession, message: IncomingMessage) -> Post | Comment | None:
    if message.reply_to is None:
        return None
    for kind in (Comment, Post):
        row = await session.scalar(
            select(kind).where(
                kind.discord_message_ids.contains([message.reply_to]), kind.deleted_at.is_(None)
            )
        )
        if row is not None:
            return row
    return None


async def _post(
    session: AsyncSession, message: IncomingMessage, target: Post | Comment | None
) -> Post | None:
    """Return the post that a message comments on, or None if it is a new post."""
    if isinstance(target, Post):
        return target
    if isinstance(target, Comment):
        return await session.get(Post, target.post_id)
    if message.channel.parent_id is None:
        return None
    thread_id = message.channel.channel_id
    return await session.scalar(
        select(Post).where(
            (Post.thread_id == thread_id) | Post.discord_message_ids.contains([thread_id]),
            Post.deleted_at.is_(None),
        )
    )


async def _id_by_message(
    session: AsyncSession, kind: type[Post] | type[Comment], message_id: int
) -> UUID | None:
    return await session.scalar(
        select(kind.id).where(
            kind.discord_message_ids.contains([message_id]), kind.deleted_at.is_(None)
        )
    )
