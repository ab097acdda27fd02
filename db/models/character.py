"""Characters: illustrated figures generated from a photo, their profiles and pictures."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from db.base import Base, Keyed, Timestamped


class CharacterStatus(StrEnum):
    """The status of a character."""

    DRAFT = "draft"
    PROFILING = "profiling"
    GENERATING = "generating"
    READY = "ready"
    FAILED = "failed"


class ArtifactStatus(StrEnum):
    """The status of a picture. A lost one may have been billed, but its file is gone."""

    PLANNED = "planned"
    PAINTING = "painting"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"


class AssetKind(StrEnum):
    """The kind of a stored file of a picture."""

    IMAGE = "image"
    THUMBNAIL = "thumbnail"


class Character(Keyed, Timestamped, Base, kw_only=True):
    """A figure generated from a photo. `run_token` identifies the last run of pictures.

    `photo_key` is the storage key of the photo until it is deleted; `reply` identifies the message
    that shows the progress, and is valid for some minutes.
    """

    __tablename__ = "characters"
    __table_args__ = (
        CheckConstraint(
            "status IN ('draft', 'profiling', 'generating', 'ready', 'failed')", name="status"
        ),
        Index("uq_characters_user_id_name", "user_id", text("lower(name)"), unique=True),
        Index("ix_characters_personality_id", "personality_id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    personality_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("personalities.id", ondelete="SET NULL"), default=None
    )
    name: Mapped[str]
    gender: Mapped[str]
    style: Mapped[str]
    status: Mapped[str] = mapped_column(
        default=CharacterStatus.DRAFT, server_default=CharacterStatus.DRAFT
    )
    error: Mapped[str | None] = mapped_column(default=None)
    photo_key: Mapped[str | None] = mapped_column(default=None)
    run_token: Mapped[UUID]
    job_id: Mapped[UUID | None] = mapped_column(default=None)
    reply: Mapped[dict[str, Any] | None] = mapped_column(default=None)


class CharacterProfile(Base, kw_only=True):
    """A model's description of the photo, as edited by its owner.

    `features` are distinctive features, `do_not_change` those that every picture must keep.
    """

    __tablename__ = "character_profiles"

    character_id: Mapped[UUID] = mapped_column(
        ForeignKey("characters.id", ondelete="CASCADE"), primary_key=True
    )
    age_band: Mapped[str]
    hair: Mapped[str]
    eyes: Mapped[str]
    skin: Mapped[str]
    face: Mapped[str]
    build: Mapped[str]
    clothing: Mapped[str]
    accessories: Mapped[list[str]] = mapped_column(ARRAY(Text))
    color_palette: Mapped[list[str]] = mapped_column(ARRAY(Text))
    features: Mapped[list[str]] = mapped_column(ARRAY(Text))
    do_not_change: Mapped[list[str]] = mapped_column(ARRAY(Text))
    model: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())


class PromptArtifact(Keyed, Base, kw_only=True):
    """A requested picture: prompt, model, parameters and result."""

    __tablename__ = "prompt_artifacts"
    __table_args__ = (
        CheckConstraint(
            "status IN ('planned', 'painting', 'done', 'failed', 'lost')", name="status"
        ),
        UniqueConstraint("character_id", "style", "run_token", "variant"),
        Index("ix_prompt_artifacts_character_id_created_at", "character_id", "created_at"),
    )

    character_id: Mapped[UUID] = mapped_column(ForeignKey("characters.id", ondelete="CASCADE"))
    run_token: Mapped[UUID]
    variant: Mapped[int] = mapped_column(Integer)
    style: Mapped[str]
    scene: Mapped[str]
    scene_text: Mapped[str] = mapped_column(default="", server_default="")
    prompt: Mapped[str] = mapped_column(default="", server_default="")
    model: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(
        default=ArtifactStatus.PLANNED, server_default=ArtifactStatus.PLANNED
    )
    prediction_id: Mapped[str | None] = mapped_column(default=None, unique=True)
    error: Mapped[str | None] = mapped_column(default=None)
    cost_usd: Mapped[float | None] = mapped_column(Numeric(12, 6, asdecimal=False), default=None)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class GeneratedAsset(Keyed, Base, kw_only=True):
    """A stored file of a picture."""

    __tablename__ = "generated_assets"
    __table_args__ = (
        CheckConstraint("kind IN ('image', 'thumbnail')", name="kind"),
        UniqueConstraint("artifact_id", "kind"),
    )

    artifact_id: Mapped[UUID] = mapped_column(ForeignKey("prompt_artifacts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    storage_key: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())


class CharacterImage(Keyed, Base, kw_only=True):
    """A picture in a character's gallery; at most one of them is selected."""

    __tablename__ = "character_images"
    __table_args__ = (
        Index(
            "uq_character_images_character_id_selected",
            "character_id",
            unique=True,
            postgresql_where=text("is_selected"),
        ),
        Index("ix_character_images_character_id_created_at", "character_id", "created_at"),
    )

    character_id: Mapped[UUID] = mapped_column(ForeignKey("characters.id", ondelete="CASCADE"))
    artifact_id: Mapped[UUID] = mapped_column(
        ForeignKey("prompt_artifacts.id", ondelete="CASCADE"), unique=True
    )
    is_selected: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
