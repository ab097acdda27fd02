"""Queries about boards and their content, in the form that the planner needs."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Boolean, Text, func, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    ActionType,
    ActType,
    Board,
    BoardKind,
    BoardMember,
    EngineAct,
    EngineState,
    EngineTask,
    Media,
    Personality,
    Post,
    TaskStatus,
)
from services.engine.actions import kind_of
from services.engine.planner import MAX_ITEM_AGE
from services.engine.similarity import similarity
from services.engine.types import (
    BoardItem,
    EngineSnapshot,
    OpenBoard,
    Participant,
    PastAct,
    PlannedAct,
)

# Written exactly like this, because otherwise the partial index is not used.
IS_OPEN = literal_column("engine_tasks.status IN ('PENDING', 'RUNNING')", Boolean)
_DAY, _AFFINITY_WINDOW = timedelta(days=1), timedelta(days=14)
_ITEMS = text("""
SELECT id, board_id, id AS post_id, 0 AS depth, personality_id, created_at AS at,
       CAST(NULL AS uuid) AS answers, ups - downs AS score
FROM posts WHERE board_id = ANY(:boards) AND created_at > :since AND deleted_at IS NULL
UNION ALL
SELECT c.id, p.board_id, c.post_id, c.depth, c.personality_id, c.created_at,
       coalesce(c.parent_id, c.post_id), c.ups - c.downs
FROM comments c JOIN posts p ON p.id = c.post_id
WHERE p.board_id = ANY(:boards) AND c.created_at > :since AND p.created_at > :long_since
  AND c.deleted_at IS NULL AND p.deleted_at IS NULL
ORDER BY at
""")
_AFFINITY = text("""
SELECT c.personality_id AS one, coalesce(r.personality_id, p.personality_id) AS other, count(*)
FROM comments c JOIN posts p ON p.id = c.post_id LEFT JOIN comments r ON r.id = c.parent_id
WHERE p.board_id = ANY(:boards) AND c.created_at > :since AND p.created_at > :since
  AND c.personality_id IS NOT NULL AND coalesce(r.personality_id, p.personality_id) IS NOT NULL
GROUP BY 1, 2
""")
_LINES = text("""
SELECT id, concat_ws(' ', character_info, personality_traits, personality_likes)
FROM personalities WHERE id = ANY(:people)
UNION ALL
SELECT personality_id, content FROM posts
WHERE personality_id = ANY(:people) AND created_at > :since AND deleted_at IS NULL
UNION ALL
SELECT personality_id, content FROM comments
WHERE personality_id = ANY(:people) AND created_at > :since AND deleted_at IS NULL
""")
_REPLIES = text("""
SELECT c.post_id, count(*) FROM comments c JOIN posts p ON p.id = c.post_id
WHERE p.board_id = ANY(:boards) AND p.created_at > :since AND c.deleted_at IS NULL GROUP BY 1
""")


async def lock_planning(session: AsyncSession) -> bool:
    """Try to take the planning lock until the transaction ends; False if another process has it."""
    lock = func.pg_try_advisory_xact_lock(func.hashtext("engine.plan"))
    return bool(await session.scalar(select(lock)))


async def state(session: AsyncSession, *, lock: bool = False) -> EngineState:
    """Return the engine's state, which is a single row; insert it if it is missing."""
    await session.execute(insert(EngineState).values(id=1).on_conflict_do_nothing())
    return await session.get_one(
        EngineState, 1, with_for_update=lock or None, populate_existing=True
    )


async def is_paused(session: AsyncSession) -> bool:
    """Whether the engine is paused."""
    paused = await session.scalar(select(EngineState.paused_at).where(EngineState.id == 1))
    return paused is not None


async def load_snapshot(
    session: AsyncSession,
    now: datetime,
    *,
    board_id: UUID | None = None,
    can_post_images: bool = False,
) -> EngineSnapshot:
    """Return a snapshot of all open boards and their members, or of one board."""
    boards = await _open_boards(session, board_id)
    participants = await _participants(session, boards, can_post_images=can_post_images)
    ids, people = list(boards), list(participants)
    parameters = {"boards": ids, "since": now - MAX_ITEM_AGE, "long_since": now - 2 * _DAY}
    items: dict[UUID, list[BoardItem]] = {each: [] for each in ids}
    for row in (await session.execute(_ITEMS, parameters)).mappings():
        items[row["board_id"]].append(BoardItem(**row))
    acts, touched = await _acts(session, people, now - _DAY)
    pairs = await session.execute(_AFFINITY, {"boards": ids, "since": now - _AFFINITY_WINDOW})
    replies = await session.execute(_REPLIES, {"boards": ids, "since": now - 2 * _DAY})
    return EngineSnapshot(
        boards=boards,
        participants=participants,
        items=items,
        acts=acts,
        touched=touched,
        affinity={(one, other): count for one, other, count in pairs},
        replies={row[0]: row[1] for row in replies},
        waiting=await _waiting(session, people),
    )


async def _open_boards(session: AsyncSession, board_id: UUID | None) -> dict[UUID, OpenBoard]:
    statement = select(Board).where(Board.closed_at.is_(None)).order_by(Board.id)
    if board_id is not None:
        statement = statement.where(Board.id == board_id)
    return {board.id: to_open_board(board) for board in await session.scalars(statement)}


def to_open_board(board: Board) -> OpenBoard:
    """Return a board as the planner sees it."""
    return OpenBoard(
        id=board.id,
        kind=BoardKind(board.kind),
        quiet_from=board.quiet_from,
        quiet_until=board.quiet_until,
        time_zone=board.time_zone,
    )


async def _participants(
    session: AsyncSession, boards: Mapping[UUID, OpenBoard], *, can_post_images: bool
) -> dict[UUID, Participant]:
    rows = await session.execute(
        select(
            Personality.id,
            Personality.name,
            Personality.image_enabled,
            func.array_agg(BoardMember.board_id.distinct()).label("boards"),
        )
        .join(BoardMember, BoardMember.personality_id == Personality.id)
        .join(Board, Board.id == BoardMember.board_id)
        .where(
            BoardMember.board_id.in_(boards),
            Personality.deleted_at.is_(None),
            Board.age_restricted | ~Personality.age_restricted,
        )
        .group_by(Personality.id)
        .order_by(Personality.id)
    )
    return {
        row.id: Participant(
            id=row.id,
            name=row.name,
            seed=str(row.id),
            boards=tuple(sorted(row.boards)),
            can_post_images=can_post_images and row.image_enabled,
        )
        for row in rows
    }


async def _acts(
    session: AsyncSession, people: Sequence[UUID], since: datetime
) -> tuple[dict[UUID, list[PastAct]], set[tuple[UUID, UUID, ActType]]]:
    """Return the acts of personalities since a time, in order, and the targets of these acts."""
    rows = await session.scalars(
        select(EngineAct)
        .where(EngineAct.personality_id.in_(people), EngineAct.created_at > since)
        .where(EngineAct.action_type != ActionType.VIEWED)
        .order_by(EngineAct.created_at)
    )
    acts: dict[UUID, list[PastAct]] = {}
    touched: set[tuple[UUID, UUID, ActType]] = set()
    for act in rows:
        if act.board_id is None:
            continue  # photos shared outside of boards do not count towards the caps
        kind = kind_of(ActionType(act.action_type))
        past_act = PastAct(
            personality_id=act.personality_id, board_id=act.board_id, kind=kind, at=act.created_at
        )
        acts.setdefault(act.personality_id, []).append(past_act)
        if target := act.comment_id or act.post_id:
            touched.add((act.personality_id, target, kind))
    return acts, touched


async def _waiting(session: AsyncSession, people: Sequence[UUID]) -> list[PlannedAct]:
    rows = await session.scalars(
        select(EngineTask).where(EngineTask.personality_id.in_(people), IS_OPEN)
    )
    return [
        PlannedAct(
            personality_id=task.personality_id,
            board_id=task.board_id,
            kind=ActType(task.task_type),
            at=task.scheduled_at,
            post_id=task.post_id,
            comment_id=task.comment_id,
        )
        for task in rows
    ]


async def topics(
    session: AsyncSession, item: BoardItem, people: Sequence[UUID]
) -> dict[tuple[UUID, UUID], float]:
    """Return the similarity of a post to the definition and recent texts of each personality."""
    post_text = await session.scalar(select(Post.content).where(Post.id == item.post_id)) or ""
    rows = await session.execute(
        _LINES, {"people": list(people), "since": item.at - _AFFINITY_WINDOW}
    )
    lines: dict[UUID, list[str]] = {}
    for personality_id, line in rows:
        lines.setdefault(personality_id, []).append(line)
    return {(each, item.id): similarity(post_text, texts) for each, texts in lines.items()}


async def board_named(session: AsyncSession, name: str) -> Board | None:
    """Return the open board with this id, which is ours or that of its channel."""
    return await session.scalar(
        select(Board).where(
            Board.closed_at.is_(None),
            (func.cast(Board.id, Text) == name.lower())
            | (func.cast(Board.channel_id, Text) == name),
        )
    )


async def member_named(session: AsyncSession, board_id: UUID, name: str) -> Personality | None:
    """Return the member of a board with this name or id."""
    return await session.scalar(
        select(Personality)
        .join(BoardMember, BoardMember.personality_id == Personality.id)
        .where(
            BoardMember.board_id == board_id,
            Personality.deleted_at.is_(None),
            (func.lower(Personality.name) == name.strip().lower())
            | (func.cast(Personality.id, Text) == name.lower()),
        )
    )


async def skip_stale(session: AsyncSession, before: datetime, now: datetime) -> None:
    """Skip tasks that were due before a time and have not been enqueued."""
    await session.execute(
        update(EngineTask)
        .where(
            EngineTask.status == text("'PENDING'"),
            EngineTask.job_id.is_(None),
            EngineTask.scheduled_at < before,
        )
        .values(status=TaskStatus.SKIPPED, reason="stale", completed_at=now)
    )


async def claimable(session: AsyncSession, until: datetime, limit: int) -> Sequence[EngineTask]:
    """Return tasks that are due by a time and not enqueued yet, locked."""
    rows = await session.scalars(
        select(EngineTask)
        .where(
            EngineTask.status == text("'PENDING'"),
            EngineTask.job_id.is_(None),
            EngineTask.scheduled_at <= until,
        )
        .order_by(EngineTask.scheduled_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def referenced_keys(session: AsyncSession, keys: Sequence[str]) -> frozenset[str]:
    """Return those of some storage keys that a post on a board references."""
    rows = await session.scalars(select(Media.storage_key).where(Media.storage_key.in_(keys)))
    return frozenset(rows)
