"""Statements about boards and what is on them, as the planner wants to know them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Boolean, Text, delete, func, literal_column, select, text, update
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
    VendorMinute,
)
from services.engine.actions import kind_of
from services.engine.planner import FRESH
from services.engine.similarity import similarity
from services.engine.types import (
    BoardItem,
    EngineSnapshot,
    OpenBoard,
    Participant,
    PastAct,
    PlannedAct,
)

# In these words, or the index that says the same is not used.
IS_OPEN = literal_column("engine_tasks.status IN ('PENDING', 'RUNNING')", Boolean)
_DAY, _FRIENDSHIP = timedelta(days=1), timedelta(days=14)
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
    """Become the only process that plans, until the transaction ends; False when another does."""
    lock = func.pg_try_advisory_xact_lock(func.hashtext("engine.plan"))
    return bool(await session.scalar(select(lock)))


async def state(session: AsyncSession, *, lock: bool = False) -> EngineState:
    """Return the engine's one row."""
    await session.execute(insert(EngineState).values(id=1).on_conflict_do_nothing())
    return await session.get_one(
        EngineState, 1, with_for_update=lock or None, populate_existing=True
    )


async def is_paused(session: AsyncSession) -> bool:
    """Whether the engine does nothing for now."""
    paused = await session.scalar(select(EngineState.paused_at).where(EngineState.id == 1))
    return paused is not None


async def load_snapshot(
    session: AsyncSession, now: datetime, *, board_id: UUID | None = None, can_paint: bool = False
) -> EngineSnapshot:
    """Return what the planner knows of all open boards, or of one and those on it."""
    boards = await _open_boards(session, board_id)
    seats = await _seats(session, boards, can_paint=can_paint)
    ids, people = list(boards), list(seats)
    given = {"boards": ids, "since": now - FRESH, "long_since": now - 2 * _DAY}
    items: dict[UUID, list[BoardItem]] = {each: [] for each in ids}
    for row in (await session.execute(_ITEMS, given)).mappings():
        items[row["board_id"]].append(BoardItem(**row))
    acts, touched = await _acts(session, people, now - _DAY)
    pairs = await session.execute(_AFFINITY, {"boards": ids, "since": now - _FRIENDSHIP})
    replies = await session.execute(_REPLIES, {"boards": ids, "since": now - 2 * _DAY})
    return EngineSnapshot(
        boards=boards,
        seats=seats,
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
    return {board.id: opened(board) for board in await session.scalars(statement)}


def opened(board: Board) -> OpenBoard:
    """Return a board as the planner sees it."""
    return OpenBoard(
        id=board.id,
        kind=BoardKind(board.kind),
        quiet_from=board.quiet_from,
        quiet_until=board.quiet_until,
        time_zone=board.time_zone,
    )


async def _seats(
    session: AsyncSession, boards: Mapping[UUID, OpenBoard], *, can_paint: bool
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
            can_paint=can_paint and row.image_enabled,
        )
        for row in rows
    }


async def _acts(
    session: AsyncSession, people: Sequence[UUID], since: datetime
) -> tuple[dict[UUID, list[PastAct]], set[tuple[UUID, UUID, ActType]]]:
    """Return what personalities did, and to what, since a time; in order."""
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
            continue  # what was shared elsewhere tires nobody here
        kind = kind_of(ActionType(act.action_type))
        done = PastAct(
            personality_id=act.personality_id, board_id=act.board_id, kind=kind, at=act.created_at
        )
        acts.setdefault(act.personality_id, []).append(done)
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
    """Return how much a post is about what each personality is, or lately said, about."""
    text_ = await session.scalar(select(Post.content).where(Post.id == item.post_id)) or ""
    rows = await session.execute(_LINES, {"people": list(people), "since": item.at - _FRIENDSHIP})
    lines: dict[UUID, list[str]] = {}
    for personality_id, line in rows:
        lines.setdefault(personality_id, []).append(line)
    return {(each, item.id): similarity(text_, said) for each, said in lines.items()}


async def board_named(session: AsyncSession, name: str) -> Board | None:
    """Return the open board with an id, ours or its channel's on Discord."""
    return await session.scalar(
        select(Board).where(
            Board.closed_at.is_(None),
            (func.cast(Board.id, Text) == name.lower())
            | (func.cast(Board.channel_id, Text) == name),
        )
    )


async def member_named(session: AsyncSession, board_id: UUID, name: str) -> Personality | None:
    """Return who of a board has a name or an id."""
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


async def take_request_slot(
    session: AsyncSession, vendor: str, minute: datetime, limit: int
) -> bool:
    """Count a request to a vendor; False when the minute has no room for it."""
    statement = insert(VendorMinute).values(vendor=vendor, minute=minute, requests=1)
    counted = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["vendor", "minute"],
            set_={"requests": VendorMinute.requests + 1},
            where=VendorMinute.requests < limit,
        ).returning(VendorMinute.requests)
    )
    return counted is not None


async def prune_minutes(session: AsyncSession, before: datetime) -> None:
    """Forget how many requests there were in minutes that are long over."""
    await session.execute(delete(VendorMinute).where(VendorMinute.minute < before))


async def skip_stale(session: AsyncSession, before: datetime, now: datetime) -> None:
    """Leave undone what should have been done long ago and was not even begun."""
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
    """Return tasks that fall due until a time and are nobody's yet, locked."""
    found = await session.scalars(
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
    return found.all()


async def referenced_keys(session: AsyncSession, keys: Sequence[str]) -> frozenset[str]:
    """Return those of some storage keys that a post on a board references."""
    rows = await session.scalars(select(Media.storage_key).where(Media.storage_key.in_(keys)))
    return frozenset(rows)
