"""Export, deletion and opt-out of personal data."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Select,
    delete,
    func,
    literal,
    or_,
    select,
    union,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import Base
from db.models import (
    AnswerRating,
    AnswerTake,
    ApiKey,
    Board,
    Character,
    CharacterImage,
    CharacterProfile,
    Comment,
    ConversationLine,
    EngineTask,
    Fact,
    GeneratedAsset,
    Job,
    JobStep,
    LlmCall,
    LlmConfig,
    Lorebook,
    LoreEntry,
    LoreScope,
    Memory,
    OptOut,
    Persona,
    Personality,
    PersonalityAlias,
    PersonalityCard,
    PersonalityLike,
    PersonalityOwner,
    PersonalityVersion,
    Photo,
    Post,
    PromptArtifact,
    PublishAttempt,
    SittingSummary,
    SocialPost,
    SocialTarget,
    User,
    UserPersonalityConfig,
    Vote,
)
from db.session import Sessions
from services.access import forget_actor
from services.characters import delete_characters
from services.chat import mark_forgotten
from services.personalities import pass_on
from services.privacy.quotes import erase_quotes
from services.social import delete_photos_and_posts
from services.types import Actor

# Derived from other columns, or a token that is valid for some minutes.
_OMITTED_COLUMNS = {"embedding", "model_embedding", "terms", "words", "reply", "sealed"}


@dataclass(frozen=True)
class Export:
    """All data of a person as JSON, and the number of rows."""

    data: bytes
    rows: int


class PrivacyService:
    """The rights of people over their data, whether they use the bot or not."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def export(self, actor: Actor) -> Export:
        """Return all stored data of the actor."""
        async with self._sessions() as session:
            tables = {
                name: [_to_dict(row) for row in await session.scalars(statement)]
                for name, statement in _owned_statements(actor.discord_id).items()
            }
        data = json.dumps(tables, ensure_ascii=False, indent=1, default=str).encode()
        return Export(data, sum(map(len, tables.values())))

    async def delete(self, actor: Actor) -> None:
        """Delete all stored data of the actor, and personalities that only they own."""
        async with self._sessions.begin() as session:
            await mark_forgotten(session, actor.discord_id)
            await _erase_content(session, actor.discord_id)
            await forget_actor(session, actor.discord_id)
            await session.execute(delete(User).where(User.account_id == actor.discord_id))
            user_id = await session.scalar(
                select(User.id).where(User.discord_id == actor.discord_id)
            )
            if user_id is None:
                return
            sole_ids = (
                select(PersonalityOwner.personality_id)
                .group_by(PersonalityOwner.personality_id)
                .having(func.bool_and(PersonalityOwner.user_id == user_id))
            )
            keys = func.concat("personality:", PersonalityOwner.personality_id)
            job_keys = select(keys).where(PersonalityOwner.personality_id.in_(sole_ids))
            # The steps of these jobs contain answers of models about the personalities.
            await session.execute(delete(Job).where(Job.lock_key.in_(job_keys)))
            await delete_photos_and_posts(session, (await session.scalars(sole_ids)).all())
            await session.execute(delete(Personality).where(Personality.id.in_(sole_ids)))
            await delete_characters(session, user_id)
            await _remove_likes(session, user_id)
            made = select(Personality.id).where(Personality.maker_id == user_id)
            made_ids = (await session.scalars(made)).all()
            await session.execute(delete(User).where(User.id == user_id))
            await pass_on(session, made_ids)

    async def is_opted_out(self, actor: Actor) -> bool:
        """Whether the actor has opted out."""
        async with self._sessions() as session:
            return await session.get(OptOut, actor.discord_id) is not None

    async def opt_out(self, actor: Actor) -> None:
        """Stop processing and storing the actor's messages, and delete those stored."""
        async with self._sessions.begin() as session:
            await session.merge(OptOut(discord_id=actor.discord_id))
            await mark_forgotten(session, actor.discord_id)
            await _erase_content(session, actor.discord_id)

    async def opt_in(self, actor: Actor) -> None:
        """Process the actor's messages again."""
        async with self._sessions.begin() as session:
            await session.execute(delete(OptOut).where(OptOut.discord_id == actor.discord_id))


def _users(discord_id: int) -> Select[UUID]:
    """Select a person's user, and those of the members that a proxy bot speaks for."""
    return select(User.id).where(or_(User.discord_id == discord_id, User.account_id == discord_id))


def _speakers(discord_id: int) -> CompoundSelect[int]:
    """Select the ids under which a person speaks."""
    members = select(User.discord_id).where(User.account_id == discord_id)
    return union(select(literal(discord_id, BigInteger)), members)


def _owned_statements(discord_id: int) -> dict[str, Select[Any]]:
    user, speaker = _users(discord_id), _speakers(discord_id)
    personality_ids = select(PersonalityOwner.personality_id).where(
        PersonalityOwner.user_id.in_(user)
    )
    character_ids = select(Character.id).where(Character.user_id.in_(user))
    line_ids = select(ConversationLine.id).where(
        or_(ConversationLine.user_id.in_(user), ConversationLine.speaker_id.in_(speaker))
    )
    return {
        "user": select(User).where(User.id.in_(user)),
        "personas": select(Persona).where(Persona.owner_id.in_(user)),
        "personalities": select(Personality).where(Personality.id.in_(personality_ids)),
        "llm_configs": select(LlmConfig).where(LlmConfig.owner_id.in_(user)),
        "api_keys": select(ApiKey).where(ApiKey.owner_id.in_(user)),
        "choices": select(UserPersonalityConfig).where(UserPersonalityConfig.user_id.in_(user)),
        "conversations": select(ConversationLine)
        .where(or_(ConversationLine.user_id.in_(user), ConversationLine.speaker_id.in_(speaker)))
        .order_by(ConversationLine.created_at),
        "answer_takes": select(AnswerTake).where(AnswerTake.line_id.in_(line_ids)),
        "answer_ratings": select(AnswerRating).where(AnswerRating.user_id.in_(user)),
        "memories": select(Memory).where(Memory.user_id.in_(user)).order_by(Memory.created_at),
        "facts": select(Fact).where(Fact.user_id.in_(user)).order_by(Fact.told_at),
        "sitting_summaries": select(SittingSummary)
        .where(SittingSummary.user_id.in_(user))
        .order_by(SittingSummary.started_at),
        "characters": select(Character).where(Character.user_id.in_(user)),
        "character_profiles": select(CharacterProfile).where(
            CharacterProfile.character_id.in_(character_ids)
        ),
        "prompt_artifacts": select(PromptArtifact).where(
            PromptArtifact.character_id.in_(character_ids)
        ),
        "character_images": select(CharacterImage).where(
            CharacterImage.character_id.in_(character_ids)
        ),
        "generated_assets": select(GeneratedAsset).where(
            GeneratedAsset.artifact_id.in_(
                select(PromptArtifact.id).where(PromptArtifact.character_id.in_(character_ids))
            )
        ),
        "personality_aliases": select(PersonalityAlias).where(
            PersonalityAlias.personality_id.in_(personality_ids)
        ),
        "personality_versions": select(PersonalityVersion).where(
            PersonalityVersion.personality_id.in_(personality_ids)
        ),
        "personality_cards": select(PersonalityCard).where(
            PersonalityCard.personality_id.in_(personality_ids)
        ),
        "lorebooks": select(Lorebook).where(Lorebook.id.in_(_lorebooks(user))),
        "lore_entries": select(LoreEntry).where(LoreEntry.lorebook_id.in_(_lorebooks(user))),
        "photos": select(Photo).where(Photo.personality_id.in_(personality_ids)),
        "social_posts": select(SocialPost).where(SocialPost.personality_id.in_(personality_ids)),
        "social_targets": select(SocialTarget).where(
            SocialTarget.personality_id.in_(personality_ids)
        ),
        "posts": select(Post).where(Post.author_id.in_(speaker)),
        "comments": select(Comment).where(Comment.author_id.in_(speaker)),
        "votes": select(Vote).where(Vote.author_id.in_(speaker)),
        "publish_attempts": select(PublishAttempt).where(PublishAttempt.user_id.in_(user)),
        "likes": select(PersonalityLike).where(PersonalityLike.user_id.in_(user)),
        "model_calls": select(LlmCall).where(LlmCall.user_id.in_(user)),
        "opted_out": select(OptOut).where(OptOut.discord_id == discord_id),
    }


def _lorebooks(user: Select[UUID]) -> Select[UUID]:
    personalities = select(PersonalityOwner.personality_id).where(
        PersonalityOwner.user_id.in_(user)
    )
    personas = select(Persona.id).where(Persona.owner_id.in_(user))
    return select(Lorebook.id).where(
        or_(
            Lorebook.maker_id.in_(user),
            Lorebook.personality_id.in_(personalities),
            Lorebook.persona_id.in_(personas),
        )
    )


async def _remove_likes(session: AsyncSession, user_id: UUID) -> None:
    """Delete a user's likes, and update the counts."""
    likes = PersonalityLike
    liked_ids = select(likes.personality_id).where(likes.user_id == user_id)
    rows = await session.scalars(
        select(Personality.id)
        .where(Personality.id.in_(liked_ids))
        .order_by(Personality.id)
        .with_for_update()
    )
    ids = rows.all()
    await session.execute(delete(likes).where(likes.user_id == user_id))
    remaining = select(func.count()).where(likes.personality_id == Personality.id).scalar_subquery()
    await session.execute(
        update(Personality).where(Personality.id.in_(ids)).values(likes_count=remaining)
    )


async def _erase_content(session: AsyncSession, discord_id: int) -> None:
    """Delete a person's messages, the answers to them, and the memories of both."""
    user, speaker = _users(discord_id), _speakers(discord_id)
    users = (await session.scalars(user)).all()
    await erase_quotes(session, users, (await session.scalars(speaker)).all())
    await _erase_board_data(session, discord_id)
    statements: Sequence[Any] = (
        delete(Memory).where(or_(Memory.user_id.in_(user), Memory.author_id.in_(speaker))),
        # Those of DMs; those of a server are its moderators'.
        delete(Lorebook).where(
            Lorebook.maker_id.in_(user),
            Lorebook.scope == LoreScope.CHANNEL,
            Lorebook.guild_id.is_(None),
        ),
        # Answers are deleted by cascade.
        delete(Post).where(Post.author_id.in_(speaker)),
        delete(Comment).where(Comment.author_id.in_(speaker)),
        delete(ConversationLine).where(
            or_(ConversationLine.user_id.in_(user), ConversationLine.speaker_id.in_(speaker))
        ),
    )
    for statement in statements:
        await session.execute(statement)


async def _erase_board_data(session: AsyncSession, discord_id: int) -> None:
    """Delete answers to a person on boards, and their votes, and update the counts."""
    speaker = _speakers(discord_id)
    posts = select(Post.id).where(Post.author_id.in_(speaker))
    comments = select(Comment.id).where(Comment.author_id.in_(speaker))
    # Lock in the same order as the engine does: tasks first.
    tasks = await session.execute(
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
    jobs = [row.job_id for row in tasks if row.job_id is not None]
    # The steps of these jobs contain answers of models; unfinished jobs then end without a message.
    await session.execute(delete(JobStep).where(JobStep.job_id.in_(jobs)))
    await session.execute(update(Board).where(Board.opened_by == discord_id).values(opened_by=None))
    for kind, target in ((Post, Vote.post_id), (Comment, Vote.comment_id)):
        voted_ids = select(target).where(Vote.author_id.in_(speaker), target.is_not(None))
        ids = (await session.scalars(voted_ids)).all()
        own_votes = delete(Vote).where(Vote.author_id.in_(speaker), target.in_(ids))
        await session.execute(own_votes)
        for value, column in ((1, "ups"), (-1, "downs")):
            remaining = select(func.count()).where(target == kind.id, Vote.value == value)
            await session.execute(
                update(kind).where(kind.id.in_(ids)).values({column: remaining.scalar_subquery()})
            )


def _to_dict(row: Base) -> dict[str, Any]:
    return {
        column.key: _to_json(getattr(row, column.key))
        for column in row.__mapper__.column_attrs
        if column.key not in _OMITTED_COLUMNS
    }


def _to_json(value: Any) -> Any:
    """Return a value for JSON: the picture of a card as base64."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
