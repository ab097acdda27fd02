"""Photos of personalities."""

from datetime import datetime
from uuid import UUID

from pgvector.sqlalchemy import BIT, Vector
from sqlalchemy import DateTime, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed

# The most dimensions of any embedder; shorter vectors are zero-padded, which keeps their angles.
PHOTO_DIMENSIONS = 1152
HASH_BITS = 256


class Photo(Keyed, Base, kw_only=True):
    """A photo that its personality may post once.

    `sha256` is of the imported file, `size` in bytes of the stored one. `taken_at` is the camera's
    local time, without a time zone. `is_made` is set for AI-generated images.
    """

    __tablename__ = "photos"
    __table_args__ = (
        Index("ix_photos_added_by", "added_by", postgresql_where=text("added_by IS NOT NULL")),
        UniqueConstraint("personality_id", "sha256"),
        Index("ix_photos_personality_id_created_at", "personality_id", "created_at"),
        Index(
            "ix_photos_embedding",
            "embedding",
            postgresql_using="hnsw",
            postgresql_ops={"embedding": "vector_cosine_ops"},
        ),
        Index("ix_photos_embedding_model", "embedding_model"),
    )

    personality_id: Mapped[UUID] = mapped_column(ForeignKey("personalities.id", ondelete="CASCADE"))
    storage_key: Mapped[str] = mapped_column(unique=True)
    thumbnail_key: Mapped[str] = mapped_column(unique=True)
    file_name: Mapped[str]
    sha256: Mapped[str]
    perceptual_hash: Mapped[str] = mapped_column(BIT(HASH_BITS))
    size: Mapped[int]
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(), default=None)
    is_ai_generated: Mapped[bool] = mapped_column(default=False, server_default="false")
    alt_text: Mapped[str] = mapped_column(default="", server_default="")
    # Large, so it is loaded only on demand.
    embedding: Mapped[list[float] | None] = mapped_column(
        Vector(PHOTO_DIMENSIONS), default=None, deferred=True
    )
    embedding_model: Mapped[str | None] = mapped_column(default=None)
    added_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), default=None
    )
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
