"""Queries of characters and their pictures."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from db.models import (
    ArtifactStatus,
    AssetKind,
    CallOutcome,
    Character,
    CharacterImage,
    CharacterProfile,
    CharacterStatus,
    GeneratedAsset,
    JobStep,
    LlmCall,
    PromptArtifact,
    User,
)
from services.characters.types import GalleryImage, RunPayload

UNFINISHED_CHARACTERS = (
    CharacterStatus.DRAFT,
    CharacterStatus.PROFILING,
    CharacterStatus.GENERATING,
)
UNFINISHED_PICTURES = (ArtifactStatus.PLANNED, ArtifactStatus.PAINTING)
# The purposes in the ledger of describing a photo and of generating a picture.
VISION_PURPOSE, IMAGE_PURPOSE = "character", "character picture"
# The step that uploads the reference picture to the vendor.
UPLOAD_STEP = "lent"
_DAY = timedelta(days=1)


async def lock_user(session: AsyncSession, user_id: UUID) -> None:
    """Lock a user's row until the transaction ends, to serialize what counts against limits."""
    await session.execute(select(User.id).where(User.id == user_id).with_for_update())


async def find(session: AsyncSession, discord_id: int, name: str) -> Character | None:
    """Return a Discord user's character of this name."""
    return await session.scalar(
        _owned_by(discord_id).where(func.lower(Character.name) == func.lower(name))
    )


async def find_owned(
    session: AsyncSession, discord_id: int, character_id: UUID, *, lock: bool = False
) -> Character | None:
    """Return a character if it belongs to this Discord user."""
    statement = _owned_by(discord_id).where(Character.id == character_id)
    return await session.scalar(statement.with_for_update(of=Character) if lock else statement)


async def list_with_counts(
    session: AsyncSession, discord_id: int
) -> Sequence[tuple[Character, int]]:
    """Return a user's characters with their numbers of pictures, the newest first."""
    count = (
        select(func.count()).where(CharacterImage.character_id == Character.id).scalar_subquery()
    )
    rows = await session.execute(
        _owned_by(discord_id).add_columns(count).order_by(Character.created_at.desc())
    )
    return [(character, number) for character, number in rows]


async def find_by_user(session: AsyncSession, user_id: UUID, name: str) -> Character | None:
    """Return the user's character of this name."""
    return await session.scalar(
        select(Character).where(
            Character.user_id == user_id, func.lower(Character.name) == func.lower(name)
        )
    )


async def count_unfinished(session: AsyncSession, user_id: UUID) -> int:
    """Return how many of a user's characters are being generated."""
    return (
        await session.scalar(
            select(func.count()).where(
                Character.user_id == user_id, Character.status.in_(UNFINISHED_CHARACTERS)
            )
        )
        or 0
    )


async def count_calls_today(session: AsyncSession, user_id: UUID, purpose: str) -> int:
    """Return the number of successful model calls for a user within 24 hours."""
    return (
        await session.scalar(
            select(func.count()).where(
                LlmCall.user_id == user_id,
                LlmCall.purpose == purpose,
                LlmCall.outcome == CallOutcome.OK,
                LlmCall.created_at > func.now() - _DAY,
            )
        )
        or 0
    )


async def count_unfinished_pictures(session: AsyncSession, user_id: UUID) -> int:
    """Return how many pictures of a user are being generated."""
    return (
        await session.scalar(
            select(func.count())
            .select_from(PromptArtifact)
            .join(Character, Character.id == PromptArtifact.character_id)
            .where(Character.user_id == user_id, PromptArtifact.status.in_(UNFINISHED_PICTURES))
        )
        or 0
    )


async def artifacts(session: AsyncSession, run_token: UUID) -> Sequence[PromptArtifact]:
    """Return the pictures of an order by variant."""
    rows = await session.scalars(
        select(PromptArtifact)
        .where(PromptArtifact.run_token == run_token)
        .order_by(PromptArtifact.variant)
    )
    return rows.all()


async def belongs_to_other(session: AsyncSession, artifact_id: UUID, prediction_id: str) -> bool:
    """Whether a prediction belongs to another picture."""
    other = exists().where(
        PromptArtifact.prediction_id == prediction_id, PromptArtifact.id != artifact_id
    )
    return bool(await session.scalar(select(other)))


async def gallery_images(session: AsyncSession, character_id: UUID) -> Sequence[GalleryImage]:
    """Return the pictures of a character's gallery, the newest first."""
    whole, small = aliased(GeneratedAsset), aliased(GeneratedAsset)
    rows = await session.execute(
        select(CharacterImage, PromptArtifact, whole, small)
        .join(PromptArtifact, PromptArtifact.id == CharacterImage.artifact_id)
        .join(whole, (whole.artifact_id == PromptArtifact.id) & (whole.kind == AssetKind.IMAGE))
        .join(small, (small.artifact_id == PromptArtifact.id) & (small.kind == AssetKind.THUMBNAIL))
        .where(CharacterImage.character_id == character_id)
        .order_by(PromptArtifact.created_at.desc(), PromptArtifact.variant)
    )
    return [
        GalleryImage(image=image, artifact=artifact, asset=asset, thumbnail=thumbnail)
        for image, artifact, asset, thumbnail in rows
    ]


async def thumbnail_keys(session: AsyncSession, run_token: UUID) -> Sequence[str]:
    """Return the storage keys of the thumbnails of an order that exist."""
    keys = await session.scalars(
        select(GeneratedAsset.storage_key)
        .join(PromptArtifact, PromptArtifact.id == GeneratedAsset.artifact_id)
        .where(PromptArtifact.run_token == run_token, GeneratedAsset.kind == AssetKind.THUMBNAIL)
        .order_by(PromptArtifact.variant)
    )
    return keys.all()


async def selected_key(session: AsyncSession, character_id: UUID) -> str | None:
    """Return the storage key of a character's selected picture."""
    return await session.scalar(
        select(GeneratedAsset.storage_key)
        .join(CharacterImage, CharacterImage.artifact_id == GeneratedAsset.artifact_id)
        .where(
            CharacterImage.character_id == character_id,
            CharacterImage.is_selected,
            GeneratedAsset.kind == AssetKind.IMAGE,
        )
    )


async def selected_scene(session: AsyncSession, character_id: UUID) -> str | None:
    """Return what a character's selected picture shows."""
    return await session.scalar(
        select(PromptArtifact.scene)
        .join(CharacterImage, CharacterImage.artifact_id == PromptArtifact.id)
        .where(CharacterImage.character_id == character_id, CharacterImage.is_selected)
    )


async def select_image(session: AsyncSession, character_id: UUID, image_id: UUID) -> bool:
    """Select a picture instead of the current one; return False if it does not exist."""
    in_gallery = CharacterImage.character_id == character_id
    await session.execute(update(CharacterImage).where(in_gallery).values(is_selected=False))
    updated = await session.scalars(
        update(CharacterImage)
        .where(in_gallery, CharacterImage.id == image_id)
        .values(is_selected=True)
        .returning(CharacterImage.id)
    )
    return updated.first() is not None


async def delete_image(session: AsyncSession, character_id: UUID, image_id: UUID) -> Sequence[str]:
    """Delete a picture from a gallery; return the storage keys of its files."""
    artifact_id = await session.scalar(
        delete(CharacterImage)
        .where(CharacterImage.character_id == character_id, CharacterImage.id == image_id)
        .returning(CharacterImage.artifact_id)
    )
    keys = await session.scalars(
        delete(GeneratedAsset)
        .where(GeneratedAsset.artifact_id == artifact_id)
        .returning(GeneratedAsset.storage_key)
    )
    return keys.all()


async def profile(session: AsyncSession, character_id: UUID) -> CharacterProfile | None:
    """Return a character's profile."""
    return await session.get(CharacterProfile, character_id)


async def upload_url(session: AsyncSession, job_id: UUID) -> str | None:
    """Return the URL of the picture that a job has uploaded to the vendor."""
    return await session.scalar(
        select(JobStep.output).where(JobStep.job_id == job_id, JobStep.name == UPLOAD_STEP)
    )


async def forget_upload(session: AsyncSession, job_id: UUID) -> None:
    """Delete the upload step of a job, so that a retry uploads the picture again."""
    await session.execute(
        delete(JobStep).where(JobStep.job_id == job_id, JobStep.name == UPLOAD_STEP)
    )


async def find_by_run(session: AsyncSession, payload: RunPayload) -> Character | None:
    """Return the character of an order, unless it was deleted or has a newer order."""
    return await session.scalar(
        select(Character).where(
            Character.id == payload.character,
            Character.run_token == payload.run,
        )
    )


def _owned_by(discord_id: int) -> Select[Character]:
    return select(Character).join(User).where(User.discord_id == discord_id)


async def referenced_keys(session: AsyncSession, keys: Sequence[str]) -> frozenset[str]:
    """Return those of some storage keys that a character or one of its pictures references."""
    rows = await session.scalars(
        union_all(
            select(GeneratedAsset.storage_key).where(GeneratedAsset.storage_key.in_(keys)),
            select(Character.photo_key).where(Character.photo_key.in_(keys)),
        )
    )
    return frozenset(key for key in rows if key)
