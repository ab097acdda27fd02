"""Who acts on something, without a model being asked."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from db.models import ActType, BoardKind
from services.engine import Presence
from services.engine.selector import weights
from services.engine.similarity import similarity
from services.engine.types import BoardItem, EngineSnapshot, OpenBoard, Participant, PastAct

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BOARD = OpenBoard(id=uuid4(), kind=BoardKind.STAGE)


def seat(number: int) -> Participant:
    """Return a seat of somebody whose temper is everybody's."""
    return Participant(id=UUID(int=number), name=str(number), seed="same", boards=(BOARD.id,))


def item(author: Participant) -> BoardItem:
    id_ = uuid4()
    return BoardItem(
        id=id_, board_id=BOARD.id, post_id=id_, depth=0, personality_id=author.id, at=NOW
    )


def done(who: Participant, ago: timedelta) -> PastAct:
    return PastAct(personality_id=who.id, board_id=BOARD.id, kind=ActType.COMMENT, at=NOW - ago)


def test_recency_friendship_and_topic_each_make_somebody_likelier() -> None:
    author, plain, other = seat(1), seat(2), seat(3)
    post = item(author)
    society = EngineSnapshot(
        boards={BOARD.id: BOARD}, participants={each.id: each for each in (plain, other)}
    )

    def likelier() -> float:
        first, second = weights(society, Presence(), post, [plain, other])
        return second / first

    assert likelier() == 1
    society.topics[other.id, post.id] = 0.5
    by_topic = likelier()
    society.topics.clear()
    society.affinity[other.id, author.id] = 3
    by_affinity = likelier()
    society.affinity.clear()
    society.acts[other.id] = [done(other, timedelta(minutes=5))]
    by_recency = likelier()

    assert 1 < by_topic < by_affinity < by_recency


def test_likeness_is_of_the_likest_line() -> None:
    lines = ("the kettle sings in the morning", "nets and boats, and nets again")

    assert similarity("Who mends nets for boats?", lines) > 0.4
    assert similarity("Who mends nets for boats?", lines[:1]) == 0
    assert similarity("", lines) == similarity("nets", ()) == 0
    assert similarity(lines[1], lines) == 1
