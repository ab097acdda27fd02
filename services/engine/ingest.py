"""What people say on boards: posts, comments and votes of theirs."""

from collections.abc import Sequence
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
    combined_text,
    load_context,
    message_context,
    redact,
)
from services.engine.planner import Planner
from services.engine.ports import BoardAdapter
from services.engine.results import show_votes, to_item, vote
from services.engine.scheduler import EngineTiming, plan_reactions
from services.engine.types import BoardLocation
from services.types import IncomingMessage

_TEXT = 4000


class BoardIngest:
    """Follows what people do on boards. Who opted out, or is incognito, is not heard."""

    def __init__(
        self, sessions: Sessions, planner: Planner, tempo: EngineTiming, stage: BoardAdapter
    ) -> None:
        self._sessions = sessions
        self._planner = planner
        self._tempo = tempo
        self._stage = stage

    async def ingest(self, heard: IncomingMessage, *, title: str | None = None) -> None:
        """Keep a message on a board as a post or a comment, and let the engine know.

        Whoever calls a personality is answered by the chat; the engine plans nothing for it.
        """

        async def write() -> None:
            async with self._sessions.begin() as session:
                board = await _board(session, heard)
                if board is None:
                    return
                signs = await message_context(session, heard)
                if heard.author_id in signs.opted_out | signs.incognito:
                    return
                left, asked = await self._left(
                    session, board, redact(heard, signs.opted_out), title
                )
                session.add(left)
                await session.flush()
                try:
                    is_called = bool(await addressees(session, heard, signs))
                except NoPersonalityHere:
                    is_called = True
                if not is_called:
                    item = to_item(board.id, left)
                    about = to_item(board.id, asked) if asked else None
                    await plan_reactions(session, self._planner, item, about, self._tempo)

        await retry_on_disconnect(write)

    async def apply_edit(self, heard: IncomingMessage) -> None:
        """Follow the edit of a message."""
        async with self._sessions.begin() as session:
            signs = await message_context(session, heard)
            if heard.author_id in signs.opted_out | signs.incognito:
                return
            content = combined_text([redact(heard, signs.opted_out)])[:_TEXT]
            for kind in (Post, Comment):
                await session.execute(
                    update(kind)
                    .where(
                        kind.discord_message_ids.contains([heard.message_id]),
                        kind.author_id == heard.author_id,
                    )
                    .values(content=content)
                )

    async def forget(self, message_ids: Sequence[int], *, thread_ids: Sequence[int] = ()) -> None:
        """Honour deletions: what was said is kept nowhere, and nobody acts on it any more.

        With a thread everything in it is gone.
        """
        now = self._tempo.clock.now()

        async def erase() -> None:
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

        await retry_on_disconnect(erase)

    async def react(self, discord_id: int, message_id: int, value: int) -> None:
        """Count a person's reaction as a vote for or against, and show it; 0 takes it back."""
        async with self._sessions.begin() as session:
            signs = await load_context(session, people=[discord_id], channel_ids=[], reply_to=None)
            if discord_id in signs.opted_out | signs.incognito:
                return
            post_id = await _with(session, Post, message_id)
            comment_id = None if post_id else await _with(session, Comment, message_id)
            if post_id or comment_id:
                await vote(
                    session,
                    post_id,
                    comment_id,
                    author_id=discord_id,
                    value=value,
                    now=self._tempo.clock.now(),
                )
        if post_id:
            await self._show(post_id)

    async def _show(self, post_id: UUID) -> None:
        """Show how many are for and against a personality's post."""
        async with self._sessions() as session:
            post = await session.get_one(Post, post_id)
            board = await session.get_one(Board, post.board_id)
        if post.personality_id is not None:
            where = BoardLocation(
                channel_id=board.channel_id,
                guild_id=board.guild_id,
                is_forum=board.is_forum,
                thread_id=post.thread_id,
            )
            await show_votes(self._stage, where, post)

    async def _left(
        self, session: AsyncSession, board: Board, heard: IncomingMessage, title: str | None
    ) -> tuple[Post | Comment, Post | Comment | None]:
        """Return what a message is on a board, and what it answers."""
        now, text = self._tempo.clock.now(), combined_text([heard])[:_TEXT]
        asked = await _answered(session, heard)
        post = await _post(session, heard, asked)
        if post is None:
            is_thread = heard.channel.parent_id is not None
            return _as_post(board, heard, text, now, title if is_thread else None), None
        parent = asked if isinstance(asked, Comment) else None
        if post.thread_id is None and heard.channel.parent_id is not None:
            post.thread_id = heard.channel.channel_id
        comment = Comment(
            post_id=post.id,
            parent_id=parent.id if parent else None,
            depth=parent.depth + 1 if parent else 1,
            author_id=heard.author_id,
            author_name=heard.author_name,
            content=text,
            discord_message_ids=[heard.message_id],
            created_at=now,
        )
        return comment, parent or post


def _as_post(
    board: Board, heard: IncomingMessage, text: str, now: datetime, title: str | None
) -> Post:
    return Post(
        board_id=board.id,
        author_id=heard.author_id,
        author_name=heard.author_name,
        title=title,
        content=text,
        discord_message_ids=[heard.message_id],
        thread_id=heard.channel.channel_id if heard.channel.parent_id else None,
        created_at=now,
    )


async def _board(session: AsyncSession, heard: IncomingMessage) -> Board | None:
    home = heard.channel.parent_id or heard.channel.channel_id
    return await session.scalar(
        select(Board).where(Board.channel_id == home, Board.closed_at.is_(None))
    )


async def _answered(session: AsyncSession, heard: IncomingMessage) -> Post | Comment | None:
    if heard.reply_to is None:
        return None
    for kind in (Comment, Post):
        found = await session.scalar(
            select(kind).where(
                kind.discord_message_ids.contains([heard.reply_to]), kind.deleted_at.is_(None)
            )
        )
        if found is not None:
            return found
    return None


async def _post(
    session: AsyncSession, heard: IncomingMessage, asked: Post | Comment | None
) -> Post | None:
    """Return the post that a message is a comment on, if it is one."""
    if isinstance(asked, Post):
        return asked
    if isinstance(asked, Comment):
        return await session.get(Post, asked.post_id)
    if heard.channel.parent_id is None:
        return None
    thread_id = heard.channel.channel_id
    return await session.scalar(
        select(Post).where(
            (Post.thread_id == thread_id) | Post.discord_message_ids.contains([thread_id]),
            Post.deleted_at.is_(None),
        )
    )


async def _with(
    session: AsyncSession, kind: type[Post] | type[Comment], message_id: int
) -> UUID | None:
    return await session.scalar(
        select(kind.id).where(
            kind.discord_message_ids.contains([message_id]), kind.deleted_at.is_(None)
        )
    )
