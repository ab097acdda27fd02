"""Statements about characters and their pictures."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, select, update
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
from services.characters.types import GalleryImage

OPEN = (CharacterStatus.DRAFT, CharacterStatus.PROFILING, CharacterStatus.GENERATING)
WAITING = (ArtifactStatus.PLANNED, ArtifactStatus.PAINTING)
# What the ledger calls looking at a photo, and painting a picture.
LOOK, PAINT = "character", "character picture"
# The step in which a picture is given to the vendor.
UPLOADED = "lent"
_DAY = timedelta(days=1)


async def hold_user(session: AsyncSession, user_id: UUID) -> None:
    """Let nobody else do something for this user until the transaction ends."""
    await session.execute(select(User.id).where(User.id == user_id).with_for_update())


async def find(session: AsyncSession, discord_id: int, name: str) -> Character | None:
    """Return a user's character of this name."""
    return await session.scalar(
        _of(discord_id).where(func.lower(Character.name) == func.lower(name))
    )


async def owned(
    session: AsyncSession, discord_id: int, character_id: UUID, *, lock: bool = False
) -> Character | None:
    """Return a character that is this user's."""
    wanted = _of(discord_id).where(Character.id == character_id)
    return await session.scalar(wanted.with_for_update(of=Character) if lock else wanted)


async def listed(session: AsyncSession, discord_id: int) -> Sequence[tuple[Character, int]]:
    """Return a user's characters with how many pictures each has, the newest first."""
    count = (
        select(func.count()).where(CharacterImage.character_id == Character.id).scalar_subquery()
    )
    found = await session.execute(
        _of(discord_id).add_columns(count).order_by(Character.created_at.desc())
    )
    return [(character, number) for character, number in found]


async def named(session: AsyncSession, user_id: UUID, name: str) -> Character | None:
    """Return the user's character of this name."""
    return await session.scalar(
        select(Character).where(
            Character.user_id == user_id, func.lower(Character.name) == func.lower(name)
        )
    )


async def count_open(session: AsyncSession, user_id: UUID) -> int:
    """Return how many of a user's characters are on their way."""
    return (
        await session.scalar(
            select(func.count()).where(Character.user_id == user_id, Character.status.in_(OPEN))
        )
        or 0
    )


async def count_today(session: AsyncSession, user_id: UUID, purpose: str) -> int:
    """Return how often models did this for a user within a day."""
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


async def count_waiting(session: AsyncSession, user_id: UUID) -> int:
    """Return how many pictures a user has on their way."""
    return (
        await session.scalar(
            select(func.count())
            .select_from(PromptArtifact)
            .join(Character, Character.id == PromptArtifact.character_id)
            .where(Character.user_id == user_id, PromptArtifact.status.in_(WAITING))
        )
        or 0
    )


async def artifacts(session: AsyncSession, run_token: UUID) -> Sequence[PromptArtifact]:
    """Return the pictures of an order, in order."""
    found = await session.scalars(
        select(PromptArtifact)
        .where(PromptArtifact.run_token == run_token)
        .order_by(PromptArtifact.variant)
    )
    return found.all()


async def is_anothers(session: AsyncSession, artifact_id: UUID, prediction_id: str) -> bool:
    """Whether a prediction is known as another picture's."""
    known = exists().where(
        PromptArtifact.prediction_id == prediction_id, PromptArtifact.id != artifact_id
    )
    return bool(await session.scalar(select(known)))


async def shown(session: AsyncSession, character_id: UUID) -> Sequence[GalleryImage]:
    """Return what is in a character's gallery, the newest first."""
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


async def thumbnails(session: AsyncSession, run_token: UUID) -> Sequence[str]:
    """Return where the thumbnails of an order are stored, as far as there are any."""
    found = await session.scalars(
        select(GeneratedAsset.storage_key)
        .join(PromptArtifact, PromptArtifact.id == GeneratedAsset.artifact_id)
        .where(PromptArtifact.run_token == run_token, GeneratedAsset.kind == AssetKind.THUMBNAIL)
        .order_by(PromptArtifact.variant)
    )
    return found.all()


async def selected(session: AsyncSession, character_id: UUID) -> str | None:
    """Return where the selected picture of a character is stored."""
    return await session.scalar(
        select(GeneratedAsset.storage_key)
        .join(CharacterImage, CharacterImage.artifact_id == GeneratedAsset.artifact_id)
        .where(
            CharacterImage.character_id == character_id,
            CharacterImage.is_selected,
            GeneratedAsset.kind == AssetKind.IMAGE,
        )
    )


async def select_image(session: AsyncSession, character_id: UUID, image_id: UUID) -> bool:
    """Select a picture instead of the one that was; False when it is not there."""
    mine = CharacterImage.character_id == character_id
    await session.execute(update(CharacterImage).where(mine).values(is_selected=False))
    changed = await session.scalars(
        update(CharacterImage)
        .where(mine, CharacterImage.id == image_id)
        .values(is_selected=True)
        .returning(CharacterImage.id)
    )
    return changed.first() is not None


async def discard(session: AsyncSession, character_id: UUID, image_id: UUID) -> Sequence[str]:
    """Take a picture out of a gallery; return where its files are stored."""
    artifact_id = await session.scalar(
        delete(CharacterImage)
        .where(CharacterImage.character_id == character_id, CharacterImage.id == image_id)
        .returning(CharacterImage.artifact_id)
    )
    gone = await session.scalars(
        delete(GeneratedAsset)
        .where(GeneratedAsset.artifact_id == artifact_id)
        .returning(GeneratedAsset.storage_key)
    )
    return gone.all()


async def profile(session: AsyncSession, character_id: UUID) -> CharacterProfile | None:
    """Return what is known of a character."""
    return await session.get(CharacterProfile, character_id)


async def uploads(session: AsyncSession, job_id: UUID) -> str | None:
    """Return what a job has lent to the vendor, and where the vendor has it."""
    return await session.scalar(
        select(JobStep.output).where(JobStep.job_id == job_id, JobStep.name == UPLOADED)
    )


async def clear_uploads(session: AsyncSession, job_id: UUID) -> None:
    """Let a picture be lent anew: what was lent has been taken back."""
    await session.execute(delete(JobStep).where(JobStep.job_id == job_id, JobStep.name == UPLOADED))


async def of_run(session: AsyncSession, payload: Mapping[str, str]) -> Character | None:
    """Return the character of an order, unless it is gone or has another order by now."""
    return await session.scalar(
        select(Character).where(
            Character.id == UUID(payload["character"]),
            Character.run_token == UUID(payload["run"]),
        )
    )


def _of(discord_id: int) -> Select[Character]:
    return select(Character).join(User).where(User.discord_id == discord_id)
