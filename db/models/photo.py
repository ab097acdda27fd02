"""Photos in the library of a personality."""

from datetime import datetime
from uuid import UUID

from pgvector.sqlalchemy import BIT, Vector
from sqlalchemy import DateTime, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed

# The longest vector of an embedder; shorter ones end in zeros, which changes no angle.
PHOTO_DIMENSIONS = 1152
HASH_BITS = 256


class Photo(Keyed, Base, kw_only=True):
    """A picture that its personality may post, once.

    `sha256` is of the file that was imported, `size` in bytes of what is kept of it. `taken_at` is
    what the camera's clock showed, which knows no zone. `is_made` says that a machine made it.
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
    # A thousand numbers, which nobody wants to read with each photo of a library.
    embedding: Mapped[list[float] | None] = mapped_column(
        Vector(PHOTO_DIMENSIONS), default=None, deferred=True
    )
    embedding_model: Mapped[str | None] = mapped_column(default=None)
    added_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), default=None
    )
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
