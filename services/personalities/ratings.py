"""What users think of a personality's answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AnswerRating


@dataclass(frozen=True)
class ModelRating:
    """How many answers of a personality, written by a model, users liked and did not like."""

    model: str
    likes: int
    dislikes: int


async def ratings(session: AsyncSession, personality_id: UUID) -> Sequence[ModelRating]:
    """Return what users think of a personality's answers, by model."""
    is_liked = AnswerRating.is_liked
    rows = await session.execute(
        select(
            AnswerRating.model,
            func.count().filter(is_liked).label("likes"),
            func.count().filter(~is_liked).label("dislikes"),
        )
        .where(AnswerRating.personality_id == personality_id)
        .group_by(AnswerRating.model)
        .order_by(func.count().desc(), AnswerRating.model)
    )
    return [ModelRating(row.model, row.likes, row.dislikes) for row in rows]
