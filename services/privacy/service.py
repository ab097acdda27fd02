"""Handing out, deleting and never again writing down what belongs to a person."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import Base
from db.models import (
    Board,
    Character,
    CharacterImage,
    CharacterProfile,
    Comment,
    ConversationLine,
    EngineTask,
    GeneratedAsset,
    Job,
    JobStep,
    LlmCall,
    LlmConfig,
    Memory,
    OptOut,
    Persona,
    Personality,
    PersonalityLike,
    PersonalityOwner,
    Photo,
    Post,
    PromptArtifact,
    PublishAttempt,
    SocialPost,
    SocialTarget,
    User,
    UserPersonalityConfig,
    Vote,
)
from db.session import Sessions
from services.characters import delete_characters
from services.social import delete_photos_and_posts
from services.types import Actor

# Made from the rest, or a way to speak in our name for some minutes.
_LEFT_OUT = {"embedding", "words", "reply"}


@dataclass(frozen=True)
class Export:
    """All that is kept of a person, as JSON, and how many rows that are."""

    data: bytes
    rows: int


class PrivacyService:
    """The rights of people over what is kept of them, users of the bot or not."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def export(self, actor: Actor) -> Export:
        """Return everything that is kept of the actor."""
        async with self._sessions() as session:
            found = {
                name: [_plain(row) for row in await session.scalars(statement)]
                for name, statement in _owned_rows(actor.discord_id).items()
            }
        data = json.dumps(found, ensure_ascii=False, indent=1, default=str).encode()
        return Export(data, sum(map(len, found.values())))

    async def delete(self, actor: Actor) -> None:
        """Delete everything that is kept of the actor, and personalities that are theirs alone."""
        async with self._sessions.begin() as session:
            await _erase_words(session, actor.discord_id)
            user_id = await session.scalar(
                select(User.id).where(User.discord_id == actor.discord_id)
            )
            if user_id is None:
                return
            alone = (
                select(PersonalityOwner.personality_id)
                .group_by(PersonalityOwner.personality_id)
                .having(func.bool_and(PersonalityOwner.user_id == user_id))
            )
            keys = func.concat("personality:", PersonalityOwner.personality_id)
            theirs = select(keys).where(PersonalityOwner.personality_id.in_(alone))
            # What a model said of their personalities is in the steps of these.
            await session.execute(delete(Job).where(Job.lock_key.in_(theirs)))
            await delete_photos_and_posts(session, (await session.scalars(alone)).all())
            await session.execute(delete(Personality).where(Personality.id.in_(alone)))
            await delete_characters(session, user_id)
            await _take_back_likes(session, user_id)
            await session.execute(delete(User).where(User.id == user_id))

    async def is_opted_out(self, actor: Actor) -> bool:
        """Whether the actor wants to be in nothing."""
        async with self._sessions() as session:
            return await session.get(OptOut, actor.discord_id) is not None

    async def opt_out(self, actor: Actor) -> None:
        """Never again read or keep what the actor says, and delete what was kept."""
        async with self._sessions.begin() as session:
            await session.merge(OptOut(discord_id=actor.discord_id))
            await _erase_words(session, actor.discord_id)

    async def opt_in(self, actor: Actor) -> None:
        """Hear the actor again."""
        async with self._sessions.begin() as session:
            await session.execute(delete(OptOut).where(OptOut.discord_id == actor.discord_id))


def _owned_rows(discord_id: int) -> dict[str, Select[Any]]:
    user = select(User.id).where(User.discord_id == discord_id).scalar_subquery()
    owned = select(PersonalityOwner.personality_id).where(PersonalityOwner.user_id == user)
    drawn = select(Character.id).where(Character.user_id == user)
    return {
        "user": select(User).where(User.discord_id == discord_id),
        "personas": select(Persona).where(Persona.owner_id == user),
        "personalities": select(Personality).where(Personality.id.in_(owned)),
        "llm_configs": select(LlmConfig).where(LlmConfig.owner_id == user),
        "choices": select(UserPersonalityConfig).where(UserPersonalityConfig.user_id == user),
        "conversations": select(ConversationLine)
        .where(or_(ConversationLine.user_id == user, ConversationLine.speaker_id == discord_id))
        .order_by(ConversationLine.created_at),
        "memories": select(Memory).where(Memory.user_id == user).order_by(Memory.created_at),
        "characters": select(Character).where(Character.user_id == user),
        "character_profiles": select(CharacterProfile).where(
            CharacterProfile.character_id.in_(drawn)
        ),
        "prompt_artifacts": select(PromptArtifact).where(PromptArtifact.character_id.in_(drawn)),
        "character_images": select(CharacterImage).where(CharacterImage.character_id.in_(drawn)),
        "generated_assets": select(GeneratedAsset).where(
            GeneratedAsset.artifact_id.in_(
                select(PromptArtifact.id).where(PromptArtifact.character_id.in_(drawn))
            )
        ),
        "photos": select(Photo).where(Photo.personality_id.in_(owned)),
        "social_posts": select(SocialPost).where(SocialPost.personality_id.in_(owned)),
        "social_targets": select(SocialTarget).where(SocialTarget.personality_id.in_(owned)),
        "posts": select(Post).where(Post.author_id == discord_id),
        "comments": select(Comment).where(Comment.author_id == discord_id),
        "votes": select(Vote).where(Vote.author_id == discord_id),
        "publish_attempts": select(PublishAttempt).where(PublishAttempt.user_id == user),
        "likes": select(PersonalityLike).where(PersonalityLike.user_id == user),
        "model_calls": select(LlmCall).where(LlmCall.user_id == user),
        "opted_out": select(OptOut).where(OptOut.discord_id == discord_id),
    }


async def _take_back_likes(session: AsyncSession, user_id: UUID) -> None:
    """Take a user's likes back, and count those that are left."""
    likes = PersonalityLike
    liked = select(likes.personality_id).where(likes.user_id == user_id)
    found = await session.scalars(
        select(Personality.id)
        .where(Personality.id.in_(liked))
        .order_by(Personality.id)
        .with_for_update()
    )
    ids = found.all()
    await session.execute(delete(likes).where(likes.user_id == user_id))
    left = select(func.count()).where(likes.personality_id == Personality.id).scalar_subquery()
    await session.execute(
        update(Personality).where(Personality.id.in_(ids)).values(likes_count=left)
    )


async def _erase_words(session: AsyncSession, discord_id: int) -> None:
    """Delete what a person said, what was answered to them, and what was remembered of it."""
    user = select(User.id).where(User.discord_id == discord_id).scalar_subquery()
    await _release(session, discord_id)
    said: Sequence[Any] = (
        delete(Memory).where(Memory.user_id == user),
        # With what was said in answer to it.
        delete(Post).where(Post.author_id == discord_id),
        delete(Comment).where(Comment.author_id == discord_id),
        delete(ConversationLine).where(
            or_(ConversationLine.user_id == user, ConversationLine.speaker_id == discord_id)
        ),
    )
    for statement in said:
        await session.execute(statement)


async def _release(session: AsyncSession, discord_id: int) -> None:
    """Forget what was written in answer to a person on boards, and their votes with the counts."""
    posts = select(Post.id).where(Post.author_id == discord_id)
    comments = select(Comment.id).where(Comment.author_id == discord_id)
    # In the order in which whoever acts takes them: tasks first.
    about = await session.execute(
        select(EngineTask.id, EngineTask.job_id)
        .where(EngineTask.post_id.in_(posts) | EngineTask.comment_id.in_(comments))
        .order_by(EngineTask.id)
        .with_for_update()
    )
    answers = await session.scalars(
        select(Comment.discord_message_ids).where(
            Comment.post_id.in_(posts) | Comment.parent_id.in_(comments)
        )
    )
    messages = [message_id for ids in answers for message_id in ids]
    await session.execute(
        delete(ConversationLine).where(ConversationLine.discord_message_ids.overlap(messages))
    )
    jobs = [row.job_id for row in about if row.job_id is not None]
    # What a model has answered is in the steps of these; what is not over ends without a word.
    await session.execute(delete(JobStep).where(JobStep.job_id.in_(jobs)))
    await session.execute(update(Board).where(Board.opened_by == discord_id).values(opened_by=None))
    for kind, target in ((Post, Vote.post_id), (Comment, Vote.comment_id)):
        voted = select(target).where(Vote.author_id == discord_id, target.is_not(None))
        ids = (await session.scalars(voted)).all()
        mine = delete(Vote).where(Vote.author_id == discord_id, target.in_(ids))
        await session.execute(mine)
        for value, column in ((1, "ups"), (-1, "downs")):
            left = select(func.count()).where(target == kind.id, Vote.value == value)
            await session.execute(
                update(kind).where(kind.id.in_(ids)).values({column: left.scalar_subquery()})
            )


def _plain(row: Base) -> dict[str, Any]:
    return {
        column.key: getattr(row, column.key)
        for column in row.__mapper__.column_attrs
        if column.key not in _LEFT_OUT
    }
